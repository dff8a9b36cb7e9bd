using System;
using System.Globalization;
class Program {
    static void Main() {
        var inv = CultureInfo.InvariantCulture; ulong s = 0x9E3779B97F4A7C15; int bad = 0, badF = 0; long hash = 0;
        for (int i = 0; i < 3000; i++) { s ^= s << 13; s ^= s >> 7; s ^= s << 17; double d = BitConverter.Int64BitsToDouble((long)s); if (double.IsNaN(d) || double.IsInfinity(d)) continue; string t = d.ToString("G17", inv); if (double.Parse(t, inv) != d) bad++; foreach (char c in d.ToString("R", inv)) hash = hash * 31 + c; float f = BitConverter.ToSingle(BitConverter.GetBytes((uint)s), 0); if (!float.IsNaN(f) && !float.IsInfinity(f) && float.Parse(f.ToString("G9", inv), inv) != f) badF++; }
        Console.WriteLine(bad + " " + badF + " " + hash); foreach (double d in new[] { 0.1 + 0.2, 100.0 / 3, 1e23, 9007199254740993, 4.35, 0.000001, 0.0000001, 123456789012345680, 1e-5, 5e-324, 2.2250738585072014E-308 }) Console.WriteLine(d.ToString(inv) + " " + d.ToString("R", inv) + " " + d.ToString("G17", inv) + " " + d.ToString("F20", inv) + " " + d.ToString("E16", inv));
        for (int i = -20; i <= 20; i++) Console.Write(Math.Pow(10, i).ToString(inv) + " " + (1.5 * Math.Pow(10, i)).ToString("G4", inv) + " "); Console.WriteLine(); for (int i = 0; i < 64; i++) Console.Write((1UL << i) + "," + ((double)(1UL << i)).ToString("R", inv) + " "); Console.WriteLine();
    }
}
