using System;
using System.Collections.Generic;
interface IShape { double Area(); } class Sq : IShape { public double S = 2; public double Area() { return S * S; } } struct Ci : IShape { public double R; public double Area() { R++; return R; } }
class Node<T> where T : class, new() { public T V = new T(); public bool Same(T o) { return V == o; } }
class Val<T> where T : struct { public T? Maybe; public T Or(T d) { return Maybe ?? d; } }
class Cmp<T> where T : IComparable<T>, IEquatable<T> { public static T Max(IEnumerable<T> s) { bool any = false; T m = default(T); foreach (T x in s) { if (!any || x.CompareTo(m) > 0) m = x; any = true; } return m; } }
class Base<T> { public virtual string Name() { return "Base<" + typeof(T).Name + ">"; } } class Derived<T, U> : Base<U> where T : Base<U> { public override string Name() { return "Derived:" + base.Name(); } }
class Self<T> where T : Self<T> { public static string N = typeof(T).Name; public virtual T Me() { return (T)this; } } class Leaf : Self<Leaf> { public int X = 4; }
class Program {
    static double Total<T>(T[] a) where T : IShape { double t = 0; for (int i = 0; i < a.Length; i++) t += a[i].Area(); return t; }
    static T Create<T>() where T : new() { return new T(); }
    static string Kind<T>(T t) { return typeof(T).Name + (t == null ? " null" : " " + t) + (default(T) == null ? " ref" : " val"); }
    static bool Eq<T>(T a, T b) where T : IEquatable<T> { return a.Equals(b); } static bool Has<T, U>(T t) where T : U { object o = t; return o is U; } static int HashOf<T>(T t) { return t.GetHashCode(); } static string Str<T>(T t) where T : struct { return t.ToString(); } static bool IsDefault<T>(T t) { return EqualityComparer<T>.Default.Equals(t, default(T)); }
    static void Main() {
        var cs = new Ci[] { new Ci { R = 1 }, new Ci { R = 2 } }; Console.WriteLine(Total(cs) + " " + cs[0].R + " " + Total(new[] { new Sq(), new Sq { S = 3 } }) + " " + Total(new IShape[] { new Sq(), new Ci() }));
        var n = new Node<object>(); Console.WriteLine(n.Same(n.V) + " " + n.Same(null) + " " + new Node<List<int>>().V.Count); Console.WriteLine(new Val<int>().Or(5) + " " + new Val<int> { Maybe = 3 }.Or(5) + " " + new Val<DateTime>().Maybe.HasValue);
        Console.WriteLine(Cmp<int>.Max(new[] { 3, 9, 2 }) + Cmp<string>.Max(new[] { "b", "c", "a" }) + Cmp<double>.Max(new double[0])); Console.WriteLine(new Derived<Base<int>, int>().Name() + " " + Self<Leaf>.N + new Leaf().Me().X);
        Console.WriteLine(Create<int>() + " " + (Create<object>() != null) + " " + Create<Guid>() + " " + Create<Ci>().R); Console.WriteLine(Kind(1) + Kind("s") + Kind<string>(null) + Kind<int?>(null) + Kind<object>(2.5) + Kind(DayOfWeek.Friday));
        Console.WriteLine(Eq(1, 1) + "" + Eq("a", "b") + Has<string, IComparable>("x") + Has<int, object>(1) + HashOf(5) + HashOf('a') + Str(2.5) + Str(true) + IsDefault(0) + IsDefault("") + IsDefault<string>(null) + IsDefault(new Ci()));
    }
}
