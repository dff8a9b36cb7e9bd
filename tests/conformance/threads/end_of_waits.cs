using System;
using System.Threading;

// Thread.Abort and Thread.Interrupt end each kind of wait, where the thread waits. An abort does not end a wait in
// a finally block: it is thrown behind it.
static class Program
{
    delegate void Wait(object it);

    static readonly ManualResetEvent never = new ManualResetEvent(false);
    static readonly Thread sleeper = new Thread(() => Thread.Sleep(Timeout.Infinite)) { IsBackground = true };

    static void Enter(object it) { Monitor.Enter(it); Monitor.Exit(it); }
    static void LockStatement(object it) { lock (it) Console.WriteLine("inside"); }
    static void TryEnter(object it) { bool taken = false; Monitor.TryEnter(it, 100000, ref taken); Console.WriteLine("taken " + taken); }
    static void Synchronized(object it) { ((Locked)it).Work(); }
    static void Sleep(object it) { Thread.Sleep(Timeout.Infinite); }
    static void Join(object it) { sleeper.Join(); }
    static void WaitOne(object it) { never.WaitOne(); }
    static void WaitAny(object it) { WaitHandle.WaitAny(new WaitHandle[] { never, new AutoResetEvent(false) }, 100000); }
    static void WaitAll(object it) { WaitHandle.WaitAll(new WaitHandle[] { never, new AutoResetEvent(false) }); }
    static void Pulse(object it) { var mine = new object(); lock (mine) Monitor.Wait(mine); }

    class Locked
    {
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.Synchronized)]
        public void Work() { Console.WriteLine("inside"); }
    }

    static void Until(Thread thread, ThreadState state)
    {
        while ((thread.ThreadState & state) == 0) Thread.Sleep(1);
        // The state is set a moment before the wait begins.
        Thread.Sleep(5);
    }

    static void Try(string name, Wait wait, bool abort)
    {
        var it = new Locked();
        string how = "nothing";
        var thread = new Thread(() =>
        {
            try { wait(it); }
            catch (ThreadAbortException) { how = "aborted"; Thread.ResetAbort(); }
            catch (ThreadInterruptedException) { how = "interrupted"; }
            catch (Exception e) { how = e.GetType().Name; }
        });
        lock (it)
        {
            thread.Start();
            Until(thread, ThreadState.WaitSleepJoin);
            if (abort) thread.Abort(); else thread.Interrupt();
            thread.Join();
        }
        Console.WriteLine(name + ": " + how);
        Console.WriteLine("free again: " + Free(it));
    }

    static bool Free(object it)
    {
        bool free = false;
        var thread = new Thread(() => { free = Monitor.TryEnter(it); if (free) Monitor.Exit(it); });
        thread.Start();
        thread.Join();
        return free;
    }

    // The waits in the finally block go on until what they wait for is there.
    static void InFinally(string name, Wait wait, Action release)
    {
        var it = new object();
        string steps = "";
        var inside = new ManualResetEvent(false);
        var thread = new Thread(() =>
        {
            try
            {
                try { }
                finally { inside.Set(); wait(it); steps += "waited "; }
                // A loop, because an abort comes at a poll.
                for (; ; ) Thread.Sleep(1);
            }
            catch (ThreadAbortException) { steps += "aborted"; Thread.ResetAbort(); }
        });
        Monitor.Enter(it);
        thread.Start();
        inside.WaitOne();
        Until(thread, ThreadState.WaitSleepJoin);
        // Under Mono the call itself may wait for the end of the finally block.
        var aborter = new Thread(() => thread.Abort());
        aborter.Start();
        Thread.Sleep(30);
        steps += "still ";
        Monitor.Exit(it);
        release();
        thread.Join();
        aborter.Join();
        Console.WriteLine(name + ": " + steps);
    }

    static void Main()
    {
        sleeper.Start();
        foreach (bool abort in new[] { true, false })
        {
            Try("enter", Enter, abort);
            Try("lock", LockStatement, abort);
            Try("try", TryEnter, abort);
            Try("synchronized", Synchronized, abort);
            Try("sleep", Sleep, abort);
            Try("join", Join, abort);
            Try("one", WaitOne, abort);
            Try("any", WaitAny, abort);
            Try("all", WaitAll, abort);
            Try("pulse", Pulse, abort);
        }
        InFinally("enter in finally", Enter, () => { });
        var go = new ManualResetEvent(false);
        InFinally("event in finally", it => go.WaitOne(), () => go.Set());
        var end = new ManualResetEvent(false);
        var other = new Thread(() => end.WaitOne());
        other.Start();
        InFinally("join in finally", it => other.Join(), () => end.Set());
        object pulsed = new object();
        InFinally("pulse in finally", it => { lock (pulsed) Monitor.Wait(pulsed); }, () => { lock (pulsed) Monitor.Pulse(pulsed); });

        // An interruption before the wait ends the next wait.
        Thread.CurrentThread.Interrupt();
        try { Thread.Sleep(0); Thread.Sleep(10); Console.WriteLine("not interrupted"); }
        catch (ThreadInterruptedException) { Console.WriteLine("interrupted later"); }
    }
}
