// Escape times over a grid: floating point in registers, nothing else.
using System;
class Program {
    static void Main(string[] args) {
        int n = int.Parse(args[0]);
        long total = 0, inside = 0;
        for (int y = 0; y < n; y++) {
            double ci = 2.0 * y / n - 1.0;
            for (int x = 0; x < n; x++) {
                double cr = 2.0 * x / n - 1.5, zr = 0, zi = 0, rr = 0, ii = 0;
                int k = 0;
                while (k < 50 && rr + ii < 4) { zi = 2 * zr * zi + ci; zr = rr - ii + cr; rr = zr * zr; ii = zi * zi; k++; }
                total += k;
                if (k == 50) inside++;
            }
        }
        Console.WriteLine(total + " " + inside);
    }
}
