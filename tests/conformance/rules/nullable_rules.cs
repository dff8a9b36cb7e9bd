// Nullable: boxing to the value or null, unboxing, lifted operators, generics, constrained calls, arrays, equality, conversion.
using System;
using System.Collections.Generic;

struct P : IComparable<P> { public int X; public P(int x) { X = x; } public int CompareTo(P o) { return X.CompareTo(o.X); } public override string ToString() { return "P" + X; } public static P operator +(P a, P b) { return new P(a.X + b.X); } public static bool operator ==(P a, P b) { return a.X == b.X; } public static bool operator !=(P a, P b) { return a.X != b.X; } public override bool Equals(object o) { return o is P && (P)o == this; } public override int GetHashCode() { return X; } }

static class Program
{
    static string Show<T>(T? t) where T : struct { return t.HasValue ? t.Value.ToString() : "none"; }
    static object Box<T>(T t) { return t; }
    static bool IsNull<T>(T t) { return t == null; }
    static T Unbox<T>(object o) { return (T)o; }
    static int? Opt(bool b) { return b ? (int?)4 : null; }

    static void Main()
    {
        int? a = 5, b = null;
        object oa = a, ob = b;
        Console.WriteLine(oa.GetType() + " " + (ob == null) + " " + (int)oa + " " + (int?)ob + " " + ((int?)oa + 1));
        Console.WriteLine((a + b) + "|" + (a * 2) + "|" + (a > b) + "|" + (b == null) + "|" + (a != b) + "|" + (b >= b) + "|" + (b == b));
        bool? t = true, f = false, n = null;
        Console.WriteLine((t & n) + "|" + (f & n) + "|" + (t | n) + "|" + (f | n) + "|" + (!n));
        P? p = new P(3), q = null;
        Console.WriteLine(Show(p + p) + Show(p + q) + (p == q) + (p == new P(3)) + p.GetHashCode() + q.GetHashCode() + "[" + q + "]");
        Console.WriteLine(Box(p) + " " + (Box(q) == null) + " " + IsNull(q) + IsNull(p) + IsNull(7));
        Console.WriteLine(Unbox<int?>(null).HasValue + " " + Unbox<int?>(8) + " " + Unbox<P?>(new P(4)));
        try { Unbox<int?>("s"); } catch (InvalidCastException) { Console.WriteLine("cast"); }
        try { Unbox<int?>(5L); } catch (InvalidCastException) { Console.WriteLine("cast long"); }
        try { Console.WriteLine(b.Value); } catch (InvalidOperationException) { Console.WriteLine("no value"); }
        try { Console.WriteLine((int)b); } catch (InvalidOperationException) { Console.WriteLine("no value"); }
        try { Console.WriteLine(q.GetType()); } catch (NullReferenceException) { Console.WriteLine("GetType of none"); }
        Console.WriteLine(p.GetType() + " " + typeof(int?) + " " + Nullable.GetUnderlyingType(typeof(P?)) + " " + (oa is int?) + (ob is int?));
        var arr = new int?[] { 1, null, 3 }; int sum = 0; foreach (var x in arr) sum += x ?? 100; Console.WriteLine(sum + " " + arr[1].GetValueOrDefault(9));
        object boxedArr = arr.GetValue(1); Console.WriteLine(boxedArr == null); arr.SetValue(null, 0); arr.SetValue(6, 1); Console.WriteLine(arr[0].HasValue + " " + arr[1]);
        var d = new Dictionary<string, int?> { { "k", null } }; d["l"] = 4; Console.WriteLine(d["k"] + "," + d["l"]);
        Console.WriteLine(Comparer<int?>.Default.Compare(null, 1) + " " + EqualityComparer<P?>.Default.Equals(p, new P(3)) + " " + Nullable.Compare(a, b));
        Console.WriteLine((Opt(true) ?? 0) + (Opt(false) ?? -1)); int? m = Opt(true); m++; m += 3; Console.WriteLine(m);
        long? wide = a; double? dd = wide; Console.WriteLine(dd + " " + (short?)a + " " + (DayOfWeek?)a);
        Func<int?, string> fn = x => x.HasValue ? "has" + x : "not"; Console.WriteLine(fn(1) + fn(null));
        IComparable<P> c = p; Console.WriteLine(c.CompareTo(new P(1))); IComparable<P> cq = q; Console.WriteLine(cq == null);
        Console.WriteLine(p?.X + "|" + q?.X + "|" + (p is P) + (q is P));
    }
}
