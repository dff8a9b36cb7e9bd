// Generic classes: base of an instance of themselves, nested in generic types, constraints by each other, statics through bases, casts between instances.
using System;
using System.Collections.Generic;
using System.Linq;

abstract class Entity<TSelf, TKey> : IComparable<TSelf> where TSelf : Entity<TSelf, TKey> where TKey : IComparable<TKey> { public TKey Key; public int CompareTo(TSelf o) { return Key.CompareTo(o.Key); } public TSelf Me { get { return (TSelf)this; } } public static int Count; public class Builder { TKey k; public Builder With(TKey key) { k = key; return this; } public TSelf Build(Func<TKey, TSelf> f) { Count++; return f(k); } public class Deep<X> { public string Name() { return typeof(TSelf).Name + typeof(TKey).Name + typeof(X).Name; } } } }
class User : Entity<User, string> { public override string ToString() { return "U" + Key; } }
class Order : Entity<Order, int> { public override string ToString() { return "O" + Key; } }
class Tree<T> where T : IComparable<T> { class N { public T V; public N L, R; } N root; public Tree<T> Add(params T[] ts) { foreach (var t in ts) root = Ins(root, t); return this; } static N Ins(N n, T v) { if (n == null) return new N { V = v }; if (v.CompareTo(n.V) < 0) n.L = Ins(n.L, v); else n.R = Ins(n.R, v); return n; } IEnumerable<T> Walk(N n) { if (n == null) yield break; foreach (var x in Walk(n.L)) yield return x; yield return n.V; foreach (var x in Walk(n.R)) yield return x; } public override string ToString() { return string.Join(" ", Walk(root)); } public Tree<U> Map<U>(Func<T, U> f) where U : IComparable<U> { var t = new Tree<U>(); foreach (var x in Walk(root)) t.Add(f(x)); return t; } }
class Outer<A> { public class Mid { public class Inner<B> { public A First; public B Second; public string Types() { return typeof(A) + "," + typeof(B) + "," + GetType(); } } public Inner<A> Same() { return new Inner<A>(); } } public virtual string V<C>(C c) { return typeof(A).Name + typeof(C).Name; } }
class OuterOfPair<A, B> : Outer<KeyValuePair<A, B>> { public override string V<C>(C c) { return "P" + base.V(new[] { c }); } public Outer<A> Left() { return new Outer<A>(); } }
interface IRepo<T> { void Put(T t); IEnumerable<T> All(); }
class Repo<T> : IRepo<T> { protected readonly List<T> items = new List<T>(); public virtual void Put(T t) { items.Add(t); } public IEnumerable<T> All() { return items; } }
class Sorted<T> : Repo<T>, IRepo<T> where T : IComparable<T> { public override void Put(T t) { base.Put(t); items.Sort(); } }

static class Program
{
    static string Describe<T>(IRepo<T> r, params T[] ts) { foreach (var t in ts) r.Put(t); return string.Join(",", r.All()); }
    static T Max<T>(params T[] ts) where T : IComparable<T> { T m = ts[0]; foreach (var t in ts) if (t.CompareTo(m) > 0) m = t; return m; }

    static void Main()
    {
        var u = new User.Builder().With("bob").Build(k => new User { Key = k }); var v = new User { Key = "ann" }; var o = new Order.Builder().With(4).Build(k => new Order { Key = k });
        Console.WriteLine(u.CompareTo(v) + " " + u.Me + " " + o.Me + " " + User.Count + Order.Count + Entity<User, string>.Count + " " + Max(u, v) + Max(o, new Order { Key = 3 }) + Max(3, 9, 2) + Max("x", "y"));
        Console.WriteLine(new User.Builder.Deep<int>().Name() + new Order.Builder.Deep<List<string>>().Name());
        Console.WriteLine(new Tree<int>().Add(5, 2, 8, 1) + " | " + new Tree<string>().Add("q", "a").Map(s => s.Length * 2.5) + " | " + new Tree<User>().Add(u, v));
        var inner = new Outer<int>.Mid().Same(); inner.First = 1; inner.Second = 2; Console.WriteLine(inner.Types() + (inner.First + inner.Second)); Console.WriteLine(new Outer<string>.Mid.Inner<DateTime>().Types());
        Outer<KeyValuePair<int, string>> p = new OuterOfPair<int, string>(); Console.WriteLine(p.V(1) + " " + p.V("s") + " " + ((OuterOfPair<int, string>)p).Left().V(2.0));
        Console.WriteLine(Describe(new Repo<int>(), 3, 1, 2) + " " + Describe(new Sorted<int>(), 3, 1, 2) + " " + Describe<User>(new Sorted<User>(), u, v) + " " + Describe<IComparable>(new Repo<IComparable>(), 1, "s"));
        object r = new Sorted<string>(); Console.WriteLine((r is IRepo<string>) + " " + (r is Repo<string>) + " " + (r is IRepo<object>) + " " + (r is Sorted<int>) + " " + r.GetType().BaseType);
        foreach (var t in new[] { typeof(Outer<>.Mid.Inner<>), typeof(Outer<int>.Mid.Inner<string>), typeof(Entity<,>.Builder), typeof(Dictionary<,>.Enumerator) }) Console.WriteLine(t + " " + t.IsGenericTypeDefinition + " " + t.GetGenericArguments().Length);
    }
}
