using System;
class Program {
    static string R(double d) { return d.ToString("G12"); }
    static void Main() {
        foreach (double x in new[] { 0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 10.0, 0.001, 123.456 }) {
            Console.WriteLine(x + ": " + R(Math.Sin(x)) + " " + R(Math.Cos(x)) + " " + R(Math.Tan(x)) + " " + R(Math.Atan(x)) + " " + R(Math.Exp(x / 10)) + " " + R(Math.Sqrt(x)) + " " + R(Math.Log(x)) + " " + R(Math.Log10(x)));
            Console.WriteLine("   " + R(Math.Floor(x)) + " " + R(Math.Ceiling(x)) + " " + R(Math.Truncate(x)) + " " + R(Math.Abs(x)) + " " + Math.Sign(x) + " " + R(Math.Sinh(x / 10)) + " " + R(Math.Cosh(x / 10)) + " " + R(Math.Tanh(x)) + " " + R(Math.Pow(x, 3)) + " " + R(Math.Pow(2, x)));
        }
        Console.WriteLine(R(Math.Asin(0.3)) + " " + R(Math.Acos(0.3)) + " " + R(Math.Atan2(1, -2)) + " " + R(Math.Log(8, 2)) + " " + R(Math.IEEERemainder(10, 3)) + " " + Math.Max(3, -4) + " " + Math.Min(2.5, 1.5) + " " + Math.Max(double.NaN, 1));
        Console.WriteLine(Math.BigMul(int.MaxValue, int.MaxValue) + " " + Math.DivRem(17, 5, out int rest) + " " + rest + " " + Math.Abs(-7L) + " " + Math.Abs(-1.5m) + " " + Math.Sign(-3m));
        try { Math.Abs(int.MinValue); } catch (OverflowException) { Console.WriteLine("overflow"); }
        double[] halves = { 0.5, 1.5, 2.5, 3.5, -0.5, -1.5, 1.25, 1.35 };
        foreach (double h in halves) Console.Write(R(Math.Round(h, MidpointRounding.AwayFromZero)) + " " + R(Math.Round(h, 1)) + " ");
        Console.WriteLine();
        Console.WriteLine(R(Math.Pow(0, 0)) + R(Math.Pow(-8, 1.0 / 3)) + R(Math.Pow(double.PositiveInfinity, -1)) + R(Math.Sqrt(-1)) + R(Math.Log(-1)) + R(Math.Log(0)));
        float f = (float)Math.Sqrt(2f); Console.WriteLine(f + " " + (f * f) + " " + (double)(f * f));
    }
}
