// Delegates called on another thread: results, by-reference arguments, exceptions, callbacks, misuse.
using System;
using System.Runtime.Remoting.Messaging;
using System.Threading;

struct Pair
{
    public int A;
    public long B;
}

class Program
{
    delegate int Mixed(int number, string text, ref long total, out Pair pair);
    delegate T Generic<T>(T value);

    static int Work(int number, string text, ref long total, out Pair pair)
    {
        total += number;
        pair = new Pair { A = number, B = total };
        return text.Length;
    }

    static void Fail(int code)
    {
        throw new InvalidOperationException("code " + code);
    }

    static void Main()
    {
        Mixed mixed = Work;
        long total = 40;
        Pair pair;
        IAsyncResult started = mixed.BeginInvoke(2, "four", ref total, out pair, null, "state");
        int length = mixed.EndInvoke(ref total, out pair, started);
        Console.WriteLine("{0} {1} {2} {3}", length, total, pair.A, pair.B);
        Console.WriteLine("{0} {1} {2}", started.AsyncState, started.IsCompleted, started.CompletedSynchronously);

        Action<int> fail = Fail;
        IAsyncResult failing = fail.BeginInvoke(7, null, null);
        try { fail.EndInvoke(failing); }
        catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
        try { fail.EndInvoke(failing); }
        catch (InvalidOperationException) { Console.WriteLine("only once"); }

        Generic<string> same = value => value + "!";
        var called = new ManualResetEvent(false);
        string fromCallback = null;
        same.BeginInvoke("call", result =>
        {
            var own = (Generic<string>)((AsyncResult)result).AsyncDelegate;
            fromCallback = own.EndInvoke(result) + result.AsyncState;
            called.Set();
        }, 5);
        called.WaitOne();
        Console.WriteLine(fromCallback);

        Generic<double> half = value => value / 2;
        IAsyncResult waited = half.BeginInvoke(5, null, null);
        Console.WriteLine(waited.AsyncWaitHandle.WaitOne());
        Console.WriteLine(half.EndInvoke(waited));

        Action two = () => { };
        two += () => { };
        try { two.BeginInvoke(null, null); }
        catch (ArgumentException e) { Console.WriteLine(e.Message); }
        try { half.EndInvoke(failing); }
        catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
    }
}
