// Threads that use the same methods for the first time at the same moment: calls and delegates.
using System;
using System.Threading;

struct Wrap<T> { public T Value; public int Depth; }

class Program
{
    const int Threads = 4;
    static int failures, calls;

    class Target<T>
    {
        int count;
        public void Loop() { for (int i = 0; i < 3; i++) count++; Interlocked.Add(ref calls, count); }
        public Action Own() { return new Action(Loop); }
        public static Action Static() { return new Action(Body); }
        static void Body() { for (int i = 0; i < 2; i++) Interlocked.Increment(ref calls); }
    }

    static void Race<T>()
    {
        var barrier = new Barrier(Threads);
        var threads = new Thread[Threads];
        for (int i = 0; i < Threads; i++)
        {
            threads[i] = new Thread(() =>
            {
                barrier.SignalAndWait();
                try
                {
                    var target = new Target<T>();
                    target.Loop();
                    target.Own()();
                    Target<T>.Static()();
                }
                catch (Exception e)
                {
                    Interlocked.Increment(ref failures);
                    Console.WriteLine(e.Message);
                }
            });
            threads[i].Start();
        }
        foreach (var thread in threads) thread.Join();
    }

    static void Go<T>(int depth)
    {
        Race<T>();
        if (depth > 0) Go<Wrap<T>>(depth - 1);
    }

    static void Main()
    {
        Go<int>(40);
        Go<string>(0);
        Console.WriteLine(failures + " " + calls);
    }
}
