// Unboxing to a nullable wants exactly its value type; vectors of native integers.
using System;

class Program
{
    enum Color { Red, Green }

    static void Try(string what, Func<object> action)
    {
        try { Console.WriteLine("{0}: {1}", what, action() ?? "null"); }
        catch (InvalidCastException) { Console.WriteLine("{0}: InvalidCast", what); }
    }

    static void Main()
    {
        object number = 1, color = Color.Green, nothing = null;
        Try("int as Color?", () => (Color?)number);
        Try("Color as Color?", () => (Color?)color);
        Try("Color as int?", () => (int?)color);
        Try("int as int?", () => (int?)number);
        Try("null as Color?", () => (Color?)nothing);
        Try("int as Color", () => (Color)number);
        object longs = new long[1], natives = new IntPtr[1], unsigned = new UIntPtr[1], ints = new int[1];
        Console.WriteLine("{0} {1} {2} {3}", longs is IntPtr[], natives is ulong[], unsigned is IntPtr[], ints is IntPtr[]);
    }
}
