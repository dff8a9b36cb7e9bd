using System;
class Program {
    static readonly double[] Values = { 0.0, -0.0, 1.0, -1.0, 0.1, 1.5, -2.5, 1e10, 1e-10, 3.14159, double.MaxValue, double.MinValue, double.Epsilon, double.PositiveInfinity, double.NegativeInfinity, double.NaN };
    static string Bits(double d) { return BitConverter.DoubleToInt64Bits(d).ToString("x16"); }
    static void Main() {
        foreach (double a in Values)
            foreach (double b in Values) {
                double nan = a + b;
                Console.WriteLine(a + " " + b + ": " + Show(a + b) + " " + Show(a - b) + " " + Show(a * b) + " " + Show(a / b) + " " + Show(a % b)
                    + " " + (a < b) + (a <= b) + (a == b) + (a != b) + (a > b) + (a >= b));
            }
    }
    static string Show(double d) { return double.IsNaN(d) ? "NaN" : Bits(d); }
}
