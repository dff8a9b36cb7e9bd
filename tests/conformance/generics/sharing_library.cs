using System;
using System.Collections.Generic;
using System.Linq;
using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using System.Threading;
class Box<T> { public T Value { get; set; } public T Field; public Box(T v) { Value = v; Field = v; } public static Box<T> Make(T t) { return new Box<T>(t); } public U Conv<U>(Func<T, U> f) { return f(Value); } }
static class M {
  public static string Null<T>(T? n) where T : struct { object o = n; return (o == null ? "null" : o.GetType() + "=" + o) + (n.HasValue ? n.Value.ToString() : "-") + ((T?)o).Equals(n) + (o is T?) + (o as T?).HasValue; }
  public static string Expr<T>(T t) { Expression<Func<Box<T>, T>> e = b => b.Value; Expression<Func<Box<T>, T>> f = b => b.Field; Expression<Func<T, Box<T>>> g = x => new Box<T>(x); Expression<Func<T, Box<T>>> h = x => Box<T>.Make(x); Expression<Func<Box<T>, string>> k = b => b.Conv<string>(v => typeof(T).Name + v); Expression<Func<T[]>> a = () => new T[] { t, t };
    return e.Compile()(new Box<T>(t)) + " " + f.Compile()(new Box<T>(t)) + " " + g.Compile()(t).Value + h.Compile()(t).GetType() + k.Compile()(new Box<T>(t)) + a.Compile()().GetType() + " " + e + " " + h.Body; }
  public static string Anon<A, B>(IEnumerable<A> a, B b) { var q = from x in a let y = new { x, b } group y by y.ToString().Length into g orderby g.Key select new { g.Key, N = g.Count(), First = g.First().x }; return string.Join(";", q.Select(z => z.ToString())) + q.GetType().Name.Length; }
  [MethodImpl(MethodImplOptions.Synchronized)] public static string Sync<T>(T t) { return Monitor.IsEntered(typeof(M)) + typeof(T).Name; }
  public static T Swap<T>(ref T place, T value, T expected) where T : class { Interlocked.CompareExchange(ref place, value, expected); return Interlocked.Exchange(ref place, null); }
  public static T Vol<T>(ref T p) where T : class { return Volatile.Read(ref p); }
  public static string Params<T>(params T[] ts) { return ts.Length + ts.GetType().Name; }
  public static string Opt<T>(T a = default(T), int n = 3) { return (a == null) + "" + n; }
  public static int Cmp<T>(T a, T b) where T : IComparable<T> { return a.CompareTo(b); }
  public static bool Eq<T>(T a, T b) { return EqualityComparer<T>.Default.Equals(a, b) && a.Equals(b) && a.GetHashCode() == b.GetHashCode(); }
  public static Tuple<A, Tuple<B, A>> Nest<A, B>(A a, B b) { return Tuple.Create(a, Tuple.Create(b, a)); }
  public static string Matrix<T>(T t) { var m = new T[2, 3]; var j = new T[2][]; j[1] = new T[] { t }; m[1, 2] = t; object o = m; ((T[,])o)[0, 0] = m[1, 2]; return m.GetType() + "" + m[0, 0] + j.GetType() + j[1][0] + m.Length + (o is T[,]) + (o is object[,]); }
  public static IEnumerable<IEnumerable<T>> Chunks<T>(IEnumerable<T> s, int n) { var l = new List<T>(); foreach (var x in s) { l.Add(x); if (l.Count == n) { yield return l; l = new List<T>(); } } if (l.Count > 0) yield return l; }
  public static Dictionary<K, List<V>> Index<K, V>(IEnumerable<V> vs, Func<V, K> key) { var d = new Dictionary<K, List<V>>(); foreach (var v in vs) { List<V> l; if (!d.TryGetValue(key(v), out l)) d[key(v)] = l = new List<V>(); l.Add(v); } return d; }
}
abstract class Node<T, TSelf> where TSelf : Node<T, TSelf>, new() { public T V; public List<TSelf> Kids = new List<TSelf>(); public TSelf Add(T v) { var n = new TSelf { V = v }; Kids.Add(n); return n; } public virtual string Dump() { return V + "(" + string.Join(",", Kids.Select(k => k.Dump())) + ")" + typeof(TSelf).Name; } public static TSelf Root; static Node() { Root = new TSelf(); } }
class SNode : Node<string, SNode> { public override string Dump() { return "S" + base.Dump(); } }
class ONode : Node<object, ONode> { }
class INode : Node<int, INode> { }
interface IRepo<T> { T Get(string k); void Put(string k, T t); event Action<T> Changed; T this[string k] { get; } }
class Repo<T> : IRepo<T> { Dictionary<string, T> d = new Dictionary<string, T>(); public event Action<T> Changed; public T Get(string k) { return d[k]; } public void Put(string k, T t) { d[k] = t; if (Changed != null) Changed(t); } T IRepo<T>.this[string k] { get { return d.ContainsKey(k) ? d[k] : default(T); } } }
class P {
  static void Main() {
    Console.WriteLine(M.Null<KeyValuePair<string,int>>(new KeyValuePair<string,int>("a",1)) + M.Null<KeyValuePair<string,int>>(null) + M.Null<KeyValuePair<object,string>>(new KeyValuePair<object,string>(1,"x")) + M.Null<int>(4));
    Console.WriteLine(M.Expr("s")); Console.WriteLine(M.Expr<object>(1)); Console.WriteLine(M.Expr(5)); Console.WriteLine(M.Expr(new Version(1,2)));
    Console.WriteLine(M.Anon(new[] {"a","bb","cc"}, 1)); Console.WriteLine(M.Anon(new object[] {1,"bb"}, "q")); Console.WriteLine(M.Anon(new[] {1.5}, new Version(3,4)));
    Console.WriteLine(M.Sync("a") + M.Sync(new object())); string s = "x"; object o = "y"; Console.WriteLine(M.Swap(ref s, "n", s) + M.Swap(ref o, "m", "zz") + (M.Vol(ref s) == null) + M.Params("a","b") + M.Params<object>() + M.Opt<string>() + M.Opt<Version>(new Version(), 9));
    Console.WriteLine(M.Cmp("a","b") + "" + M.Cmp(new Version(2,0), new Version(1,0)) + M.Cmp(1,1) + M.Eq("a","a") + M.Eq(new Version(1,1), new Version(1,1)) + M.Eq<object>(1, 1) + M.Eq<object>("a", 1) + M.Nest("a", new Version(1, 1)) + M.Nest(new Version(1,1), "b").GetType());
    Console.WriteLine(M.Matrix("m") + M.Matrix<object>(null) + M.Matrix(7)); 
    Console.WriteLine(string.Join("|", M.Chunks("abcdefg".Select(c => c.ToString()), 3).Select(c => string.Concat(c))) + string.Join("|", M.Chunks<object>(new object[]{1,2,3}, 2).Select(c => c.Count())) + string.Join(",", M.Index(new[]{"ab","a","b","cd"}, x => x.Length).OrderBy(p => p.Key).Select(p => p.Key + string.Concat(p.Value))) + string.Join(",", M.Index<string,object>(new object[]{1,"1",2}, x => x.ToString()).OrderBy(p=>p.Key).Select(p => p.Key + p.Value.Count)));
    var r = SNode.Root; r.V = "r"; r.Add("k").Add("l"); r.Add("m"); ONode.Root.V = 5; ONode.Root.Add("z"); INode.Root.Add(3); Console.WriteLine(r.Dump() + ONode.Root.Dump() + INode.Root.Dump());
    IRepo<string> rs = new Repo<string>(); var log = ""; rs.Changed += x => log += "S" + x; rs.Put("k", "v"); IRepo<Version> rv = new Repo<Version>(); rv.Changed += x => log += "V" + x; rv.Put("k", new Version(7, 7)); Console.WriteLine(rs.Get("k") + rs["no"] + rv["k"] + (rv["no"] == null) + log);
    var w = new ConditionalWeakTable<string, Box<string>>(); w.Add("key", new Box<string>("cw")); Box<string> found; w.TryGetValue("key", out found); Console.WriteLine(found.Value + new Lazy<Version>(() => new Version(9, 9)).Value + new ThreadLocal<string>(() => "tl").Value + new WeakReference<string>("w").TryGetTarget(out s) + string.Join(",", new SortedSet<string> { "b", "a" }) + string.Join(",", new[] { "x", "y" }.ToLookup(x => x, x => (object)x).SelectMany(g => g)) + new[] { "p" }.AsParallel().Select(x => x + "!").ToArray()[0]);
  }
}
