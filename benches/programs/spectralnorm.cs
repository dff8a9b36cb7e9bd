// Power iteration on an infinite matrix given by a formula: divisions and array sums.
using System;
class Program {
    static double A(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }
    static void Multiply(double[] v, double[] result) {
        for (int i = 0; i < v.Length; i++) { double sum = 0; for (int j = 0; j < v.Length; j++) sum += A(i, j) * v[j]; result[i] = sum; }
    }
    static void MultiplyTransposed(double[] v, double[] result) {
        for (int i = 0; i < v.Length; i++) { double sum = 0; for (int j = 0; j < v.Length; j++) sum += A(j, i) * v[j]; result[i] = sum; }
    }
    static void Main(string[] args) {
        int n = int.Parse(args[0]);
        double[] u = new double[n], v = new double[n], t = new double[n];
        for (int i = 0; i < n; i++) u[i] = 1;
        for (int i = 0; i < 10; i++) { Multiply(u, t); MultiplyTransposed(t, v); Multiply(v, t); MultiplyTransposed(t, u); }
        double uv = 0, vv = 0;
        for (int i = 0; i < n; i++) { uv += u[i] * v[i]; vv += v[i] * v[i]; }
        Console.WriteLine(Math.Sqrt(uv / vv).ToString("F9"));
    }
}
