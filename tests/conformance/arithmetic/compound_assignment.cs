using System;
class Holder { public int I; public long L; public double D; public byte B; public string S = ""; public static int Static; public int P { get; set; } int[] a = new int[3]; public int this[int i] { get { Console.Write("get" + i + " "); return a[i]; } set { Console.Write("set" + i + " "); a[i] = value; } } }
class Program {
    static int calls;
    static int Index() { return calls++; }
    static void Main() {
        var h = new Holder();
        h.I += 5; h.I *= 3; h.I -= 1; h.I /= 2; h.I %= 4; h.I <<= 4; h.I >>= 1; h.I |= 3; h.I &= 0xe; h.I ^= 0xff;
        Console.WriteLine(h.I);
        h.L = 1; h.L <<= 40; h.L += h.I; h.L /= 3;
        h.D += 1.5; h.D *= h.D; h.D -= 0.25; h.D /= 3; h.D %= 0.5;
        h.B += 200; h.B += 100; h.B -= 50; h.B ^= 0xf0;
        Console.WriteLine(h.L + " " + h.D + " " + h.B);
        Holder.Static++; Holder.Static += 10; h.P++; h.P *= 7; --h.P;
        Console.WriteLine(Holder.Static + " " + h.P);
        h[1] += 4; h[1]++; ++h[1];
        Console.WriteLine(h[1]--);
        Console.WriteLine(h[1]);
        int[] a = { 10, 20, 30 };
        a[Index()] += 1; a[Index()]++; a[Index()] <<= 1;
        Console.WriteLine(string.Join(",", a) + " " + calls);
        int x = 5;
        int y = x++ + ++x * x-- - --x;
        Console.WriteLine(x + " " + y);
        x += x++ + x; Console.WriteLine(x);
        for (int i = 0; i < 3; i++) h.S += i + ";";
        Console.WriteLine(h.S);
        bool b = true; b &= false; b |= true; b ^= true; Console.WriteLine(b);
        int? n = null; n += 5; Console.WriteLine(n.HasValue); n = 3; n *= 2; Console.WriteLine(n);
        string s = null; s = s ?? "default"; Console.WriteLine(s);
    }
}
