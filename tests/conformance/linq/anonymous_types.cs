using System;
using System.Collections.Generic;
using System.Linq;
class Program {
    static void Main() {
        var a = new { Name = "n", Age = 3, Nested = new { X = 1.5 } }; var b = new { Name = "n", Age = 3, Nested = new { X = 1.5 } }; Console.WriteLine(a + " " + a.Equals(b) + (a == b) + (a.GetHashCode() == b.GetHashCode()) + (a.GetType() == b.GetType()) + a.Nested.X); var list = new[] { new { K = 2, V = "b" }, new { K = 1, V = "a" } }.ToList(); list.Sort((x, y) => x.K - y.K); foreach (var x in list) Console.Write(x.V); Console.WriteLine(); var n = new { V = (string)null }; Console.WriteLine(n + "" + n.Equals(new { V = (string)null })); Console.WriteLine(list.GroupBy(x => new { Odd = x.K % 2, Len = x.V.Length }).Count() + " " + list.Select(x => new { x.K, Twice = x.K * 2 }).Sum(x => x.Twice)); var d = list.ToDictionary(x => new { x.K }); Console.WriteLine(d[new { K = 1 }].V); var f = Make(() => new { Q = 5 }); Console.WriteLine(f.Q);
        var t = Tuple.Create(1, "x", 2.5); Console.WriteLine(t + " " + t.Item2 + t.Equals(Tuple.Create(1, "x", 2.5)) + ((IComparable)t).CompareTo(Tuple.Create(1, "y", 0.0))); var nested = Tuple.Create(1, Tuple.Create("in")); Console.WriteLine(nested.Item2.Item1 + nested); var set = new HashSet<Tuple<int, int>> { Tuple.Create(1, 2), Tuple.Create(1, 2) }; Console.WriteLine(set.Count);
    }
    static T Make<T>(Func<T> f) { return f(); }
}
