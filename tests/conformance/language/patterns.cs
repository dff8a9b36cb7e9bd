// Compiler options: -langversion:experimental
using System;
class Shape { } class Circle : Shape { public double R; } class Rect : Shape { public double W, H; }
class Program {
    static string Describe(object o) {
        if (o is null) return "null";
        if (o is 0) return "zero";
        if (o is int i) return i < 0 ? "negative " + i : "int " + i;
        if (o is string s) return s.Length == 0 ? "empty" : "string " + s;
        if (o is Circle c) return c.R > 10 ? "big circle" : "circle " + c.R;
        if (o is Rect r) return "rect " + r.W * r.H;
        if (o is Shape) return "shape";
        if (o is int[] a) return "array " + a.Length;
        if (o is DayOfWeek d) return "day " + d;
        if (o is IFormattable f) return "formattable " + f.ToString(null, null);
        return "other " + o.GetType().Name;
    }
    static int Area(Shape s) { if (s is Rect r && r.W > 0) return (int)(r.W * r.H); return s is Circle c ? (int)c.R : -1; }
    static void Main() {
        foreach (object o in new object[] { null, 0, -5, 7, "", "text", new Circle { R = 1 }, new Circle { R = 11 }, new Rect { W = 2, H = 3 }, new Shape(), new[] { 1, 2 }, DayOfWeek.Friday, 2.5, 3L, 'c' }) Console.WriteLine(Describe(o));
        Console.WriteLine(Area(new Rect { W = 2, H = 3 }) + " " + Area(new Circle { R = 4 }) + " " + Area(new Rect()) + " " + Area(null));
        object x = 5; if (x is int n && n > 3) Console.WriteLine("n " + n); if (!(x is string)) Console.WriteLine("not a string"); Console.WriteLine(x is null);
        int? maybe = 4; if (maybe is int v) Console.WriteLine(v + 1); maybe = null; Console.WriteLine(maybe is int); Console.WriteLine(int.TryParse("12", out var parsed) ? parsed : 0);
        Console.WriteLine(x?.ToString() ?? "none"); string nul = null; Console.WriteLine(nul?.Length.ToString() ?? "null length"); Console.WriteLine(nul?[0] == null);
        Func<string> th = () => nul ?? throw new InvalidOperationException("thrown expression"); try { th(); } catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
        int bin = 0b1010, hex = 0xFF; Console.WriteLine(bin + hex);
    }
}
