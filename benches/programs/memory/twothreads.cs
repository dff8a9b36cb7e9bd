// Two threads allocate at the same time; each keeps a window of lists and drops the rest.
using System;
using System.Threading;

sealed class Cell {
    public readonly Cell Next;
    public readonly object Value;
    public Cell(object value, Cell next) { Value = value; Next = next; }
}

sealed class Worker {
    readonly int rounds, seed;
    public long Sum;
    public Worker(int rounds, int seed) { this.rounds = rounds; this.seed = seed; }

    public void Run() {
        var window = new Cell[2000];
        uint random = (uint)seed;
        for (int i = 0; i < rounds; i++) {
            random = random * 1664525 + 1013904223;
            Cell list = null;
            for (int k = 0; k < 24; k++) list = new Cell(k % 6 == 0 ? (object)k : null, list);
            int slot = (int)(random >> 16) % window.Length;
            for (Cell c = window[slot]; c != null; c = c.Next)
                if (c.Value is int) Sum += (int)c.Value;
            window[slot] = list;
        }
    }
}

static class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]);
        var workers = new[] { new Worker(rounds, 1), new Worker(rounds, 77) };
        var threads = new Thread[workers.Length];
        for (int i = 0; i < threads.Length; i++) {
            threads[i] = new Thread(workers[i].Run);
            threads[i].Start();
        }
        foreach (Thread thread in threads) thread.Join();
        Console.WriteLine(workers[0].Sum + " " + workers[1].Sum);
    }
}
