using System;
using System.Collections.Generic;
class Program {
    static (int, int) MinMax(int[] a) { int lo = int.MaxValue, hi = int.MinValue; foreach (int x in a) { if (x < lo) lo = x; if (x > hi) hi = x; } return (lo, hi); }
    static (string name, int age, (double x, double y) pos) Named() { return ("n", 3, (1.5, 2.5)); }
    static void Main() {
        var r = MinMax(new[] { 3, 1, 4 }); Console.WriteLine(r.Item1 + " " + r.Item2 + " " + r);
        var (lo, hi) = MinMax(new[] { 7, 8, 9 }); Console.WriteLine(lo + hi);
        var n = Named(); Console.WriteLine(n.name + n.age + n.pos.x + n.pos.y + n.Item3.Item2 + " " + n);
        int a = 1, b = 2; (a, b) = (b, a); Console.WriteLine(a + " " + b);
        Console.WriteLine((1, "x").Equals((1, "x")) + " " + (1, 2).CompareTo((1, 3)) + " " + ((1, 2).GetHashCode() == (1, 2).GetHashCode())); var d = new Dictionary<(int, int), string> { [(1, 2)] = "a" }; d[(2, 1)] = "b"; Console.WriteLine(d[(1, 2)] + d[(2, 1)] + d.ContainsKey((3, 3)));
        var list = new List<(string k, int v)> { ("b", 1), ("a", 2) }; list.Sort(); foreach (var t in list) Console.Write(t.k + t.v + " "); Console.WriteLine(); Func<int, (int sq, int cu)> f = x => (x * x, x * x * x); Console.WriteLine(f(3).cu + f(2).sq); var m = (x: 1, y: "s"); m.x++; m.y += "!"; Console.WriteLine(m.x + m.y); var q = ((int?)null, (object)null); Console.WriteLine(q + "" + default((int, string)));
    }
}
