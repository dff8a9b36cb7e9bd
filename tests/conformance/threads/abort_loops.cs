// Thread.Abort of threads that compute, that sleep, wait and hold locks.
using System;
using System.Threading;

class Program
{
    static volatile bool started;
    static volatile int counter;
    static readonly object gate = new object();

    static void Spin()
    {
        try
        {
            started = true;
            while (true) counter++;
        }
        catch (ThreadAbortException e)
        {
            Console.WriteLine("caught " + e.GetType().Name + " state " + (e.ExceptionState ?? "null"));
        }
        finally { Console.WriteLine("finally"); }
        Console.WriteLine("not reached: rethrown at the end of the catch");
    }

    static void SpinCalls()
    {
        started = true;
        try { for (long i = 0; ; i++) counter = Next((int)i); }
        finally { Console.WriteLine("finally of calls"); }
    }
    static int Next(int i) { return i % 7 == 0 ? i / 7 : i + 1; }

    static void Sleeper() { try { started = true; Thread.Sleep(100000); } finally { Console.WriteLine("woken"); } }

    static void Waiter() { lock (gate) { started = true; try { Monitor.Wait(gate); } finally { Console.WriteLine("waiter leaves"); } } }

    static void Resetter()
    {
        started = true;
        try { while (true) counter++; }
        catch (ThreadAbortException) { Thread.ResetAbort(); }
        Console.WriteLine("goes on, " + Thread.CurrentThread.ThreadState);
    }

    static void InFinally()
    {
        try { }
        finally
        {
            started = true;
            int until = Environment.TickCount + 300;
            while (Environment.TickCount - until < 0) counter++;
            Console.WriteLine("a finally is not interrupted");
        }
        for (;;) counter++;
    }

    static void Locker() { lock (gate) { started = true; while (true) counter++; } }

    static void Abort(ThreadStart body, object state = null)
    {
        started = false;
        var t = new Thread(body);
        t.Start();
        while (!started) Thread.Sleep(1);
        Thread.Sleep(20);
        if (state == null) t.Abort(); else t.Abort(state);
        t.Join();
        Console.WriteLine(body.Method.Name + " " + t.IsAlive + " " + t.ThreadState);
    }

    static void Main()
    {
        Abort(Spin);
        Abort(Spin, "reason");
        Abort(SpinCalls);
        Abort(Sleeper);
        Abort(Waiter);
        Abort(Resetter);
        Abort(InFinally);
        Abort(Locker);
        Console.WriteLine(Monitor.TryEnter(gate));
        try { Thread.CurrentThread.Abort("me"); }
        catch (ThreadAbortException e) { Console.WriteLine("self " + e.ExceptionState); Thread.ResetAbort(); }
        var unstarted = new Thread(Spin);
        unstarted.Abort();
        Console.WriteLine(unstarted.ThreadState);
    }
}
