using System;
struct S { public int V; public static S operator +(S a, S b) { return new S { V = a.V + b.V }; } public static bool operator <(S a, S b) { return a.V < b.V; } public static bool operator >(S a, S b) { return a.V > b.V; } }
class Program {
    static string Show<T>(T? n) where T : struct { return n.HasValue ? n.Value.ToString() : "null"; }
    static int? Half(int? n) { return n / 2; }
    static void Main() {
        int? a = 5, b = null; Console.WriteLine(Show(a + b) + Show(a * 2) + Show(-a) + Show(-b) + Show(a & 4) + Show(a << 1) + Show(Half(a)) + Show(Half(b)));
        Console.WriteLine((a > b) + "" + (a < b) + (a == b) + (a != b) + (b == null) + (a >= 5) + (b <= null) + (null == a));
        Console.WriteLine((a ?? -1) + (b ?? -1) + (b ?? a ?? 7) + " " + a.GetValueOrDefault() + b.GetValueOrDefault() + b.GetValueOrDefault(9)); try { Console.WriteLine(b.Value); } catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
        bool? t = true, f = false, n = null; foreach (bool? x in new[] { t, f, n }) foreach (bool? y in new[] { t, f, n }) Console.Write(Show(x & y)[0] + "" + Show(x | y)[0] + Show(x ^ y)[0] + " "); Console.WriteLine(Show(!n) + Show(!t));
        object o = a, p = b; Console.WriteLine(o.GetType() + " " + (p == null) + (o is int) + (o is int?) + " " + (int?)o + ((int?)p == null) + " " + (o as long?)); Console.WriteLine(a.Equals(5) + "" + a.Equals(null) + b.Equals(null) + a.GetHashCode() + b.GetHashCode() + "[" + b + "]" + a.ToString());
        a++; b++; Console.WriteLine(Show(a) + Show(b)); a += 10; a ^= 3; Console.WriteLine(Show(a)); long? l = a; double? d = a; int i = (int)l; Console.WriteLine(Show(l) + Show(d) + i); try { i = (int)b; } catch (InvalidOperationException) { Console.WriteLine("no value"); }
        S? s = new S { V = 1 }, u = null; Console.WriteLine((s + s).Value.V + " " + (s + u).HasValue + (s < s) + (s > u)); DateTime? when = null; Console.WriteLine(when?.Year ?? -1); when = new DateTime(2000, 1, 1); Console.WriteLine(when?.AddYears(1).Year); string z = null; Console.WriteLine(z?.Length ?? 0); int?[] arr = { 1, null }; Console.WriteLine(arr[1]?.ToString() ?? "none"); checked { try { int? m = int.MaxValue; m++; } catch (OverflowException) { Console.WriteLine("overflow"); } }
        Console.WriteLine(Nullable.GetUnderlyingType(typeof(int?)) + " " + typeof(int?) + " " + Nullable.Compare(a, b) + " " + default(int?).HasValue + " " + new int?(3)); Guid? g = Guid.Empty; Console.WriteLine(g == Guid.Empty);
    }
}
