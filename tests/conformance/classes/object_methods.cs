using System;
class Plain { }
class Point { public int X, Y; public override bool Equals(object o) { var p = o as Point; return p != null && p.X == X && p.Y == Y; } public override int GetHashCode() { return X * 31 + Y; } public override string ToString() { return X + ":" + Y; } public Point Copy() { return (Point)MemberwiseClone(); } }
class Deep : ICloneable { public int[] Data = { 1, 2 }; public Point P = new Point { X = 1 }; public object Clone() { var d = (Deep)MemberwiseClone(); d.Data = (int[])Data.Clone(); return d; } }
struct V { public int A; public string B; }
struct W { public double D; public object O; public int I; }
class Program {
    static void Main() {
        object a = new Plain(), b = new Plain();
        Console.WriteLine(a + " " + a.Equals(b) + a.Equals(a) + (a == b) + ReferenceEquals(a, a) + Equals(a, null) + Equals(null, null) + (a.GetHashCode() == a.GetHashCode()));
        var p = new Point { X = 1, Y = 2 }; var q = p.Copy(); q.Y = 2;
        Console.WriteLine(p.Equals(q) + " " + (p == q) + " " + Equals(p, q) + " " + p.GetHashCode() + " " + p + " " + p.Equals("x"));
        var d = new Deep(); var e = (Deep)d.Clone(); e.Data[0] = 9; e.P.X = 8; Console.WriteLine(d.Data[0] + " " + d.P.X);
        Console.WriteLine(new V { A = 1, B = "x" }.Equals(new V { A = 1, B = "x" }) + " " + new V { A = 1 }.Equals(new V { A = 2 }) + " " + new V().Equals(null) + " " + new V() + " " + new W { D = 1, O = "s", I = 2 }.Equals(new W { D = 1, O = "s", I = 2 }) + " " + new W { D = 1, O = "s" }.Equals(new W { D = 1, O = "t" }));
        Console.WriteLine(1.Equals(1L) + " " + 1L.Equals(1) + " " + ((object)1).Equals(1) + " " + 1.5.Equals(1.5f) + " " + double.NaN.Equals(double.NaN) + " " + "a".Equals((object)"a") + " " + 'a'.Equals('a') + true.Equals(true) + " " + 5m.Equals(5.0m));
        Console.WriteLine(5.GetHashCode() + " " + true.GetHashCode() + " " + 'a'.GetHashCode() + " " + 7L.GetHashCode() + " " + (1L << 32).GetHashCode() + " " + 1.5.GetHashCode() + " " + ((byte)3).GetHashCode() + " " + (-1).GetHashCode() + " " + new V { A = 5 }.GetHashCode().Equals(new V { A = 5 }.GetHashCode()));
        Console.WriteLine(a.GetType() == typeof(Plain)); Console.WriteLine(new int[0] + " " + new object() + " " + new { A = 1, B = "two" } + " " + typeof(int) + " " + new Exception("m").Message);
    }
}
