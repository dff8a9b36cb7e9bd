// Precise initialisers run once, at the first access, whatever thread comes first.
using System;
using System.Threading;

class Slow
{
    public static int Runs;
    public static int Value;
    static Slow() { Interlocked.Increment(ref Runs); Thread.Sleep(30); Value = 42; }
    public static int Read() { return Value; }
}

class A { public static int X = B.Y + 1; public static void Touch() { } static A() { } }
class B { public static int Y = A.X + 1; public static void Touch() { } static B() { } }

class Failing
{
    public static int Tries;
    static Failing() { Tries++; throw new InvalidOperationException("cannot start"); }
    public static void Use() { }
    public int Field;
}

class Generic<T>
{
    public static int Runs;
    public static readonly string Name = Note();
    static string Note() { Program.Log.Add(typeof(T).Name); return typeof(T).Name; }
    static Generic() { Runs++; }
    public static void Touch() { }
}

struct Value
{
    public static int Made;
    static Value() { Made = 7; }
    public int F;
    public Value(int f) { F = f + Made; }
    public static int Static() { return Made; }
}

static class Program
{
    public static System.Collections.Generic.List<string> Log = new System.Collections.Generic.List<string>();

    static void Main()
    {
        var threads = new Thread[6];
        int sum = 0;
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() => Interlocked.Add(ref sum, Slow.Read()));
            threads[i].Start();
        }
        foreach (var t in threads) t.Join();
        Console.WriteLine(sum + " " + Slow.Runs);

        A.Touch();
        Console.WriteLine(A.X + " " + B.Y);

        for (int i = 0; i < 3; i++)
        {
            try { Failing.Use(); }
            catch (TypeInitializationException e) { Console.WriteLine(e.TypeName + " / " + e.InnerException.Message); }
        }
        try { new Failing(); }
        catch (TypeInitializationException e) { Console.WriteLine(e.InnerException.GetType().Name); }

        Generic<int>.Touch(); Generic<string>.Touch(); Generic<int>.Touch(); Generic<object>.Touch();
        Console.WriteLine(string.Join(",", Log) + " " + Generic<int>.Runs + Generic<string>.Runs);
        Console.WriteLine(new Value(1).F + " " + Value.Static());
    }
}
