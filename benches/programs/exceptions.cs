// Throw and catch: shallow, deep, with finally and filters, and native traps.
using System;
class Stop : Exception { public readonly int V; public Stop(int v) { V = v; } }
class Program {
    static int Deep(int n, int v) { if (n == 0) throw new Stop(v); return Deep(n - 1, v) + 1; }
    static int Cleanup(int n, ref int c) { try { if (n == 0) throw new Stop(n); return Cleanup(n - 1, ref c); } finally { c++; } }
    static int Load(int[] a, int i) { return a[i]; } static int Length(string s) { return s.Length; } static int Divide(int a, int b) { return a / b; }
    static void Main(string[] args) {
        int n = int.Parse(args[0]); long sum = 0; int cleaned = 0; int[] array = new int[4];
        for (int i = 0; i < n; i++) {
            try { throw new Stop(i); } catch (Stop e) { sum += e.V; }
            try { sum += Deep(10, i); } catch (Stop e) when (e.V % 2 == 0) { sum += 2; } catch (Stop) { sum += 1; }
            try { Cleanup(5, ref cleaned); } catch (Exception) { sum += 3; }
            try { sum += Load(array, 4 + (i & 3)); } catch (IndexOutOfRangeException) { sum += 5; }
            try { sum += Length((i & 1) == 0 ? null : "x"); } catch (NullReferenceException) { sum += 7; }
            try { sum += Divide(i, i & 1); } catch (DivideByZeroException) { sum += 11; }
            try { object o = "s"; sum += (int)o; } catch (InvalidCastException) { sum += 13; }
        }
        Console.WriteLine(sum + " " + cleaned);
    }
}
