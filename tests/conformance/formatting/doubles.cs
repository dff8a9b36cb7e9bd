using System;
using System.Globalization;
class Program {
    static void Main() {
        double[] values = { 0, 1, -1, 0.1, 1.0 / 3, 2.0 / 3, 123456.789, -0.00012345, 1e15, 1e16, 1.5e300, 1e-300, 12345678901234567890.0, double.MaxValue, double.Epsilon, double.NaN, double.PositiveInfinity, double.NegativeInfinity };
        foreach (double value in values) {
            Console.Write(value.ToString(CultureInfo.InvariantCulture));
            foreach (string format in new[] { "R", "G", "G5", "G17", "F0", "F3", "E2", "e10", "N2", "P2", "C1", "0.###", "#,#.00", "0.0e+0" })
                Console.Write(" " + format + "=" + value.ToString(format, CultureInfo.InvariantCulture));
            Console.WriteLine();
        }
        foreach (double value in new[] { 0.1, 1.0 / 3, Math.PI, 1e21, 5e-324, 1.7976931348623157e308, 123456789.123456789 })
            Console.WriteLine(double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) == value);
        Console.WriteLine(0.1f + " " + (1f / 3) + " " + float.MaxValue + " " + (0.1f).ToString("R") + " " + ((double)0.1f));
    }
}
