// Enums on every base type: arithmetic, boxing, comparison, text, flags, arrays, generics, switch.
using System;

enum EB : byte { A = 1, Z = 255 }
enum ESB : sbyte { A = -1, Z = 127 }
enum ES : short { A = -300 }
enum EUS : ushort { A = 65535 }
enum EI { A = -5, B, C }
enum EU : uint { A = 4000000000 }
enum EL : long { A = long.MinValue, B = 1 }
enum EUL : ulong { A = ulong.MaxValue }
[Flags] enum Fl { None = 0, One = 1, Two = 2, Four = 4, All = 7 }

static class Program
{
    static string T<E>(E e) where E : struct { object o = e; return o + "/" + e.GetHashCode() + "/" + Convert.ToString(Convert.ChangeType(o, Enum.GetUnderlyingType(typeof(E)))) + "/" + e.Equals(o) + "/" + default(E); }

    static void Main()
    {
        Console.WriteLine(T(EB.Z) + " " + T(ESB.A) + " " + T(ES.A) + " " + T(EUS.A));
        Console.WriteLine(T(EI.B) + " " + T(EU.A) + " " + T(EL.A) + " " + T(EUL.A));
        EB e = EB.Z; e++; Console.WriteLine((int)e + " " + (EB)300L.GetHashCode());
        ESB s = ESB.Z; s++; Console.WriteLine((int)s);
        EUL u = EUL.A; u -= 1; Console.WriteLine(u + " " + (u > EUL.A - 5));
        EL l = EL.A; Console.WriteLine((l < EL.B) + " " + (long)(l + 1));
        Console.WriteLine((Fl.One | Fl.Four) + " " + (Fl)9 + " " + Fl.All + " " + (Fl.All & ~Fl.Two) + " " + (Fl.All ^ Fl.One).HasFlag(Fl.Two));
        Console.WriteLine(Enum.Parse(typeof(Fl), "One, Four") + " " + Enum.IsDefined(typeof(EI), -4) + " " + string.Join("|", Enum.GetNames(typeof(EI))) + " " + Enum.Format(typeof(Fl), Fl.Two, "X"));
        foreach (EI v in Enum.GetValues(typeof(EI))) Console.Write(v + "=" + (int)v + " ");
        Console.WriteLine();
        var a = new[] { EB.A, EB.Z }; a[0] |= EB.Z; Console.WriteLine(a[0] + " " + Array.IndexOf(a, EB.Z));
        object o = EI.C; Console.WriteLine((int)o + " " + (EI)o + " " + (o is int) + " " + (o is EI) + " " + (o is Enum) + " " + (o is ValueType) + " " + (o is IComparable));
        Console.WriteLine(((Enum)o).CompareTo(EI.A) + " " + EI.A.CompareTo(EI.C) + " " + o.Equals(-3));
        switch (EL.B + 0) { case EL.A: Console.WriteLine("A"); break; case EL.B: Console.WriteLine("B"); break; }
        EI? n = null; Console.WriteLine((n ?? EI.B) + " " + n.HasValue); n = EI.A; Console.WriteLine(n + " " + (n == EI.A));
        Console.WriteLine(typeof(EL).IsEnum + " " + Enum.GetUnderlyingType(typeof(ES)) + " " + Enum.ToObject(typeof(EB), 1));
        try { EI.A.CompareTo(Fl.One); } catch (ArgumentException) { Console.WriteLine("other enum"); }
        int i = (int)EI.A; uint w = (uint)EU.A; Console.WriteLine(i + w);
        Console.WriteLine(EI.A.ToString("D") + EI.B.ToString("G") + ((EI)77).ToString() + EI.C.ToString("x"));
    }
}
