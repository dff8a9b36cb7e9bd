// A delegate on a method whose class is not instantiated can be made; calling it is what fails.
using System;
using System.Reflection;

static class Program
{
    class Pair<A, B> { public static void Run() { Console.WriteLine("ran"); } }
    class Half<T> : Pair<string, T> { public static void Other() { Console.WriteLine("ran"); } }

    static void Try(MethodInfo method)
    {
        var call = (Action)Delegate.CreateDelegate(typeof(Action), null, method, true);
        try { call(); }
        catch (InvalidOperationException e) { Console.WriteLine(e.GetType()); }
    }

    static void Main()
    {
        Try(typeof(Pair<,>).GetMethod("Run"));
        Try(typeof(Half<>).GetMethod("Other"));
        Try(typeof(Pair<int, string>).GetMethod("Run"));
    }
}
