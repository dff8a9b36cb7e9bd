// How long the program stands still. One thread works in small steps over a table of the given
// number of megabytes, replacing parts of it, and reads a clock after each step. What a step takes
// beyond the usual is a pause. Two clocks: this thread's CPU time (what the collector does in the
// thread that allocates; a busy machine does not show) and the time of the wall (everything).
// Results go to standard error; "measured NAME VALUE" is read by `cargo xtask bench`.
using System;
using System.Diagnostics;
using System.Runtime.InteropServices;

sealed class Item {
    public Item Next;
    public long A, B;
    public readonly byte[] Body = new byte[64];
}

struct Clock {
    long seconds, nanoseconds;
    [DllImport("libc.so.6")]
    static extern int clock_gettime(int clock, out Clock now);
    const int ThreadCpu = 3;
    public static double Microseconds() {
        Clock now;
        clock_gettime(ThreadCpu, out now);
        return now.seconds * 1e6 + now.nanoseconds * 1e-3;
    }
}

// Counts of pauses by length: a quarter of an octave each. What is shorter than 0.1 ms is not counted:
// steps differ by that much without any collection.
sealed class Pauses {
    const int Parts = 4;
    const double Shortest = 100;
    readonly string name;
    readonly int[] counts = new int[100];
    int count;
    double longest, total;
    public Pauses(string name) { this.name = name; }

    public void Add(double microseconds) {
        if (microseconds < Shortest) return;
        count++;
        total += microseconds;
        if (microseconds > longest) longest = microseconds;
        int at = (int)Math.Ceiling(Math.Log(microseconds, 2) * Parts);
        counts[Math.Min(at, counts.Length - 1)]++;
    }

    public void Tell() {
        Tell("count", count);
        Tell("longest-us", longest);
        Tell("total-us", total);
        int above = 0, at = counts.Length - 1;
        for (; at > 0; at--) {
            above += counts[at];
            if (above * 100 > count) break;
        }
        Tell("p99-us", Math.Min(longest, Edge(at)));
        for (int i = 0; i < counts.Length; i++)
            if (counts[i] != 0) Tell("upto-" + ((int)Edge(i)), counts[i]);
    }

    static double Edge(int at) { return Math.Pow(2, (double)at / Parts); }
    void Tell(string what, double value) {
        Console.Error.WriteLine("measured " + name + "-" + what + " " + value.ToString("F0"));
    }
}

static class Program {
    // 64 bytes of body and about 64 of headers and fields.
    const int ItemsPerMegabyte = 8192;

    static long Step(Item[] table, ref uint random, int work) {
        long sum = 0;
        for (int i = 0; i < work; i++) {
            random = random * 1664525 + 1013904223;
            int at = (int)((random >> 8) % (uint)table.Length);
            var item = new Item();
            item.A = random;
            // Of eight new items one stays, in place of an old one; the others die young.
            if ((random >> 4 & 7) == 0) {
                Item other = table[(at + 1) % table.Length];
                item.Next = other;
                other.Next = null;
                table[at] = item;
            }
            sum += table[at].A & 1;
        }
        return sum;
    }

    static void Main(string[] args) {
        int megabytes = int.Parse(args[0]), steps = int.Parse(args[1]);
        var table = new Item[megabytes * ItemsPerMegabyte];
        for (int i = 0; i < table.Length; i++) table[i] = new Item();
        uint random = 42;
        long sum = 0;
        // The code is compiled before anything is measured.
        for (int i = 0; i < steps / 4; i++) sum += Step(table, ref random, 40);
        var cpu = new Pauses("cpu");
        var wall = new Pauses("wall");
        var usual = new double[1000];
        for (int i = 0; i < usual.Length; i++) {
            double begin = Clock.Microseconds();
            sum += Step(table, ref random, 40);
            usual[i] = Clock.Microseconds() - begin;
        }
        Array.Sort(usual);
        double median = usual[usual.Length / 2];
        double tick = 1e6 / Stopwatch.Frequency;
        double lastCpu = Clock.Microseconds();
        long lastWall = Stopwatch.GetTimestamp();
        for (int i = 0; i < steps; i++) {
            sum += Step(table, ref random, 40);
            double nowCpu = Clock.Microseconds();
            long nowWall = Stopwatch.GetTimestamp();
            cpu.Add(nowCpu - lastCpu - median);
            wall.Add((nowWall - lastWall) * tick - median);
            lastCpu = nowCpu;
            lastWall = nowWall;
        }
        cpu.Tell();
        wall.Tell();
        Console.WriteLine("sum " + sum);
    }
}
