using System;
struct Vec { public double X, Y; public Vec(double x, double y) { X = x; Y = y; } public double Length => Math.Sqrt(X * X + Y * Y); public void Scale(double k) { X *= k; Y *= k; } public static Vec operator +(Vec a, Vec b) => new Vec(a.X + b.X, a.Y + b.Y); public override string ToString() => "<" + X + "," + Y + ">"; }
struct Nested { public Vec A, B; public int N; public string S; }
struct Wide { public byte B; public long L; public short H; public double D; public object O; public char C; }
struct Empty { }
class Holder { public Vec V; public readonly Vec R = new Vec(1, 1); public Nested N; public static Vec Static; public Vec Prop { get; set; } }
class Program {
    static Vec Make(int i) { return new Vec(i, -i); }
    static Vec Pass(Vec v) { v.Scale(10); return v; }
    static Nested Big(Nested n) { n.A.X++; n.B = n.A; n.N *= 2; n.S += "+"; return n; }
    static void Main() {
        var a = new Vec(3, 4); var b = a; b.Scale(2);
        Console.WriteLine(a + " " + b + " " + a.Length + " " + (a + b) + " " + Pass(a) + " " + a);
        var h = new Holder(); h.V.X = 5; h.V.Scale(2); h.R.Scale(100); h.N.A.Y = 7; h.N.B.Scale(3); Holder.Static.X += 2; h.Prop = Make(3);
        Console.WriteLine(h.V + " " + h.R + " " + h.N.A + " " + Holder.Static + " " + h.Prop + " " + h.Prop.Length.ToString("F3"));
        var n = Big(Big(new Nested { N = 3, S = "s" })); Console.WriteLine(n.A + "" + n.B + n.N + n.S);
        Wide w = new Wide { B = 255, L = long.MaxValue, H = -1, D = 0.5, O = "o", C = 'c' }, x = w; x.B = 1; Console.WriteLine(w.B + " " + x.L + x.H + x.D + x.O + x.C);
        Console.WriteLine(default(Vec) + " " + new Empty().Equals(new Empty()) + " " + default(Nested).S);
        Vec[] vs = new Vec[4]; for (int i = 0; i < 4; i++) vs[i] = Make(i) + vs[Math.Max(0, i - 1)]; Console.WriteLine(string.Join(" ", vs));
        Func<Vec> captured = () => a; a.X = 99; Console.WriteLine(captured()); Vec? maybe = a; maybe.Value.Scale(5); Console.WriteLine(maybe.Value);
        object o = a; a.X = 0; Console.WriteLine(o + " " + ((Vec)o).X); ((Vec)o).Scale(2); Console.WriteLine(o);
    }
}
