using System;
class Program {
    static long Ints(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) { return a + 2L * b + 3L * c + 4L * d + 5L * e + 6L * f + 7L * g + 8L * h + 9L * i + 10L * j; }
    static double Doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j) { return a - b + c - d + e - f + g - h + i * j; }
    static string Mixed(byte a, double b, string c, long d, float e, char f, object g, short h, bool i, uint j, decimal k, int[] l) { return a + "|" + b + "|" + c + "|" + d + "|" + e + "|" + f + "|" + g + "|" + h + "|" + i + "|" + j + "|" + k + "|" + l.Length; }
    int field = 100;
    int Instance(int a, int b, int c, int d, int e, int f, int g) { return field + a * b - c * d + e * f - g; }
    static void Main() {
        Console.WriteLine(Ints(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
        Console.WriteLine(Doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
        Console.WriteLine(Mixed(255, 1.5, "s", long.MinValue, 2.5f, 'c', 7, -3, true, uint.MaxValue, 9.75m, new int[4]));
        Console.WriteLine(new Program().Instance(1, 2, 3, 4, 5, 6, 7));
        Func<int, int, int, int, int, int, int, int, int> f = (a, b, c, d, e, g, h, i) => a * 10000000 + b * 1000000 + c * 100000 + d * 10000 + e * 1000 + g * 100 + h * 10 + i;
        Console.WriteLine(f(1, 2, 3, 4, 5, 6, 7, 8));
    }
}
