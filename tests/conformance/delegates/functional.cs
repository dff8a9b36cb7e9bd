using System;
using System.Collections.Generic;
using System.Linq;
static class F { public static Func<A, C> Then<A, B, C>(this Func<A, B> f, Func<B, C> g) => x => g(f(x)); public static Func<T, T> Times<T>(this Func<T, T> f, int n) => n == 0 ? (x => x) : f.Then(f.Times(n - 1)); public static Func<A, R> Memo<A, R>(this Func<A, R> f) { var d = new Dictionary<A, R>(); return a => { R r; if (!d.TryGetValue(a, out r)) d[a] = r = f(a); return r; }; } public static Func<Func<Func<T, R>, Func<T, R>>, Func<T, R>> Y<T, R>() => f => x => f(Y<T, R>()(f))(x); }
delegate Church Church(Church f); 
class Program {
    static int Apply(int n, params Func<int, int>[] fs) => fs.Aggregate(n, (a, f) => f(a));
    static void Main() {
        Func<int, int> inc = x => x + 1, dbl = x => x * 2; Console.WriteLine(inc.Then(dbl)(5) + " " + dbl.Then(inc)(5) + " " + dbl.Times(10)(1) + " " + Apply(3, inc, dbl, inc, x => -x)); int calls = 0; Func<int, int> slow = x => { calls++; return x * x; }; var memo = slow.Memo(); Console.WriteLine(memo(4) + memo(4) + memo(5) + " " + calls); Console.WriteLine(F.Y<int, long>()(self => n => n == 0 ? 1 : n * self(n - 1))(15));
        var table = new Dictionary<string, Func<double, double, double>> { { "+", (a, b) => a + b }, { "-", (a, b) => a - b }, { "*", (a, b) => a * b }, { "/", (a, b) => a / b }, { "^", Math.Pow } }; foreach (var k in table.Keys.OrderBy(k => k, StringComparer.Ordinal)) Console.Write(k + table[k](7, 2) + " "); Console.WriteLine(); Func<int, IEnumerable<int>> digits = null; digits = n => n < 10 ? new[] { n } : digits(n / 10).Concat(new[] { n % 10 }); Console.WriteLine(string.Join("-", digits(90210))); Action<string> log = s => { }; var sink = new List<string>(); log += sink.Add; log += s => sink.Add(s.ToUpperInvariant()); log("msg"); Console.WriteLine(string.Join(",", sink)); Func<Func<int, int>, Func<int, int>> twice = f => x => f(f(x)); Console.WriteLine(twice(twice(inc))(0) + " " + twice(x => x * 3)(2)); Lazy<int> lz = new Lazy<int>(() => { calls = 100; return 7; }); Console.WriteLine(calls + " " + lz.IsValueCreated + lz.Value + lz.Value + calls);
    }
}
