using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

// Every way to reach shared code: virtual and interface calls, delegates, struct instances, iterators, state machines.
interface IShow<T> { string Show(T t); string Generic<U>(U u); }
class Shower<T> : IShow<T>, IComparable<Shower<T>> {
    public virtual string Show(T t) { return "show " + typeof(T).Name + " " + t; }
    public virtual string Generic<U>(U u) { return typeof(T).Name + "+" + typeof(U).Name; }
    public int CompareTo(Shower<T> o) { return typeof(T).Name.Length - 4; }
    public static string Static(T t) { return "static " + typeof(T).Name + t; }
    public string Plain(T t) { return "plain " + typeof(T).Name + t; }
}
class Loud<T> : Shower<T> {
    public override string Show(T t) { return base.Show(t).ToUpperInvariant() + typeof(T).Name; }
    public override string Generic<U>(U u) { return "loud " + typeof(U).Name + base.Generic(u); }
    string IFace(IShow<T> s, T t) { return s.Show(t); }
    public string Twice(T t) { return IFace(this, t) + Generic<T[]>(null) + Generic(t); }
}
struct Cell<T> : IShow<T>, IEquatable<Cell<T>>, IEnumerable<T> {
    public T Value; public int Uses;
    public Cell(T t) { Value = t; Uses = 0; }
    string IShow<T>.Show(T t) { Uses++; return "cell " + typeof(T).Name + Value + t + Uses; }
    string IShow<T>.Generic<U>(U u) { return "cell " + typeof(T).Name + typeof(U).Name + Uses; }
    public bool Equals(Cell<T> o) { return EqualityComparer<T>.Default.Equals(Value, o.Value); }
    public override string ToString() { return typeof(T).Name + ":" + Value; }
    public IEnumerator<T> GetEnumerator() { yield return Value; yield return Value; }
    IEnumerator IEnumerable.GetEnumerator() { return GetEnumerator(); }
    public void Set(T t) { Value = t; Uses += 10; }
    public static Cell<T> Of(T t) { return new Cell<T>(t); }
    public Cell<U> Map<U>(Func<T, U> f) { return new Cell<U>(f(Value)); }
}
abstract class Shape { public abstract T Accept<T>(IVisitor<T> v); }
interface IVisitor<T> { T Visit(Circle c); T Visit(Square s); }
class Circle : Shape { public override T Accept<T>(IVisitor<T> v) { return v.Visit(this); } }
class Square : Shape { public override T Accept<T>(IVisitor<T> v) { return v.Visit(this); } }
class Namer : IVisitor<string>, IVisitor<int>, IVisitor<List<string>> {
    string IVisitor<string>.Visit(Circle c) { return "circle"; } string IVisitor<string>.Visit(Square s) { return "square"; }
    int IVisitor<int>.Visit(Circle c) { return 1; } int IVisitor<int>.Visit(Square s) { return 2; }
    List<string> IVisitor<List<string>>.Visit(Circle c) { return new List<string> { "c" }; } List<string> IVisitor<List<string>>.Visit(Square s) { return new List<string> { "s", "q" }; }
}
static class Work {
    public static string Via<S, T>(S s, T t) where S : IShow<T> { return s.Show(t) + "|" + s.Generic(new T[0]) + "|" + s; }
    public static Func<T, string> Bind<T>(Shower<T> s) { return s.Show; }
    public static Func<T, string> Plain<T>(Shower<T> s) { return s.Plain; }
    public static Func<T, string> Static<T>() { return Shower<T>.Static; }
    public static Func<U, string> Virtual<T, U>(Shower<T> s) { return s.Generic<U>; }
    public static Func<A, B, string> Local<A, B>() { return Join<A, B>; }
    static string Join<A, B>(A a, B b) { return a + typeof(A).Name + b + typeof(B).Name; }
    public static IEnumerable<string> Walk<T>(IEnumerable<T> items) { int n = 0; try { foreach (var i in items) yield return typeof(T).Name + i + n++; } finally { Console.Write("[" + typeof(T).Name + " done]"); } }
    public static async Task<string> Later<T>(T t) { await Task.Delay(1); var inner = await Then(new[] { t }); return typeof(T).Name + inner; }
    static async Task<string> Then<T>(T[] t) { await Task.Yield(); return "<" + typeof(T[]).Name + t[0] + ">"; }
    public static string Caught<E>(Action a) where E : Exception { try { a(); return "none"; } catch (E e) { return typeof(E).Name + "<-" + e.GetType().Name; } finally { Console.Write(typeof(E).Name + "! "); } }
    public static string Nested<E, F>(Action a) where E : Exception where F : Exception { try { try { a(); } catch (E) { return "inner " + typeof(E).Name; } } catch (F) { return "outer " + typeof(F).Name; } return "none"; }
    public static string Filtered<E>(Action a, Func<E, bool> when) where E : Exception { try { a(); return "none"; } catch (E e) when (when(e)) { return "when " + typeof(E).Name; } catch (Exception) { return "else"; } }
    public static int Depth<T>(int n, T t) { return n == 0 ? typeof(T).Name.Length : 1 + Depth(n - 1, t); }
    public static bool Even<A, B>(int n) { return n == 0 ? typeof(A) == typeof(string) : Odd<B, A>(n - 1); }
    public static bool Odd<A, B>(int n) { return n != 0 && Even<B, A>(n - 1); }
    public static string Sync<T>(T t) { lock (typeof(Shower<T>)) return typeof(T).Name; }
    public static T Fold<T>(IEnumerable<T> items, Func<T, T, T> f) { T r = default(T); bool first = true; foreach (var i in items) { r = first ? i : f(r, i); first = false; } return r; }
}
class Program {
    static void Main() {
        Console.WriteLine(new Loud<string>().Twice("a") + " " + new Loud<object>().Twice("b") + " " + new Loud<int>().Twice(3));
        Console.WriteLine(Work.Via(new Shower<string>(), "s") + " " + Work.Via(new Loud<Version>(), new Version(1, 2)) + " " + Work.Via(new Cell<string>("v"), "w") + " " + Work.Via<Cell<object>, object>(new Cell<object>(1), "w") + " " + Work.Via(new Cell<int>(1), 2));
        IShow<string> boxed = new Cell<string>("b"); boxed.Show("1"); Console.WriteLine(boxed.Show("2") + " " + boxed.Generic(1) + " " + boxed.Generic("x") + " " + boxed.Generic<object>(null) + " " + boxed);
        var cell = Cell<string>.Of("c"); cell.Set("d"); Console.WriteLine(cell + " " + cell.Uses + " " + cell.Equals(Cell<string>.Of("d")) + " " + cell.Map(s => s.Length) + " " + cell.Map(s => new[] { s }) + " " + cell.Map(s => (object)s).Map(o => o.ToString()) + " " + string.Join("", cell) + string.Join(",", new Cell<object>(4)));
        Console.WriteLine(Work.Bind(new Loud<string>())("b") + " " + Work.Bind(new Loud<object>())("c") + " " + Work.Plain(new Shower<string>())("p") + " " + Work.Plain<object>(new Loud<object>())(1) + " " + Work.Static<string>()("s") + " " + Work.Static<Type>()(null) + " " + Work.Virtual<string, int>(new Loud<string>())(1) + " " + Work.Virtual<object, string>(new Loud<object>())("") + " " + Work.Local<string, int>()("a", 1) + Work.Local<int, string>()(1, "a") + Work.Local<string, object>()("x", 'y'));
        var d1 = Work.Static<string>(); var d2 = Work.Static<string>(); Delegate d3 = Work.Static<object>(); Console.WriteLine(d1.Equals(d2) + " " + d1.Equals(d3) + " " + d1.Method + " " + d3.Method.DeclaringType + " " + Work.Virtual<string, int>(new Loud<string>()).Method);
        Shape[] shapes = { new Circle(), new Square() }; var namer = new Namer(); foreach (var s in shapes) Console.Write(s.Accept<string>(namer) + s.Accept<int>(namer) + s.Accept<List<string>>(namer).Count + " "); Console.WriteLine();
        Console.WriteLine(string.Join(" ", Work.Walk(new[] { "x", "y" })) + string.Join(" ", Work.Walk<object>(new object[] { 1, "z" })) + string.Join(" ", Work.Walk(new[] { 1.5 })) + Work.Walk("early").First());
        Console.WriteLine(Work.Later("t").Result + Work.Later<object>(1).Result + Work.Later(2).Result + Work.Later(new List<string>()).Result);
        Action arg = () => { throw new ArgumentNullException(); };
        Console.WriteLine(Work.Caught<ArgumentException>(arg) + " " + Work.Caught<ArgumentNullException>(arg) + " " + Work.Caught<Exception>(arg) + " " + Work.Nested<FormatException, ArgumentException>(arg) + " " + Work.Nested<ArgumentException, Exception>(arg));
        try { Work.Caught<FormatException>(arg); } catch (ArgumentException e) { Console.WriteLine("passed " + e.GetType().Name); }
        Console.WriteLine(Work.Filtered<ArgumentException>(arg, e => true) + Work.Filtered<ArgumentException>(arg, e => false) + Work.Filtered<FormatException>(arg, e => true));
        Console.WriteLine(Work.Depth(1000, "x") + " " + Work.Depth(1000, new Version()) + " " + Work.Even<string, object>(10) + Work.Even<object, string>(10) + Work.Even<object, string>(11) + Work.Sync("x") + Work.Sync(new object()));
        Console.WriteLine(Work.Fold(new[] { "a", "b", "c" }, (a, b) => b + a) + Work.Fold(new object[] { 1, 'c' }, (a, b) => b) + Work.Fold(new[] { 1, 2, 3 }, (a, b) => a * 10 + b));
        IList<string> vector = new[] { "v0", "v1" }; IEnumerable<object> wide = (string[])vector; IList<object> objects = new object[] { 1, "o" }; Console.WriteLine(vector[1] + vector.IndexOf("v1") + vector.Contains("no") + objects[0] + string.Join(",", wide) + objects.IndexOf("o") + ((ICollection<string>)vector).Count); try { vector.Add("x"); } catch (NotSupportedException) { Console.WriteLine("fixed"); } try { ((IList<object>)(object)vector)[0] = 1; } catch (ArrayTypeMismatchException) { Console.WriteLine("typed"); }
        var sorted = new SortedDictionary<string, Shower<string>> { { "b", null }, { "a", new Loud<string>() } }; Console.WriteLine(string.Join(",", sorted.Select(p => p.Key + (p.Value == null))) + string.Join(",", new[] { "q", "p" }.OrderBy(s => s).ThenBy(s => s.Length).Zip(new object[] { 1, 2 }, (a, b) => a + b)) + Comparer<Shower<string>>.Default.Compare(new Shower<string>(), null) + new[] { new Shower<object>() }.Max().Plain(null));
        Console.WriteLine(Activator.CreateInstance(typeof(Shower<>).MakeGenericType(typeof(Uri))).GetType() + " " + typeof(Work).GetMethod("Sync").MakeGenericMethod(typeof(Program)).Invoke(null, new object[] { null }) + typeof(Shower<Program>).GetMethod("Static").Invoke(null, new object[] { null }) + typeof(Cell<Program>).GetMethod("Of").Invoke(null, new object[1]));
    }
}
