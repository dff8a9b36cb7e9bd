using System;
class Program {
    static void Main() {
        int i = int.MaxValue - 2, n = 0; while (i > 0) { i++; n++; } Console.WriteLine(n + " " + i);
        uint u = 3; n = 0; while (u <= 3) { u--; n++; } Console.WriteLine(n + " " + u);
        byte b = 250; n = 0; do { b++; n++; } while (b != 0); Console.WriteLine(n);
        long l = long.MinValue; l--; Console.WriteLine(l);
        short s = 0; for (int k = 0; k < 70000; k++) s++; Console.WriteLine(s);
        char c = '\uffff'; c++; Console.WriteLine((int)c);
        int h = 0; for (int k = 0; k < 1000; k++) h = h * 31 + k; Console.WriteLine(h);
        ulong f = 1; for (uint k = 1; k < 100; k++) f *= k | 1; Console.WriteLine(f);
        int x = 1; for (int k = 0; k < 40; k++) x <<= 1; Console.WriteLine(x); x = 1; for (int k = 0; k < 31; k++) x <<= 1; Console.WriteLine(x + " " + (x >> 31) + " " + (int)((uint)x >> 31));
        try { checked { int t = 1; for (int k = 0; k < 40; k++) t *= 2; Console.WriteLine(t); } } catch (OverflowException) { Console.WriteLine("overflow"); }
        for (int k = int.MaxValue - 1; k > 0; k++) Console.Write(k + " "); Console.WriteLine(); for (sbyte q = 120; q > 0; q++) Console.Write(q + " "); Console.WriteLine();
    }
}
