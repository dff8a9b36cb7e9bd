// Threads: parameters, names, joins with time limits, background, culture-free state, exceptions caught inside, interrupt, local data, many at once.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

static class Program
{
    static readonly object gate = new object();
    static ThreadLocal<int> local = new ThreadLocal<int>(() => 100, true);
    static AsyncLocal<string> flow = new AsyncLocal<string>();

    static void Main()
    {
        string got = null; var t = new Thread(o => got = "param " + o + " " + Thread.CurrentThread.Name + " " + Thread.CurrentThread.IsBackground) { Name = "worker", IsBackground = true }; Console.WriteLine(t.ThreadState + " " + t.IsAlive); t.Start(5); t.Join(); Console.WriteLine(got + " " + t.IsAlive + " " + ((t.ThreadState & ThreadState.Stopped) != 0));
        try { t.Start(); } catch (ThreadStateException) { Console.WriteLine("cannot start again"); }
        var wait = new ManualResetEvent(false); var slow = new Thread(() => wait.WaitOne()); slow.Start(); Console.WriteLine(slow.Join(20)); wait.Set(); Console.WriteLine(slow.Join(5000));
        var sleeper = new Thread(() => { try { Thread.Sleep(20000); } catch (ThreadInterruptedException) { Console.WriteLine("interrupted"); } }); sleeper.Start(); Thread.Sleep(20); sleeper.Interrupt(); sleeper.Join();
        int total = 0; var many = Enumerable.Range(0, 40).Select(i => new Thread(() => { local.Value += i; lock (gate) total += local.Value; })).ToList(); many.ForEach(x => x.Start()); many.ForEach(x => x.Join()); Console.WriteLine(total + " " + local.Values.Count);
        flow.Value = "outer"; string seen = null; var ft = new Thread(() => { seen = flow.Value; flow.Value = "inner"; }); ft.Start(); ft.Join(); Console.WriteLine(seen + " " + flow.Value);
        int turns = 0; bool mine = false; var ping = new Thread(() => { for (int i = 0; i < 50; i++) lock (gate) { while (!mine) Monitor.Wait(gate); mine = false; turns++; Monitor.PulseAll(gate); } }); ping.Start(); for (int i = 0; i < 50; i++) lock (gate) { while (mine) Monitor.Wait(gate); mine = true; Monitor.PulseAll(gate); } ping.Join(); Console.WriteLine(turns);
        lock (gate) { Console.WriteLine(Monitor.Wait(gate, 5) + " " + Monitor.IsEntered(gate)); } try { Monitor.Exit(gate); } catch (SynchronizationLockException) { Console.WriteLine("not owner"); } try { Monitor.Pulse(gate); } catch (SynchronizationLockException) { Console.WriteLine("not owner"); }
        var rw = new ReaderWriterLockSlim(); int data = 0; var rws = Enumerable.Range(0, 6).Select(i => new Thread(() => { for (int k = 0; k < 100; k++) if (i % 3 == 0) { rw.EnterWriteLock(); data++; rw.ExitWriteLock(); } else { rw.EnterReadLock(); var x = data; rw.ExitReadLock(); } })).ToList(); rws.ForEach(x => x.Start()); rws.ForEach(x => x.Join()); Console.WriteLine(data);
        var bar = new Barrier(3); int phase = 0; var bs = Enumerable.Range(0, 3).Select(_ => new Thread(() => { for (int i = 0; i < 4; i++) { Interlocked.Increment(ref phase); bar.SignalAndWait(); } })).ToList(); bs.ForEach(x => x.Start()); bs.ForEach(x => x.Join()); Console.WriteLine(phase + " " + bar.CurrentPhaseNumber);
        var cd = new CountdownEvent(5); for (int i = 0; i < 5; i++) ThreadPool.QueueUserWorkItem(_ => cd.Signal()); Console.WriteLine(cd.Wait(5000)); var lz = new Lazy<string>(() => "lazy" + Interlocked.Increment(ref phase)); Console.WriteLine(lz.Value + lz.Value);
        using (var mutex = new Mutex()) { mutex.WaitOne(); mutex.WaitOne(); bool other = true; var mt = new Thread(() => other = mutex.WaitOne(10)); mt.Start(); mt.Join(); mutex.ReleaseMutex(); mutex.ReleaseMutex(); Console.WriteLine(other); }
        var handles = new WaitHandle[] { new AutoResetEvent(false), new ManualResetEvent(true), new Semaphore(0, 1) }; Console.WriteLine(WaitHandle.WaitAny(handles) + " " + WaitHandle.WaitAll(new[] { handles[1] }, 5) + " " + WaitHandle.WaitAny(new[] { handles[0], handles[2] }, 5));
    }
}
