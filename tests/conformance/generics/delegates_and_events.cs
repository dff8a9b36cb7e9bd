using System;
using System.Collections.Generic;
class Bus { readonly Dictionary<Type, Delegate> handlers = new Dictionary<Type, Delegate>(); public void On<T>(Action<T> a) { Delegate d; handlers.TryGetValue(typeof(T), out d); handlers[typeof(T)] = Delegate.Combine(d, a); } public int Send<T>(T t) { Delegate d; if (!handlers.TryGetValue(typeof(T), out d)) return 0; ((Action<T>)d)(t); return d.GetInvocationList().Length; } }
class Model<T> { T v; public event EventHandler<Args> Changed; public class Args : EventArgs { public T Old, New; } public T Value { get { return v; } set { if (EqualityComparer<T>.Default.Equals(v, value)) return; var a = new Args { Old = v, New = value }; v = value; Changed?.Invoke(this, a); } } }
class Memo<A, R> { readonly Dictionary<A, R> d = new Dictionary<A, R>(); readonly Func<A, Func<A, R>, R> f; public int Calls; public Memo(Func<A, Func<A, R>, R> f) { this.f = f; } public R Get(A a) { R r; if (!d.TryGetValue(a, out r)) { Calls++; d[a] = r = f(a, Get); } return r; } }
class Program {
    static Func<A, C> Compose<A, B, C>(Func<A, B> f, Func<B, C> g) { return a => g(f(a)); } static Func<A, Func<B, R>> Curry<A, B, R>(Func<A, B, R> f) => a => b => f(a, b); static T Fold<T, U>(IEnumerable<U> s, T z, Func<T, U, T> f) { foreach (U u in s) z = f(z, u); return z; }
    static void Main() {
        var bus = new Bus(); var log = new List<string>(); bus.On<int>(i => log.Add("int " + i)); bus.On<int>(i => log.Add("again " + i * 2)); bus.On<string>(log.Add); Console.WriteLine(bus.Send(5) + "" + bus.Send("text") + bus.Send(1.5) + " " + string.Join(",", log));
        var m = new Model<int>(); m.Changed += (s, e) => Console.Write(e.Old + "->" + e.New + (s == m) + " "); m.Value = 3; m.Value = 3; m.Value = 4; Console.WriteLine(); var ms = new Model<string>(); ms.Value = "no handler"; ms.Changed += (s, e) => Console.WriteLine(e.Old + "/" + e.New); ms.Value = "x";
        var fib = new Memo<int, long>((n, self) => n < 2 ? n : self(n - 1) + self(n - 2)); Console.WriteLine(fib.Get(80) + " " + fib.Calls); var len = new Memo<string, string>((s, self) => s.Length == 0 ? "." : s[0] + "-" + self(s.Substring(1))); Console.WriteLine(len.Get("abc")); Console.WriteLine(Compose<int, string, int>(i => new string('x', i), s => s.Length * 2)(4) + " " + Curry<int, string, string>((i, s) => s + i)(1)("c") + " " + Fold(new[] { 1, 2, 3 }, "", (s, i) => s + i) + Fold("abc", 0, (n, c) => n * 2 + c)); Predicate<int> p = x => x > 2; Converter<int, string> cv = x => "c" + x; Comparison<int> cmp = (a, b) => b - a; Console.WriteLine(p(3) + cv(1) + cmp(1, 5));
    }
}
