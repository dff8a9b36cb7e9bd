// Protected code that a constant condition leaves out, in methods with loops: its handlers use
// values that go with it.
using System;
using System.Buffers;
using System.Collections.Generic;

class Log
{
    public static bool Enabled() { return false; }
}

class Res : IDisposable
{
    public int Uses;
    public void Dispose() { Console.WriteLine("disposed after " + Uses); }
}

class Program
{
    static Res Make() { return new Res(); }

    static int Using(int n)
    {
        int sum = 0;
        for (int i = 0; i < n; i++) sum += i;
        if (Log.Enabled())
        {
            using (var r = Make()) { r.Uses = sum; sum += r.GetHashCode(); }
        }
        return sum;
    }

    static int Catching(int n, Exception seen)
    {
        int sum = 0;
        for (int i = 0; i < n; i++)
        {
            if (Log.Enabled())
            {
                var r = Make();
                try { r.Uses = sum / i; }
                catch (DivideByZeroException e) { seen = e; sum += r.Uses; }
                finally { r.Dispose(); }
            }
            sum += i;
        }
        return sum + (seen == null ? 0 : 1);
    }

    static int Nested(int n)
    {
        int sum = 0;
        try
        {
            for (int i = 0; i < n; i++)
            {
                if (Log.Enabled())
                {
                    var r = Make();
                    try { sum += r.Uses; } finally { r.Dispose(); }
                }
                sum += 100 / (n - 1 - i);
            }
        }
        catch (DivideByZeroException)
        {
            Console.WriteLine("divided");
            sum = -sum;
        }
        return sum;
    }

    static int Foreach(int n)
    {
        int sum = 0;
        for (int i = 0; i < n; i++) sum += i;
        if (Log.Enabled())
            foreach (int x in (IEnumerable<int>)new int[n]) sum += x;
        return sum;
    }

    static void Main()
    {
        Console.WriteLine(Using(5));
        Console.WriteLine(Catching(5, null));
        Console.WriteLine(Nested(5));
        Console.WriteLine(Foreach(5));
        // Corlib's pool of arrays does the same in the callback that trims it after a collection.
        for (int i = 0; i < 50; i++)
        {
            var a = ArrayPool<byte>.Shared.Rent(100 + i * 10);
            ArrayPool<byte>.Shared.Return(a);
            if (i % 10 == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        Console.WriteLine("trimmed");
    }
}
