using System;
enum E : byte { A = 1, B = 200 }
class Program {
    static readonly int[] Table = { 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144 };
    static readonly double[] Doubles = { 0.1, -2.5, 1e100, double.NaN };
    static readonly byte[] Bytes = { 0, 1, 2, 250, 251, 252, 253, 254, 255 };
    static readonly char[] Chars = { 'a', '\u20ac', '\n' };
    static readonly ulong[] Longs = { 0, ulong.MaxValue, 0x123456789abcdef };
    static readonly bool[] Bools = { true, false, true, true };
    static readonly E[] Enums = { E.A, E.B, E.A };
    static readonly float[] Floats = { 1.5f, -0.25f, 3e38f };
    static readonly short[,] Matrix = { { 1, -2, 3 }, { -4, 5, -6 } };
    static readonly string[] Strings = { "x", null, "", "yy" };
    static readonly int[][] Jagged = { new[] { 1 }, new[] { 1, 2 }, new int[] { } };
    static void Main() {
        Console.WriteLine(string.Join(",", Table) + " " + string.Join(",", Doubles) + " " + string.Join(",", Bytes) + " " + (int)Chars[1] + " " + string.Join(",", Longs) + " " + string.Join(",", Bools) + " " + string.Join(",", Enums) + " " + string.Join(",", Floats));
        foreach (short s in Matrix) Console.Write(s + " ");
        Console.WriteLine(Strings.Length + " " + Jagged[1][1] + Jagged[2].Length);
        var inferred = new[] { 1, 2.5, 'c' }; Console.WriteLine(inferred.GetType() + " " + inferred[2]);
        int[] local = new int[3] { 7, 8, 9 }; local[1] = 0; int[] again = Make(); again[0]++; Console.WriteLine(local[2] + " " + again[0] + " " + Make()[0]);
        var anon = new[] { new { A = 1, B = "x" }, new { A = 2, B = "y" } }; Console.WriteLine(anon[1].B + anon[0]);
        long sum = 0; foreach (int x in new[] { 1000000, 2000000, 3000000, 4000000, 5000000 }) sum += x; Console.WriteLine(sum);
    }
    static int[] Make() { return new[] { 10, 20, 30, 40 }; }
}
