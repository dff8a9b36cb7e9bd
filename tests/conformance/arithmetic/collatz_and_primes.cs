using System;
class Program {
    static long ModPow(long b, long e, long m) { long r = 1; b %= m; for (; e > 0; e >>= 1) { if ((e & 1) == 1) r = r * b % m; b = b * b % m; } return r; }
    static long Gcd(long a, long b) { return b == 0 ? a : Gcd(b, a % b); }
    static bool IsPrime(int n) { if (n < 2) return false; for (int i = 2; i * i <= n; i++) if (n % i == 0) return false; return true; }
    static void Main() {
        int best = 0, bestN = 0;
        for (int n = 1; n < 20000; n++) { int steps = 0; for (long x = n; x != 1; steps++) x = x % 2 == 0 ? x / 2 : 3 * x + 1; if (steps > best) { best = steps; bestN = n; } }
        Console.WriteLine(bestN + " " + best);
        int count = 0; for (int i = 0; i < 5000; i++) if (IsPrime(i)) count++;
        Console.WriteLine(count);
        Console.WriteLine(ModPow(3, 1000000, 1000000007) + " " + Gcd(1071, 462) + " " + Gcd(1L << 40, 6L * 1000000));
        ulong f = 1; for (uint i = 2; i <= 25; i++) f *= i; Console.WriteLine(f);
        double e = 0, term = 1; for (int i = 1; i < 20; i++) { e += term; term /= i; } Console.WriteLine(e.ToString("F12"));
        int[] triangle = { 1 };
        for (int row = 0; row < 10; row++) { Console.WriteLine(string.Join(" ", triangle)); var next = new int[triangle.Length + 1]; next[0] = next[triangle.Length] = 1; for (int i = 1; i < triangle.Length; i++) next[i] = triangle[i - 1] + triangle[i]; triangle = next; }
    }
}
