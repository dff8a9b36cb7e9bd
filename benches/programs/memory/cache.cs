// A cache in a Dictionary: 200,000 entries, each step replaces one at random.
using System;
using System.Collections.Generic;

sealed class Entry {
    public readonly string Name;
    public readonly byte[] Data;
    public long Uses;
    public Entry(string name, int size) { Name = name; Data = new byte[size]; }
}

static class Program {
    static void Main(string[] args) {
        int steps = int.Parse(args[0]);
        const int Room = 200000;
        var cache = new Dictionary<int, Entry>();
        var keys = new int[Room];
        uint random = 99;
        long hits = 0, uses = 0;
        int made = 0;
        for (int i = 0; i < steps; i++) {
            random = random * 1664525 + 1013904223;
            int key = (int)(random >> 8) % 1000000;
            Entry entry;
            if (cache.TryGetValue(key, out entry)) {
                entry.Uses++;
                hits++;
                continue;
            }
            int slot = made++ % Room;
            if (cache.Count >= Room) {
                Entry old;
                if (cache.TryGetValue(keys[slot], out old)) uses += old.Uses + old.Data.Length;
                cache.Remove(keys[slot]);
            }
            keys[slot] = key;
            cache[key] = new Entry("entry " + key, 16 + key % 48);
        }
        Console.WriteLine(cache.Count + " entries, " + hits + " hits, " + uses);
    }
}
