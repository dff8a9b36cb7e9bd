// Monitor.Enter, Exit and the lock statement: errors, recursion, hashed and contended objects.
using System;
using System.Runtime.CompilerServices;
using System.Threading;

class Program
{
    static void Try(string what, Action action)
    {
        try { action(); Console.WriteLine("{0}: fine", what); }
        catch (Exception e) { Console.WriteLine("{0}: {1} {2}", what, e.GetType().Name, (e as ArgumentException)?.ParamName); }
    }

    static int Nested(object o, int depth)
    {
        lock (o) { return depth == 0 ? 0 : 1 + Nested(o, depth - 1); }
    }

    [MethodImpl(MethodImplOptions.Synchronized)]
    static int Synchronized(int depth) { return depth == 0 ? 0 : 1 + Synchronized(depth - 1); }

    static bool Held(object o) { return Monitor.IsEntered(o); }

    static void Main()
    {
        var o = new object();
        Try("enter null", () => Monitor.Enter(null));
        Try("exit null", () => Monitor.Exit(null));
        Try("exit free", () => Monitor.Exit(o));
        bool taken = false;
        Try("enter null with flag", () => Monitor.Enter(null, ref taken));
        Console.WriteLine(taken);
        Try("enter with flag", () => Monitor.Enter(o, ref taken));
        Console.WriteLine("{0} {1}", taken, Held(o));
        Try("flag is set", () => Monitor.Enter(o, ref taken));
        Console.WriteLine("{0} {1}", taken, Held(o));
        Try("exit", () => Monitor.Exit(o));
        Console.WriteLine(Held(o));
        Try("exit again", () => Monitor.Exit(o));
        Try("lock null", () => { object none = null; lock (none) { Console.WriteLine("not here"); } });

        // Hashed before and while locked; the hash stays.
        var hashed = new object();
        int hash = hashed.GetHashCode();
        lock (hashed) { Console.WriteLine(hash == hashed.GetHashCode()); }
        var later = new object();
        lock (later) { hash = later.GetHashCode(); Console.WriteLine(Held(later)); }
        Console.WriteLine("{0} {1}", Held(later), hash == later.GetHashCode());

        // More levels than a thin lock counts.
        Console.WriteLine(Nested(new object(), 2500));
        Console.WriteLine(Synchronized(1500));

        // Another thread's lock is not ours.
        var other = new object();
        var ready = new ManualResetEvent(false);
        var go = new ManualResetEvent(false);
        var holder = new Thread(() => { lock (other) { ready.Set(); go.WaitOne(); } });
        holder.Start();
        ready.WaitOne();
        Try("exit of another's", () => Monitor.Exit(other));
        Console.WriteLine("{0} {1}", Monitor.TryEnter(other), Monitor.TryEnter(other, 10));
        go.Set();
        lock (other) { Console.WriteLine("ours now"); }
        holder.Join();

        // Contended.
        int count = 0;
        var gate = new object();
        var threads = new Thread[4];
        for (int n = 0; n < threads.Length; n++)
        {
            threads[n] = new Thread(() => { for (int i = 0; i < 20000; i++) lock (gate) { count++; } });
            threads[n].Start();
        }
        foreach (var t in threads) t.Join();
        Console.WriteLine(count);

        // An exception leaves the lock.
        Try("thrown", () => { lock (gate) { throw new InvalidOperationException(); } });
        Console.WriteLine(Held(gate));
        Action<object> enter = Monitor.Enter, exit = Monitor.Exit;
        enter(gate); Console.WriteLine(Held(gate)); exit(gate); Console.WriteLine(Held(gate));
    }
}
