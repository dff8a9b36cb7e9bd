using System;
using System.Collections.Generic;
using System.Linq;
class Program {
    static int Count(int n, int row, int cols, int d1, int d2) { if (row == n) return 1; int count = 0; for (int free = ~(cols | d1 | d2) & ((1 << n) - 1); free != 0;) { int bit = free & -free; free ^= bit; count += Count(n, row + 1, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1); } return count; }
    static IEnumerable<int[]> Solutions(int n, int[] placed, int row) { if (row == n) { yield return (int[])placed.Clone(); yield break; } for (int c = 0; c < n; c++) { bool ok = true; for (int r = 0; r < row && ok; r++) ok = placed[r] != c && Math.Abs(placed[r] - c) != row - r; if (!ok) continue; placed[row] = c; foreach (var s in Solutions(n, placed, row + 1)) yield return s; } }
    static void Main() { for (int n = 1; n <= 9; n++) Console.Write(Count(n, 0, 0, 0, 0) + " "); Console.WriteLine(); int[] first = Solutions(8, new int[8], 0).First(); foreach (int c in first) Console.WriteLine(string.Concat(Enumerable.Range(0, 8).Select(i => i == c ? "Q" : "."))); Console.WriteLine(Solutions(6, new int[6], 0).Count()); }
}
