using System;
class Program {
    static int Sum(params int[] n) { int s = 0; foreach (int x in n) s += x; return s; }
    static string Objects(string f, params object[] o) { return f + (o == null ? "null" : o.Length.ToString()); }
    static void Ref(ref int a, ref string s) { a *= 2; s += "!"; }
    static bool Out(int n, out int half, out string text) { half = n / 2; text = "t" + n; return n % 2 == 0; }
    static int Default(int a, int b = 10, string c = "c", double d = 1.5, DayOfWeek e = DayOfWeek.Friday, int? f = null, object g = null) { Console.WriteLine(a + " " + b + " " + c + " " + d + " " + e + " " + (f ?? -1) + " " + (g ?? "null")); return a; }
    static ref int Find(int[] a, int v) { for (int i = 0; i < a.Length; i++) if (a[i] == v) return ref a[i]; throw new Exception("none"); }
    static void Alias(ref int a, ref int b) { a = 1; b = 2; Console.Write(a + " "); }
    struct P { public int X; } class C { public int F; public static int G; }
    static void SetP(ref P p) { p = new P { X = 9 }; } static void Grow(ref int[] a) { Array.Resize(ref a, 5); }
    static void Swap<T>(ref T a, ref T b) { var t = a; a = b; b = t; }
    static void Main() {
        Console.WriteLine(Sum() + " " + Sum(1) + " " + Sum(1, 2, 3) + " " + Sum(new[] { 4, 5 }));
        Console.WriteLine(Objects("a") + Objects("b", 1, "x") + Objects("c", null) + Objects("d", new object[] { 1 }) + Objects("e", (object)new object[] { 1, 2 }) + Objects("f", new string[3]) + Objects("g", new int[3]));
        int n = 5; string s = "hi"; Ref(ref n, ref s); Console.WriteLine(n + s);
        int h; string t; Console.WriteLine(Out(n, out h, out t) + " " + h + t); if (Out(7, out int inline, out _)) Console.WriteLine("even"); else Console.WriteLine("odd " + inline);
        Default(1); Default(1, 2); Default(1, c: "named", b: 3); Default(g: "last", a: 4); Default(1, f: 6, e: DayOfWeek.Monday);
        int[] a = { 1, 2, 3 }; Find(a, 2) = 20; Find(a, 3)++; ref int r = ref Find(a, 1); r = -1; Console.WriteLine(string.Join(",", a));
        Alias(ref n, ref n); Console.WriteLine(n);
        var p = new P(); SetP(ref p); var c = new C(); Ref(ref c.F, ref s); c.F = 3; Ref(ref c.F, ref s); Ref(ref C.G, ref s); Grow(ref a); Console.WriteLine(p.X + " " + c.F + " " + a.Length + s);
        Swap(ref a[0], ref a[1]); Swap(ref s, ref t); Console.WriteLine(a[0] + s + t);
        object o = 1; Swap(ref o, ref o); Console.WriteLine(o); ref P q = ref p; q.X++; Console.WriteLine(p.X);
    }
}
