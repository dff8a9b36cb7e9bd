// Objects of three words die at once: 32 bytes with ferrocil's header of one word, 40 with two.
// "measured NAME VALUE" on standard error is read by `cargo xtask bench`.
using System;
using System.Runtime.InteropServices;

sealed class Small {
    public Small Other;
    public long A, B;
}

struct Clock {
    long seconds, nanoseconds;
    [DllImport("libc.so.6")]
    static extern int clock_gettime(int clock, out Clock now);
    const int ThreadCpu = 3;
    public static double Nanoseconds() {
        Clock now;
        clock_gettime(ThreadCpu, out now);
        return now.seconds * 1e9 + now.nanoseconds;
    }
}

static class Program {
    static Small kept;

    static Small Make(int count) {
        Small last = null;
        for (int i = 0; i < count; i++) {
            last = new Small();
            last.A = i;
        }
        return last;
    }

    static void Main(string[] args) {
        int count = int.Parse(args[0]);
        for (int i = 0; i < 20; i++) kept = Make(count / 200);
        double best = double.MaxValue;
        for (int i = 0; i < 10; i++) {
            double begin = Clock.Nanoseconds();
            kept = Make(count / 10);
            best = Math.Min(best, (Clock.Nanoseconds() - begin) / (count / 10));
        }
        Console.Error.WriteLine("measured ns-per-object " + best.ToString("F2"));
        Console.WriteLine("last " + kept.A);
    }
}
