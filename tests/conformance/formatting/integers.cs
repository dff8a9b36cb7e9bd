using System;
using System.Globalization;
class Program {
    static void Main() {
        foreach (string format in new[] { "D", "D8", "G", "N", "N0", "F2", "E", "e3", "X", "x8", "C", "P", "P1", "G3", "0000", "#,##0", "#;(#);zero", "0.00", "00-00", "#" })
            foreach (int value in new[] { 0, 1, -1, 12345, -98765, int.MaxValue, int.MinValue })
                Console.WriteLine(format + " " + value + " [" + value.ToString(format, CultureInfo.InvariantCulture) + "]");
        Console.WriteLine(long.MinValue.ToString("N0") + " " + ulong.MaxValue.ToString("X") + " " + ((byte)255).ToString("x4") + " " + ((sbyte)-1).ToString("X") + " " + ((short)-2).ToString("x"));
        Console.WriteLine(string.Format("{0,8}|{0,-8}|{0:X4}|{0,10:N1}|{{}}", 1234));
        try { 5.ToString("Q"); } catch (FormatException e) { Console.WriteLine(e.GetType()); }
    }
}
