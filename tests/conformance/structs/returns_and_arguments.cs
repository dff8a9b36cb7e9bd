using System;
struct S1 { public byte A; } struct S2 { public short A, B; } struct S3 { public int A; public byte B; } struct S4 { public int A, B, C; } struct S8 { public double A, B; } struct SF { public float A, B, C; } struct SM { public float F; public int I; public double D; } struct SR { public string S; public int I; public object O; } struct SL { public long A, B, C, D, E; }
class Program {
    static S1 F1(S1 s) { s.A++; return s; } static S2 F2(S2 s) { s.A++; s.B--; return s; } static S3 F3(S3 s) { s.A *= 2; s.B += 3; return s; } static S4 F4(S4 s) { s.C = s.A + s.B; return s; } static S8 F8(S8 s) { s.A = -s.A; s.B *= 0.5; return s; } static SF FF(SF s) { s.C = s.A * s.B; return s; } static SM FM(SM s) { s.F += s.I; s.D /= s.F; return s; } static SR FR(SR s) { s.O = s.S + s.I; s.S = null; return s; } static SL FL(SL s) { s.E = s.A + s.B + s.C + s.D; return s; }
    static string Mixed(int a, S1 b, double c, S8 d, string e, SR f, float g, SL h, long i, S3 j, byte k, SF l, decimal m, SM n) { return a + " " + b.A + " " + c + " " + d.A + d.B + e + f.S + f.I + g + " " + h.E + " " + i + " " + j.A + j.B + k + l.C + m + n.D; }
    SL Instance(int x, SR r, SL l) { l.A += x + r.I; return l; } static SL Recurse(SL s, int n) { if (n == 0) return s; s.A += n; s.E ^= s.A; return Recurse(s, n - 1); }
    static void Main() {
        Console.WriteLine(F1(F1(new S1 { A = 254 })).A + " " + F2(new S2 { A = short.MaxValue }).A + " " + F2(new S2()).B + " " + F3(new S3 { A = 21, B = 254 }).B + " " + F4(new S4 { A = 1, B = 2 }).C + " " + F8(new S8 { A = 1.5, B = 3 }).A + " " + F8(new S8 { B = 3 }).B + " " + FF(new SF { A = 2, B = 3 }).C + " " + FM(new SM { F = 1, I = 2, D = 9 }).D + " " + FR(new SR { S = "s", I = 4 }).O + " " + FL(new SL { A = 1, B = 2, C = 3, D = 4 }).E);
        Console.WriteLine(Mixed(1, new S1 { A = 2 }, 3.5, new S8 { A = 4, B = 5 }, "six", new SR { S = "seven", I = 8 }, 9.5f, new SL { E = 10 }, 11, new S3 { A = 12, B = 13 }, 14, new SF { C = 15 }, 16.5m, new SM { D = 17 }));
        Console.WriteLine(new Program().Instance(1, new SR { I = 2 }, new SL { A = 3 }).A + " " + Recurse(new SL { A = 1, E = 5 }, 50).E); Func<SR, SR> f = FR; Func<SL, int, SL> g = Recurse; Console.WriteLine(f(new SR { S = "d", I = 1 }).O + " " + g(new SL(), 3).A);
        var arr = new SR[3]; arr[1] = FR(new SR { S = "arr", I = 1 }); Console.WriteLine(arr[1].O + "" + (arr[0].O == null)); DateTime d = new DateTime(2000, 1, 1).AddDays(1).AddHours(2); TimeSpan t = d - d.Date; Console.WriteLine(t + " " + d.ToString("s")); var tup = T(5); Console.WriteLine(tup); decimal dec = Dec(1.5m, 2); Console.WriteLine(dec);
    }
    static (int, string, double) T(int n) { return (n, "t" + n, n * 0.5); } static decimal Dec(decimal a, int b) { return a * b + 0.25m; }
}
