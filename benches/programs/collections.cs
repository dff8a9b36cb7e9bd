// Dictionary and List churn: hashing, growth, generic code over ints, structs and strings.
using System;
using System.Collections.Generic;
struct Point : IEquatable<Point> {
    public readonly int X, Y;
    public Point(int x, int y) { X = x; Y = y; }
    public bool Equals(Point o) { return X == o.X && Y == o.Y; }
    public override bool Equals(object o) { return o is Point && Equals((Point)o); }
    public override int GetHashCode() { return X * 31 + Y; }
}
class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]); long sum = 0;
        var names = new string[1000]; for (int i = 0; i < names.Length; i++) names[i] = "name" + i * 7;
        for (int r = 0; r < rounds; r++) {
            var ints = new Dictionary<int, int>(); uint s = (uint)r;
            for (int i = 0; i < 20000; i++) { s = s * 1664525 + 1013904223; int k = (int)(s >> 18), v; ints.TryGetValue(k, out v); ints[k] = v + 1; if ((s >> 10 & 7) == 0) ints.Remove(k); }
            foreach (var p in ints) sum += p.Key ^ p.Value;
            var words = new Dictionary<string, List<int>>();
            for (int i = 0; i < 10000; i++) { List<int> l; string n = names[(i * 37 + r) % names.Length]; if (!words.TryGetValue(n, out l)) words[n] = l = new List<int>(); l.Add(i); }
            foreach (var l in words.Values) foreach (int i in l) sum += i;
            var points = new HashSet<Point>();
            for (int i = 0; i < 10000; i++) { points.Add(new Point(i % 100, i % 77)); if (points.Contains(new Point(i % 50, i % 20))) sum++; }
            var list = new List<int>(); for (int i = 0; i < 20000; i++) { s = s * 1664525 + 1013904223; list.Add((int)(s >> 8)); }
            list.Sort(); for (int i = 0; i < list.Count; i += 100) sum += list[i]; sum += list.BinarySearch(list[500]) + points.Count;
        }
        Console.WriteLine(sum);
    }
}
