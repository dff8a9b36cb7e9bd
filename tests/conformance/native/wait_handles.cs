// Events, mutexes, semaphores, interlocked operations, timers, the pool.
using System;
using System.Threading;

class WaitHandles
{
    static void Show(Action action)
    {
        try { action(); } catch (Exception e) { Console.WriteLine(e.GetType().Name); }
    }

    static void Main()
    {
        var manual = new ManualResetEvent(false);
        var auto = new AutoResetEvent(true);
        Console.WriteLine(auto.WaitOne(0) + " " + auto.WaitOne(0) + " " + manual.WaitOne(10));
        manual.Set();
        Console.WriteLine(WaitHandle.WaitAny(new WaitHandle[] { auto, manual }) + " " + WaitHandle.WaitAny(new WaitHandle[] { auto }, 0));
        auto.Set();
        Console.WriteLine(WaitHandle.WaitAll(new WaitHandle[] { auto, manual }, 0));

        var mutex = new Mutex(true);
        mutex.WaitOne();
        mutex.ReleaseMutex();
        mutex.ReleaseMutex();
        Show(() => mutex.ReleaseMutex());
        var semaphore = new Semaphore(1, 2);
        Console.WriteLine(semaphore.Release());
        Show(() => semaphore.Release());
        bool created;
        using (new Mutex(false, "ferrocil_case", out created))
        {
            Console.WriteLine(created);
            using (new Mutex(false, "ferrocil_case", out created)) Console.WriteLine(created);
        }
        Show(() => Mutex.OpenExisting("ferrocil_no_such"));
        manual.Close();
        Show(() => manual.WaitOne());

        int x = 5;
        Console.WriteLine(Interlocked.Exchange(ref x, 7) + " " + Interlocked.CompareExchange(ref x, 9, 7) + " " + x);
        Console.WriteLine(Interlocked.Add(ref x, 3) + " " + Interlocked.Decrement(ref x));
        object o = null;
        Console.WriteLine(Interlocked.CompareExchange(ref o, "s", null) == null);
        double d = 1.5;
        Console.WriteLine(Interlocked.Exchange(ref d, 2.5) + " " + d + " " + o);

        var signal = new AutoResetEvent(false);
        int result = 0;
        var thread = new Thread(() => { signal.WaitOne(); result = 42; });
        thread.Start();
        signal.Set();
        thread.Join();
        Console.WriteLine(result);

        Mutex abandoned = new Mutex();
        thread = new Thread(() => abandoned.WaitOne());
        thread.Start();
        thread.Join();
        Show(() => abandoned.WaitOne());

        var count = new CountdownEvent(2);
        ThreadPool.QueueUserWorkItem(_ => count.Signal());
        count.Signal();
        Console.WriteLine(count.Wait(5000));
        using (new Timer(_ => signal.Set(), null, 5, Timeout.Infinite)) Console.WriteLine(signal.WaitOne(5000));
    }
}
