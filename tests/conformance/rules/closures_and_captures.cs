// Captured variables: shared between lambdas, one per iteration, parameters, this, nested levels, in generic methods, recursion.
using System;
using System.Collections.Generic;
using System.Linq;

class Counter { int n; public Func<int> Next() { return () => ++n; } public Action<int> Setter { get { return v => n = v; } } public IEnumerable<Func<string>> All(params string[] ss) { foreach (var s in ss) yield return () => s + n++; } }

static class Program
{
    static Func<T, Func<T>> Keep<T>(List<T> log) { return t => { log.Add(t); return () => { log.Add(t); return log[0]; }; }; }
    static Func<int, int> Compose(params Func<int, int>[] fs) { return x => fs.Aggregate(x, (a, f) => f(a)); }
    static Func<int, int> Y(Func<Func<int, int>, Func<int, int>> f) { return x => f(Y(f))(x); }
    static void Mutate(ref int r, Action a) { a(); r++; }

    static void Main()
    {
        var fs = new List<Func<int>>(); for (int i = 0; i < 3; i++) { int k = i; fs.Add(() => i * 10 + k++); } foreach (var f in fs) Console.Write(f() + " "); foreach (var f in fs) Console.Write(f() + " "); Console.WriteLine();
        var es = new List<Func<int>>(); foreach (var v in new[] { 4, 5 }) es.Add(() => v); Console.WriteLine(string.Join(",", es.Select(e => e())));
        int shared = 1; Action inc = () => shared++; Func<int> get = () => shared; inc(); inc(); shared += 10; Console.WriteLine(get()); Mutate(ref shared, inc); Console.WriteLine(shared);
        var c = new Counter(); var n = c.Next(); n(); c.Setter(40); Console.WriteLine(n() + " " + string.Join(" ", c.All("a", "b").Select(f => f())));
        var log = new List<string>(); var keep = Keep(log); var later = keep("x"); keep("y"); Console.WriteLine(later() + log.Count); var ints = new List<int>(); Console.WriteLine(Keep(ints)(7)() + ints.Count);
        Console.WriteLine(Compose(x => x + 1, x => x * 2, Y(self => x => x < 2 ? 1 : x * self(x - 1)))(2));
        Func<int, int> fact = null; fact = x => x < 2 ? 1 : x * fact(x - 1); Func<int, int> local = x => { shared += x; Func<int, int> inner = y => shared * y + x; return inner(2); }; Console.WriteLine(fact(6) + " " + local(3));
        Func<Func<Func<int>>> deep = () => { int a = 1; return () => { int b = a++; return () => a * 100 + b++; }; }; var d1 = deep(); var d2 = d1(); d2(); Console.WriteLine(d2() + " " + d1()() + " " + deep()()());
        int[] arr = { 1, 2, 3 }; var lazy = arr.Select(x => x * shared); shared = 2; arr[0] = 50; Console.WriteLine(string.Join(",", lazy));
        try { Func<int> bad = () => { int z = shared - shared; return 1 / z; }; bad(); } catch (DivideByZeroException) { Console.WriteLine("in lambda"); }
        for (int i = 0; i < 2; i++) { Action<string> a = s => { if (s.Length < 3) { Console.Write(s + i + " "); } }; a("q"); a("long"); } Console.WriteLine(); Func<dynamic_free, int> u = x => x.A; Console.WriteLine(u(new dynamic_free { A = 9 }));
        struct_capture(new KeyValuePair<int, string>(1, "kv"), 5m);
    }

    class dynamic_free { public int A; }
    static void struct_capture(KeyValuePair<int, string> kv, decimal m) { Func<string> f = () => kv.Key + kv.Value + m; m *= 2; kv = new KeyValuePair<int, string>(2, "new"); Console.WriteLine(f()); }
}
