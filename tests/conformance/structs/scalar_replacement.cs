// Structs whose fields are values of their own in loops: copies, arguments, results, handlers, enumerators.
using System; using System.Collections.Generic;
struct P { public int X; public double Y; public P(int x, double y) { X = x; Y = y; } public P Add(P o) { return new P(X + o.X, Y + o.Y); } }
struct B { public bool F; public byte G; public object O; }
class ScalarReplacement {
    static double Sum(int n) { var p = new P(0, 0); for (int i = 0; i < n; i++) { var q = new P(i, i * 0.5); p.X += q.X; p.Y += q.Y; } return p.X + p.Y; }
    static double Take(P p, int n) { double s = 0; for (int i = 0; i < n; i++) { p.X += i; s += p.X * p.Y; } return s; }
    static int List(List<int> l) { int s = 0; foreach (var x in l) s += x; return s; }
    static int Dict(Dictionary<string, int> d) { int s = 0; foreach (var kv in d) s += kv.Value + kv.Key.Length; return s; }
    static int? Find(int[] a, int v) { for (int i = 0; i < a.Length; i++) if (a[i] == v) return i; return null; }
    static string Bs(int n) { B b = default(B); for (int i = 0; i < n; i++) { b.G += 100; b.F = !b.F; if (i % 2 == 0) b.O = b.G; var c = b; c.G = 7; b.O = b.O ?? c.O; } return b.G + " " + b.F + " " + b.O; }
    static P[] arr = new P[10];
    static double Arr(int n) { for (int i = 0; i < n; i++) { var p = arr[i % 10]; p.X += i; arr[i % 10] = p; } double s = 0; foreach (var p in arr) s += p.X; return s; }
    static int Try(int n) { var p = new P(1, 2); for (int i = 0; i < n; i++) { try { p.X += i; if (i == n - 1) throw new Exception(); } catch (Exception) { p.X += 1000; } } return p.X; }
    static void Main() {
        Console.WriteLine(Sum(1000)); Console.WriteLine(Take(new P(3, 0.25), 100));
        Console.WriteLine(List(new List<int> { 1, 2, 3, 4 })); Console.WriteLine(Dict(new Dictionary<string, int> { { "a", 1 }, { "bcd", 7 } }));
        Console.WriteLine(Find(new[] { 5, 6, 7 }, 7) + " " + Find(new[] { 1 }, 9)); Console.WriteLine(Bs(11)); Console.WriteLine(Arr(55)); Console.WriteLine(Try(5));
        DateTime t = new DateTime(2020, 1, 1); for (int i = 0; i < 40; i++) t = t.AddDays(1.5); Console.WriteLine(t.ToString("s"));
        decimal d = 0; for (int i = 0; i < 20; i++) d += 1.1m; Console.WriteLine(d);
    }
}
