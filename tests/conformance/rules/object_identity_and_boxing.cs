// Boxing, unboxing, equality, hash codes, GetType, ToString of everything; ReferenceEquals, MemberwiseClone, RuntimeHelpers.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

struct Plain { public int A; public string B; } struct Over { public int A; public override bool Equals(object o) { return o is Over && ((Over)o).A == A; } public override int GetHashCode() { return A * 31; } public override string ToString() { return "Over" + A; } } struct Holds { public object O; public double D; public Plain P; } struct Floats { public float F; public double D; }
class Cl : ICloneable { public int X = 1; public List<int> L = new List<int> { 1 }; public Plain P; public object Clone() { return MemberwiseClone(); } }
class Eq { readonly int v; public Eq(int v) { this.v = v; } public static bool operator ==(Eq a, Eq b) { return ReferenceEquals(a, b) || (!ReferenceEquals(a, null) && !ReferenceEquals(b, null) && a.v == b.v); } public static bool operator !=(Eq a, Eq b) { return !(a == b); } public override bool Equals(object o) { return this == (o as Eq); } public override int GetHashCode() { return v; } }

static class Program
{
    static void Main()
    {
        object a = 5, b = 5, c = a; Console.WriteLine((a == b) + " " + a.Equals(b) + " " + ReferenceEquals(a, c) + " " + a.GetHashCode() + " " + ((int)a + (int)b));
        object l = 5L; Console.WriteLine(a.Equals(l) + " " + l.Equals(5L) + " " + ((IComparable)l).CompareTo(4L) + " " + ((IConvertible)a).ToDouble(null) + " " + ((IFormattable)l).ToString("X4", null));
        Console.WriteLine(new Plain { A = 1, B = "x" }.Equals(new Plain { A = 1, B = "x" }) + " " + new Plain { A = 1 }.Equals(new Plain { A = 2 }) + " " + new Plain().Equals(null) + " " + new Plain().Equals(new Over()) + " " + new Plain());
        Console.WriteLine(new Holds { O = "s", P = { B = "t" } }.Equals(new Holds { O = "s", P = { B = "t" } }) + " " + new Floats { F = 0f, D = double.NaN }.Equals(new Floats { F = -0f, D = double.NaN }) + " " + new Over { A = 3 } + new Over { A = 3 }.GetHashCode() + new Over { A = 3 }.Equals((object)new Over { A = 3 }));
        var c1 = new Cl(); c1.P.B = "p"; var c2 = (Cl)c1.Clone(); c2.X = 2; c2.L.Add(5); c2.P.B = "q"; Console.WriteLine(c1.X + " " + c1.L.Count + c1.P.B + " " + c2.X + c2.P.B + " " + ReferenceEquals(c1.L, c2.L));
        Console.WriteLine((new Eq(1) == new Eq(1)) + " " + (new Eq(1) != null) + " " + (null == (Eq)null) + " " + new HashSet<Eq> { new Eq(1), new Eq(1), new Eq(2) }.Count + " " + ((object)new Eq(1) == (object)new Eq(1)));
        foreach (object o in new object[] { 1, 2u, 3L, 4ul, (short)5, (ushort)6, (byte)7, (sbyte)8, 'c', true, 1.5f, 2.5, 3.5m, "s", DayOfWeek.Friday, new int[0], typeof(int), new Plain(), (int?)9, DateTime.MinValue, new object() }) Console.Write(o.GetType().Name + ":" + o + " "); Console.WriteLine();
        var h = new object(); int hash = h.GetHashCode(); for (int i = 0; i < 3; i++) { GC.Collect(); if (h.GetHashCode() != hash || RuntimeHelpers.GetHashCode(h) != hash) Console.WriteLine("moved"); } lock (h) Console.WriteLine(h.GetHashCode() == hash);
        Console.WriteLine(object.Equals(null, null) + " " + object.Equals(a, null) + " " + object.Equals("x", "x") + " " + ReferenceEquals("lit", "l" + "it") + " " + ReferenceEquals(string.Intern(new string('z', 2)), string.Intern("zz")) + " " + RuntimeHelpers.Equals(a, b) + " " + (string.IsInterned("never seen " + hash) == null));
        ValueType v = new Over { A = 4 }; Enum e = DayOfWeek.Monday; Console.WriteLine(v + " " + e + " " + v.GetType() + " " + (v is Over) + ((Over)v).A + (int)(DayOfWeek)e); object boxed = new Over { A = 1 }; var copy = (Over)boxed; copy.A = 9; Console.WriteLine(boxed + " " + copy);
        int? n = null; object on = n; Console.WriteLine(on == null); try { Console.WriteLine((int)on); } catch (NullReferenceException) { Console.WriteLine("unbox null"); } try { Console.WriteLine((long)a); } catch (InvalidCastException) { Console.WriteLine("unbox other"); } Console.WriteLine((uint)(int)a + " " + (byte)(DayOfWeek)(object)DayOfWeek.Friday);
        Tuple<int, string> t1 = Tuple.Create(1, "a"), t2 = Tuple.Create(1, "a"); var k1 = new { X = 1, Y = "z" }; var k2 = new { X = 1, Y = "z" }; Console.WriteLine(t1.Equals(t2) + " " + (t1 == t2) + " " + k1.Equals(k2) + " " + (k1.GetHashCode() == k2.GetHashCode()) + " " + k1 + " " + (1, "v").Equals((1, "v")) + (2, 3).GetHashCode().Equals((2, 3).GetHashCode()) + (1, (2, "x")));
    }
}
