// Compiler options: -unsafe
using System;
using System.Collections.Generic;
using System.Threading;

// One body runs for many instances: each must find its own types, statics, initialisers and arrays.
class Counter<T> {
    public static int Count;
    public static readonly string Name = Log.Add("init " + typeof(Counter<T>));
    [ThreadStatic] static string mine;
    public static List<T> All = new List<T>();
    public int Next() { return ++Count; }
    public static string Mine { get { return mine ?? (mine = typeof(T).Name + "@" + Thread.CurrentThread.Name); } }
    public Func<Func<string>> Nested() { return () => { var a = typeof(T); return () => a.Name + typeof(T[]).Name + Count; }; }
}
class Precise<T> { static Precise() { Log.Add("precise " + typeof(T)); } public static string Who() { return typeof(T).FullName; } public Precise() { Log.Add("new " + typeof(T).Name); } }
static class Log { public static List<string> Lines = new List<string>(); public static string Add(string s) { Lines.Add(s); return s; } public static void Flush() { foreach (var l in Lines) Console.WriteLine("  " + l); Lines.Clear(); } }

class Base<T> { public virtual string Show() { return "Base of " + typeof(T); } public string Own() { return typeof(T).ToString(); } public T[] Make(int n) { return new T[n]; } public object Pair(T t) { return new KeyValuePair<T, List<T>>(t, null); } }
class Derived<U> : Base<List<U>> { public override string Show() { return "Derived " + typeof(U) + " is " + base.Show(); } public string Both() { return Own() + "/" + typeof(U); } }
class Leaf : Derived<string> { }
class Swap<A, B> : Base<KeyValuePair<B, A>> { public string Names() { return typeof(A).Name + "," + typeof(B).Name; } public Swap<B, A> Flip() { return new Swap<B, A>(); } }

class Thing { public int N = 7; public override string ToString() { return "thing" + N; } }
class SubThing : Thing { public SubThing() { N = 8; } }
struct Val { public int X; public override string ToString() { return "val" + X; } }

static class Maker {
    public static T New<T>() where T : new() { return new T(); }
    public static string Default<T>() { var d = default(T); return d == null ? "null" : d.ToString(); }
    public static T[] Array<T>(params T[] items) { return items; }
    public static string Put<T>(T[] a, T t) { try { a[0] = t; return "ok"; } catch (ArrayTypeMismatchException) { return "mismatch"; } }
    public static string Ref<T>(T[] a) { try { Touch(ref a[0]); return "ok"; } catch (ArrayTypeMismatchException) { return "mismatch"; } }
    static void Touch<T>(ref T t) { t = default(T); }
    public static string Grow<T>(int depth) { return depth == 0 ? Short(typeof(T)) : Grow<List<T>>(depth - 1) + Counter<T>.Count; }
    static string Short(Type t) { int n = 0; while (t.IsGenericType) { n++; t = t.GetGenericArguments()[0]; } return t.Name + n; }
    public static string Mixed<A, B, C>(A a, B b, C c) { return typeof(Dictionary<A, KeyValuePair<B, C>>) + ""; }
    public static void Exchange<T>(ref T a, ref T b) { T t = a; a = b; b = t; }
    public static bool Is<T>(object o) { return o is T; }
    public static bool IsVector<T>(object o) { return o is T[]; }
    public static string Cast<T>(object o) { try { return "" + (T)o; } catch (InvalidCastException) { return "no " + typeof(T).Name; } }
    public static bool SameType<A, B>() { return typeof(A) == typeof(B); }
    public static bool IsInt<T>() { return typeof(T) == typeof(int); }
    public static bool IsString<T>() { return typeof(T) == typeof(string); }
    public static unsafe string Lazily<T>() where T : class { return new Lazy<T>(() => (T)(object)"lazy").Value.ToString(); }
}

class Program {
    static void Statics() {
        var s = new Counter<string>(); var o = new Counter<object>(); var i = new Counter<int>();
        s.Next(); s.Next(); o.Next(); i.Next(); i.Next(); i.Next();
        Console.WriteLine(Counter<string>.Count + " " + Counter<object>.Count + " " + Counter<int>.Count + " " + Counter<Thing>.Count);
        Console.WriteLine(s.Nested()()() + " " + o.Nested()()() + " " + i.Nested()()());
        Console.WriteLine(ReferenceEquals(Counter<string>.All, Counter<object>.All) + " " + Counter<Thing>.All.GetType());
        Thread.CurrentThread.Name = "main";
        string other = null; var t = new Thread(() => other = Counter<string>.Mine + Counter<object>.Mine) { Name = "other" }; t.Start(); t.Join();
        Console.WriteLine(Counter<string>.Mine + " " + Counter<object>.Mine + " " + other);
        Log.Lines.Sort(StringComparer.Ordinal); Log.Flush();
    }
    static void Initialisers() {
        Console.WriteLine("precise"); Precise<string>.Who(); Log.Flush(); new Precise<Thing>(); Log.Flush(); Precise<Thing>.Who(); new Precise<string>(); Log.Flush(); new Precise<Val>(); Log.Flush(); Precise<Precise<string>>.Who(); Log.Flush();
    }
    static void Main() {
        Statics(); Initialisers();
        foreach (var b in new object[] { new Base<string>(), new Base<int>(), new Base<Thing>() }) Console.WriteLine(b.GetType().GetMethod("Show").Invoke(b, null));
        Console.WriteLine(new Leaf().Show() + " | " + new Leaf().Both() + " | " + new Leaf().Own() + " | " + new Leaf().Make(2).GetType());
        Console.WriteLine(new Derived<Val>().Show() + " " + new Derived<int[]>().Both() + " " + new Derived<int[]>().Pair(null));
        Console.WriteLine(new Swap<string, Thing>().Names() + " " + new Swap<string, Thing>().Flip().Names() + " " + new Swap<string, int>().Flip().Show() + " " + new Swap<string, Thing>().Flip().Flip().Own());
        Console.WriteLine(Maker.New<Thing>() + " " + Maker.New<SubThing>() + " " + Maker.New<Val>() + " " + Maker.New<List<string>>().GetType() + " " + Maker.New<object>());
        Console.WriteLine(Maker.Default<string>() + Maker.Default<int>() + Maker.Default<Val>() + Maker.Default<int?>() + Maker.Default<Thing[]>());
        Console.WriteLine(Maker.Array("a").GetType() + " " + Maker.Array(new Thing(), new SubThing()).GetType() + " " + Maker.Array<object>("x", 1).GetType());
        object[] strings = new string[] { "q" }; Thing[] subs = new SubThing[1];
        Console.WriteLine(Maker.Put(strings, "fine") + Maker.Put<object>(strings, new Thing()) + Maker.Put(subs, new Thing()) + Maker.Put(subs, new SubThing()) + Maker.Put(subs, null) + Maker.Ref(strings) + Maker.Ref(subs) + Maker.Ref(new Thing[1]) + Maker.Ref(new string[1]));
        Console.WriteLine(Maker.Grow<string>(6) + " " + Maker.Grow<Thing>(3) + " " + Maker.Grow<int>(2));
        Console.WriteLine(Maker.Mixed("a", 1, new Thing()) + "\n" + Maker.Mixed(1, "a", 2.0) + "\n" + Maker.Mixed(new Val(), new Thing(), "z"));
        string x = "x", y = "y"; Maker.Exchange(ref x, ref y); var v = new Val { X = 1 }; var w = new Val { X = 2 }; Maker.Exchange(ref v, ref w); Console.WriteLine(x + y + v + w);
        Console.WriteLine(Maker.Is<string>("s") + "" + Maker.Is<Thing>(new SubThing()) + Maker.Is<SubThing>(new Thing()) + Maker.Is<IEnumerable<object>>(new List<string>()) + Maker.Is<List<object>>(new List<string>()) + Maker.IsVector<object>(new string[0]) + Maker.IsVector<string>(new object[0]) + Maker.IsVector<Thing>(new SubThing[0]) + Maker.IsVector<int>(new uint[0]));
        Console.WriteLine(Maker.Cast<string>("c") + " " + Maker.Cast<Thing>("c") + " " + Maker.Cast<SubThing>(new Thing()) + " " + Maker.Cast<IComparable>("c") + " " + Maker.Cast<int>(5) + " " + Maker.Cast<Val>(5));
        Console.WriteLine(Maker.SameType<string, string>() + "" + Maker.SameType<string, object>() + Maker.SameType<int, string>() + Maker.SameType<List<string>, List<string>>() + Maker.IsInt<string>() + Maker.IsInt<int>() + Maker.IsString<string>() + Maker.IsString<object>());
        Console.WriteLine(Maker.Lazily<string>() + Maker.Lazily<object>() + Maker.Lazily<IComparable>());
    }
}
