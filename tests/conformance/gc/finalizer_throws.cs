// An exception that a finalizer lets out ends the process, as one of any other thread does.
using System;
using System.Threading;

class Bad { ~Bad() { Console.WriteLine("finalizing"); throw new InvalidOperationException("from a finalizer"); } }

class Caught { ~Caught() { try { throw new Exception("inside"); } catch (Exception e) { Console.WriteLine("caught " + e.Message); } } }

class Program
{
    static void InThread(Action a)
    {
        var t = new Thread(() => a());
        t.Start();
        t.Join();
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    static void Main()
    {
        AppDomain.CurrentDomain.UnhandledException += (s, e) =>
        {
            Console.WriteLine("unhandled " + e.ExceptionObject.GetType().Name + " " + e.IsTerminating);
            // Without this, Mono ends with 255 here, and with 1 for other threads.
            Environment.Exit(3);
        };
        InThread(() => new Caught());
        InThread(() => new Bad());
        Thread.Sleep(Timeout.Infinite);
    }
}
