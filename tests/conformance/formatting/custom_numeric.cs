using System;
using System.Globalization;
class Program {
    static void Main() {
        var inv = CultureInfo.InvariantCulture; string[] formats = { "0", "00.00", "#.##", "#,#", "#,##0.00", "0.0%", "0.00‰", "000-0000", "+0;-0;0", "#,,", "0,.0", "0.###E+00", "0e0", "'lit'0", "\\#0", "(0.0);[0.0];nil", "##;neg##", "0.0###", "$#,0.00", ".00", "0\"x\"0" };
        foreach (double d in new[] { 0, 1, -1, 0.5, 1234.5678, -0.004, 1e6, 99.995, 123456789, -1e-7 }) { foreach (string f in formats) Console.Write(d.ToString(f, inv) + " | "); Console.WriteLine(); }
        foreach (decimal d in new[] { 0m, 1.005m, -2.5m, 1234567.891m, 0.00000001m, 79228162514264337593543950335m }) { foreach (string f in new[] { "G", "F2", "N1", "C", "P", "E3", "0.00", "#,##0.###", "G3" }) Console.Write(d.ToString(f, inv) + " | "); Console.WriteLine(); }
        foreach (long l in new[] { 0, 5, -5, long.MaxValue, long.MinValue }) { foreach (string f in new[] { "D20", "X", "x16", "N2", "E4", "#,#", "G4", "R", "00000", "0.0" }) try { Console.Write(l.ToString(f, inv) + " | "); } catch (FormatException) { Console.Write("bad | "); } Console.WriteLine(); }
        foreach (byte b in new byte[] { 0, 7, 255 }) Console.Write(b.ToString("X2") + b.ToString("D3") + b.ToString("000") + b.ToString("F1", inv) + " "); foreach (float f in new[] { 0.1f, 1f / 3, 1e10f, 3.4e38f, 1.17549435E-38f, 16777216f, -0.5f }) Console.Write(f.ToString(inv) + "/" + f.ToString("R", inv) + "/" + f.ToString("F3", inv) + "/" + f.ToString("E2", inv) + " "); Console.WriteLine();
    }
}
