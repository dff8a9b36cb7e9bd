using System;
using System.Collections;
interface ICount { int Count { get; } void Inc(); }
struct Counter : ICount { int n; public int Count { get { return n; } } public void Inc() { n++; } public override string ToString() { return "C" + n; } }
enum Color { Red, Green }
class Program {
    static void Bump(ICount c) { c.Inc(); } static void BumpG<T>(ref T c) where T : ICount { c.Inc(); } static void BumpCopy<T>(T c) where T : ICount { c.Inc(); }
    static string Type(object o) { return o == null ? "null" : o.GetType().Name; }
    static void Main() {
        object[] boxes = { (byte)1, (sbyte)-1, (short)2, (ushort)3, 4, 5u, 6L, 7ul, 8f, 9.0, 10m, 'c', true, Color.Green, new Counter(), (IntPtr)5, DateTime.MinValue, (int?)3, (int?)null };
        foreach (object o in boxes) Console.Write(Type(o) + "=" + (o is DateTime ? "" : o) + " "); Console.WriteLine();
        object i = 42; Console.WriteLine((int)i + " " + (i is int) + (i is long) + (i is IComparable) + (i is ValueType) + (i is Enum) + " " + (i as int?) + " " + ((int?)i).Value);
        try { long l = (long)i; } catch (InvalidCastException) { Console.WriteLine("int is not long"); }
        Console.WriteLine((long)(int)i + " " + (Color)(object)Color.Green + " " + (int)(Color)1); object e = Color.Red; Console.WriteLine((int)e + " " + e);
        var c = new Counter(); Bump(c); BumpCopy(c); Console.WriteLine(c.Count); BumpG(ref c); Console.WriteLine(c.Count); ICount b = c; Bump(b); b.Inc(); Console.WriteLine(b.Count + " " + c.Count + " " + ((Counter)b).Count + " " + b);
        object x = 5, y = 5; Console.WriteLine((x == y) + " " + x.Equals(y) + " " + ReferenceEquals(x, x)); IComparable cmp = 5; Console.WriteLine(cmp.CompareTo(6)); try { cmp.CompareTo("s"); } catch (ArgumentException) { Console.WriteLine("argument"); }
        var list = new ArrayList(); for (int k = 0; k < 5; k++) list.Add(k); int sum = 0; foreach (int k in list) sum += k; Console.WriteLine(sum);
        ValueType v = 3.5; Console.WriteLine(v.GetHashCode() == 3.5.GetHashCode()); Console.WriteLine(string.Concat(1, 'a', 2.5, Color.Red, c)); dynamicless(1); dynamicless("s");
        Console.WriteLine(((IFormattable)1234.5).ToString("N1", null) + ((IConvertible)7).ToDouble(null) + ((object)'x').Equals('x'));
    }
    static void dynamicless<T>(T t) { object o = t; Console.Write((o is T) + " " + typeof(T).IsValueType + " "); if (o is int n) Console.Write(n + 1); Console.WriteLine(); }
}
