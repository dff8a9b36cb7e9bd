// Order of evaluation: field initialisers, base and own constructors, arguments, named arguments, compound assignment, indexers, short circuits, object initialisers.
using System;
using System.Collections.Generic;

class Base { protected static int L(string s, int v = 0) { Console.Write(s + " "); return v; } int b = L("base-field"); static int sb = L("base-static"); public Base(int x) { L("base-ctor" + x); Virtual(); } public virtual void Virtual() { L("base-virtual"); } static Base() { } }
class Derived : Base { int d = L("derived-field", 5); static int sd = L("derived-static"); public Derived() : base(L("arg", 3)) { L("derived-ctor" + d); } public override void Virtual() { L("derived-virtual" + d); } static Derived() { } public Derived(int n) : this() { L("chained" + n); } }
class Indexed { public int this[int i, int j] { get { Console.Write("get" + i + j + " "); return i; } set { Console.Write("set" + i + j + "=" + value + " "); } } public int P { get { Console.Write("getP "); return 1; } set { Console.Write("setP" + value + " "); } } public Indexed Me() { Console.Write("me "); return this; } public List<int> Items = new List<int>(); }

static class Program
{
    static int E(int v) { Console.Write("e" + v + " "); return v; }
    static bool B(bool v) { Console.Write(v ? "T " : "F "); return v; }
    static int Args(int a, int b, int c = 7) { Console.Write("args "); return a * 100 + b * 10 + c; }
    static int X { get { Console.Write("X "); return 2; } }
    static int[] Arr(int n) { Console.Write("arr "); return new int[n]; }

    static void Main()
    {
        new Derived(9); Console.WriteLine(); new Derived(); Console.WriteLine();
        Console.WriteLine(Args(E(1), E(2), E(3))); Console.WriteLine(Args(c: E(3), a: E(1), b: E(2))); Console.WriteLine(Args(b: X, a: E(5)));
        var x = new Indexed(); x.Me()[E(1), E(2)] += E(3); Console.WriteLine(); x.Me().P++; Console.WriteLine(); x[E(4), E(5)]++; Console.WriteLine(); x.P = x[E(6), E(7)] = E(8); Console.WriteLine();
        int i = 1; i = i++ + ++i; Console.WriteLine(i); i += i++ * 2; Console.WriteLine(i); int[] a = { 0, 1, 2, 3 }; int k = 0; a[k++] = a[k++] + k; Console.WriteLine(string.Join(",", a) + k); a[k] = k = 3; Console.WriteLine(string.Join(",", a));
        Console.WriteLine((B(false) && B(true)) + " " + (B(true) || B(false)) + " " + (B(false) & B(true)) + " " + (B(true) | B(false)) + " " + (B(true) ? E(1) : E(2)));
        try { Arr(E(2))[E(5)] = E(9); } catch (IndexOutOfRangeException) { Console.WriteLine("range after all operands"); }
        try { ((int[])null)[E(1)] = E(2); } catch (NullReferenceException) { Console.WriteLine("null after all operands"); }
        try { int z = 0; Args(E(1), E(2) / z, E(3)); } catch (DivideByZeroException) { Console.WriteLine("stopped"); }
        var o = new Indexed { P = E(1), Items = { E(2), E(3) } }; Console.WriteLine(o.Items.Count);
        string s = null; s += E(1) + "" + E(2); Console.WriteLine(s); Console.WriteLine(s?.Substring(E(1))?.Length ?? E(9)); string n = null; Console.WriteLine(n?.Substring(E(1)) ?? "none");
        var d = new Dictionary<int, int> { { E(1), E(2) } }; Console.WriteLine(d.Count);
        Func<int> f = () => E(1); f += () => E(2); Console.WriteLine(f()); lock (x.Me()) Console.WriteLine("locked");
    }
}
