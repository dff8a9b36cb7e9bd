// Switches over strings (hashed and linear), longs, chars, bool?; chains of type tests; goto case and default; continue and break inside.
using System;
using System.Collections.Generic;

abstract class Shape { } class Circle : Shape { public double R; } class Rect : Shape { public double W, H; } class Square : Rect { }

static class Program
{
    static int Few(string s) { switch (s) { case "a": return 1; case "b": return 2; case null: return -1; case "": return 0; default: return 99; } }
    static string Many(string s) { switch (s) { case "zero": case "nil": return "0"; case "one": return "1"; case "two": goto case "one"; case "three": return "3"; case "four": return "4"; case "five": return "5"; case "six": goto default; case "seven": return "7"; case "eight": return "8"; case "nine": return "9"; case null: return "null"; default: return "?"; } }
    static string Describe(object o) { if (o == null) return "null"; if (o is int) { int i = (int)o; return i < 0 ? "negative " + i : "int " + i; } var s = o as string; if (s != null) return s.Length == 0 ? "empty" : "string " + s; var q = o as Square; if (q != null) return "square " + q.W; var r = o as Rect; if (r != null) return r.W == r.H ? "square-like" : "rect " + r.W * r.H; var c = o as Circle; if (c != null) return "circle " + c.R; var a = o as int[]; if (a != null && a.Length > 2) return "array " + a[2]; if (o is IEnumerable<int>) return "ints"; if (o is Exception) return ((Exception)o).Message; if (o is DayOfWeek) switch ((DayOfWeek)o) { case DayOfWeek.Friday: return "friday"; default: return "day " + o; } return o is long ? "long" : o.GetType().Name; }
    static string Sparse(long v) { switch (v) { case long.MinValue: return "min"; case -1: return "-1"; case 0: return "0"; case 1L << 33: return "2^33"; case 1000000007: return "prime"; case long.MaxValue: return "max"; } return "other"; }
    static int Chars(char c) { switch (c) { case 'a': case 'e': case 'i': case 'o': case 'u': return 1; case '0': case '9': return 2; case '\uffff': return 3; default: return c > 'm' ? 4 : 5; } }
    static bool Flag(bool? b) { switch (b) { case true: return true; case false: return false; default: throw new ArgumentNullException(); } }

    static void Main()
    {
        foreach (var s in new[] { "a", "b", null, "", "A", "ab" }) Console.Write(Few(s) + " "); Console.WriteLine();
        foreach (var s in new[] { "zero", "nil", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", null, "ten", "onf" }) Console.Write(Many(s) + " "); Console.WriteLine();
        foreach (var o in new object[] { null, -5, 5, "", "x", new Square { W = 2 }, new Rect { W = 3, H = 3 }, new Rect { W = 3, H = 2 }, new Circle { R = 1.5 }, new[] { 1, 2, 3 }, new[] { 1 }, new List<int>(), new Exception("ex"), DayOfWeek.Friday, DayOfWeek.Monday, 5L, 2.5, (short)3 }) Console.Write(Describe(o) + "; "); Console.WriteLine();
        foreach (var v in new[] { long.MinValue, -1, 0, 1L << 33, 1000000007, long.MaxValue, 7 }) Console.Write(Sparse(v) + " "); Console.WriteLine();
        foreach (var c in "aeiou09zb\uffff") Console.Write(Chars(c)); Console.WriteLine(Flag(true) + "" + Flag(false)); try { Flag(null); } catch (ArgumentNullException) { Console.WriteLine("null"); }
        object x = 12; Console.WriteLine((x as int?) + " " + (x as string ?? "not a string"));
        for (int i = 0; i < 12; i++) { switch (i % 5) { case 0: continue; case 3: if (i > 8) goto done; break; default: Console.Write(i + " "); break; } } done: Console.WriteLine("end");
        int state = 0, steps = 0; loop: switch (state) { case 0: state = 2; steps++; goto loop; case 1: state = 3; steps += 100; goto loop; case 2: state = 1; steps += 10; goto loop; } Console.WriteLine(steps + " " + state);
    }
}
