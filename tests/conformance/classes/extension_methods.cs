using System;
using System.Collections.Generic;
static class Extensions {
    public static bool IsEven(this int n) { return n % 2 == 0; }
    public static string Repeat(this string s, int n) { string r = ""; for (int i = 0; i < n; i++) r += s; return r; }
    public static IEnumerable<T> Every<T>(this IEnumerable<T> source, int n) { int i = 0; foreach (T x in source) if (i++ % n == 0) yield return x; }
    public static T Tap<T>(this T value, Action<T> a) { a(value); return value; }
    public static bool IsNull(this object o) { return o == null; }
    public static int Total(this int[] a) { int t = 0; foreach (int x in a) t += x; return t; }
    public static void Deconstruct(this DateTime d, out int y, out int m) { y = d.Year; m = d.Month; }
    public static TResult Pipe<T, TResult>(this T value, Func<T, TResult> f) => f(value);
    public static void Shout(this IFormattable f) { Console.WriteLine(f.ToString("000", null) + "!"); }
}
class Program {
    static void Main() {
        Console.WriteLine(4.IsEven() + " " + "ab".Repeat(3) + " " + string.Join(",", new[] { 1, 2, 3, 4, 5 }.Every(2)));
        "tap".Tap(Console.WriteLine).Tap(s => Console.WriteLine(s.Length));
        string none = null; Console.WriteLine(none.IsNull() + " " + new[] { 1, 2, 3 }.Total());
        int year, month; new DateTime(2010, 5, 6).Deconstruct(out year, out month); Console.WriteLine(year + " " + month);
        Console.WriteLine(5.Pipe(x => x * 2).Pipe(x => "n" + x));
        7.Shout(); 3.5.Shout();
        Func<int, bool> even = Extensions.IsEven; Func<string> bound = "xy".Twice; Console.WriteLine(even(3) + bound());
    }
}
static class More { public static string Twice(this string s) { return s + s; } }
