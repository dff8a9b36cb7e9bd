// Matrix multiplication over double[][] and over int[,].
using System;
class Program {
    static double Jagged(int n) {
        var a = new double[n][]; var b = new double[n][]; var c = new double[n][];
        for (int i = 0; i < n; i++) {
            a[i] = new double[n]; b[i] = new double[n]; c[i] = new double[n];
            for (int j = 0; j < n; j++) { a[i][j] = (i * 31 + j * 17) % 10; b[i][j] = (i * 13 + j * 7) % 10; }
        }
        for (int i = 0; i < n; i++) {
            double[] row = a[i], result = c[i];
            for (int k = 0; k < n; k++) { double f = row[k]; double[] other = b[k]; for (int j = 0; j < result.Length; j++) result[j] += f * other[j]; }
        }
        double trace = 0;
        for (int i = 0; i < n; i++) trace += c[i][i] + c[i][n - 1 - i];
        return trace;
    }
    static long Rectangular(int n) {
        int[,] a = new int[n, n], b = new int[n, n], c = new int[n, n];
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) { a[i, j] = (i * 31 + j * 17) % 10; b[i, j] = (i * 13 + j * 7) % 10; }
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) { int sum = 0; for (int k = 0; k < n; k++) sum += a[i, k] * b[k, j]; c[i, j] = sum; }
        long trace = 0;
        for (int i = 0; i < n; i++) trace += c[i, i] + c[i, n - 1 - i];
        return trace;
    }
    static void Main(string[] args) {
        int n = int.Parse(args[0]);
        Console.WriteLine(Jagged(n) + " " + Rectangular(n));
    }
}
