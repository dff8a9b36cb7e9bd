// Synchronized methods: static and instance, released by exceptions, recursive, on generic types, with return values.
using System;
using System.Runtime.CompilerServices;
using System.Threading;

class Account
{
    int balance; static int created;
    [MethodImpl(MethodImplOptions.Synchronized)] public int Add(int n) { int b = balance; Thread.SpinWait(20); balance = b + n; return balance; }
    [MethodImpl(MethodImplOptions.Synchronized)] public void Fail() { throw new InvalidOperationException(); }
    [MethodImpl(MethodImplOptions.Synchronized)] public static int Create() { int c = created; Thread.SpinWait(20); created = c + 1; return created; }
    [MethodImpl(MethodImplOptions.Synchronized)] public int Recursive(int n) { return n == 0 ? 0 : 1 + Recursive(n - 1); }
    [MethodImpl(MethodImplOptions.Synchronized)] public bool Holds() { return Monitor.IsEntered(this); }
    [MethodImpl(MethodImplOptions.Synchronized)] public static bool HoldsType() { return Monitor.IsEntered(typeof(Account)); }
}

class G<T> { public static int N; [MethodImpl(MethodImplOptions.Synchronized)] public static bool Inc() { int n = N; Thread.SpinWait(20); N = n + 1; return Monitor.IsEntered(typeof(G<T>)); } }

static class Program
{
    static void Race(Action a) { var ts = new Thread[4]; for (int i = 0; i < 4; i++) { ts[i] = new Thread(() => { for (int k = 0; k < 500; k++) a(); }); ts[i].Start(); } foreach (var t in ts) t.Join(); }

    static void Main()
    {
        var a = new Account();
        Race(() => a.Add(1)); Console.WriteLine(a.Add(0));
        Race(() => Account.Create()); Console.WriteLine(Account.Create());
        Race(() => G<string>.Inc()); Race(() => G<int>.Inc()); Console.WriteLine(G<string>.N + " " + G<int>.N + " " + G<object>.Inc());
        for (int i = 0; i < 3; i++) try { a.Fail(); } catch (InvalidOperationException) { }
        Console.WriteLine(Monitor.IsEntered(a) + " " + a.Holds() + " " + Account.HoldsType() + " " + a.Recursive(50));
        bool other = false; var t2 = new Thread(() => other = Monitor.TryEnter(a, 1000)); t2.Start(); t2.Join(); Console.WriteLine(other);
    }
}
