using System;
class Program {
    static readonly float[] Values = { 0f, 1f, -1f, 0.1f, 1.5f, -2.5f, 1e10f, 1e-10f, 3.14159f, float.MaxValue, float.MinValue, float.Epsilon, float.PositiveInfinity, float.NegativeInfinity, float.NaN };
    static string Show(float d) { return float.IsNaN(d) ? "NaN" : BitConverter.ToInt32(BitConverter.GetBytes(d), 0).ToString("x8"); }
    static void Main() {
        foreach (float a in Values)
            foreach (float b in Values) {
                float sum = a + b, difference = a - b, product = a * b, quotient = a / b, rest = a % b;
                Console.WriteLine(a + " " + b + ": " + Show(sum) + " " + Show(difference) + " " + Show(product) + " " + Show(quotient) + " " + Show(rest)
                    + " " + (a < b) + (a <= b) + (a == b) + (a != b) + (a > b) + (a >= b));
            }
    }
}
