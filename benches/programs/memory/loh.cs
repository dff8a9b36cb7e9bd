// Large arrays come and go: 85 KB to 1.3 MB, sixteen alive, every page of each written.
using System;

static class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]);
        var alive = new byte[16][];
        uint random = 12345;
        long sum = 0;
        for (int i = 0; i < rounds; i++) {
            random = random * 1664525 + 1013904223;
            int size = 85000 + (int)(random >> 12);
            var block = new byte[size];
            for (int at = 0; at < size; at += 4096) block[at] = (byte)(at >> 12);
            int slot = (int)(random >> 8 & 15);
            if (alive[slot] != null) sum += alive[slot].Length + alive[slot][4096];
            alive[slot] = block;
        }
        Console.WriteLine("sum " + sum);
    }
}
