using System;
using System.Collections.Generic;
class Pair<A, B> { public A X; public B Y; public Pair(A a, B b) { X = a; Y = b; } public override string ToString() { return "(" + X + " " + Y + ")"; } } class Tree<T> where T : IComparable<T> { Tree<T> l, r; T v; public Tree(T v) { this.v = v; } public void Add(T t) { if (t.CompareTo(v) < 0) { if (l == null) l = new Tree<T>(t); else l.Add(t); } else { if (r == null) r = new Tree<T>(t); else r.Add(t); } } public IEnumerable<T> Walk() { if (l != null) foreach (T t in l.Walk()) yield return t; yield return v; if (r != null) foreach (T t in r.Walk()) yield return t; } public int Depth { get { return 1 + Math.Max(l == null ? 0 : l.Depth, r == null ? 0 : r.Depth); } } }
class Peano<T> { public static int Depth<U>(int n) { return n == 0 ? 0 : 1 + Depth<U>(n - 1); } }
interface IExpr<T> { T Eval(); } class Lit<T> : IExpr<T> { T v; public Lit(T v) { this.v = v; } public T Eval() { return v; } } class Bin<T> : IExpr<T> { IExpr<T> a, b; Func<T, T, T> f; public Bin(IExpr<T> a, IExpr<T> b, Func<T, T, T> f) { this.a = a; this.b = b; this.f = f; } public T Eval() { return f(a.Eval(), b.Eval()); } }
class Program {
    static string Nest<T>(T t, int n) { if (n == 0) return t.ToString(); return Nest(new Pair<T, int>(t, n), n - 1); } static string NestRef<T>(T t, int n) { return n == 0 ? typeof(T).Name + t : NestRef(new Pair<T, T>(t, t), n - 1); }
    static void Main() {
        Console.WriteLine(Nest("x", 5)); Console.WriteLine(Nest(1.5, 4)); Console.WriteLine(NestRef("q", 3));
        var t = new Tree<int>(50); uint s = 1; for (int i = 0; i < 200; i++) { s = s * 1664525 + 1013904223; t.Add((int)(s >> 20) % 100); } int sum = 0, k = 0; foreach (int x in t.Walk()) sum += x * ++k; Console.WriteLine(sum + " " + t.Depth); var ts = new Tree<string>("m"); foreach (string w in "the quick brown fox jumps over".Split(' ')) ts.Add(w); Console.WriteLine(string.Join(" ", ts.Walk())); Console.WriteLine(Peano<int>.Depth<string>(100));
        Console.WriteLine(new Bin<int>(new Lit<int>(3), new Bin<int>(new Lit<int>(4), new Lit<int>(5), (a, b) => a * b), (a, b) => a + b).Eval() + new Bin<string>(new Lit<string>("a"), new Lit<string>("b"), (a, b) => a + b).Eval());
    }
}
