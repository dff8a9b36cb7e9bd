using System;
class Program {
    static void Main() {
        int[][] j = new int[4][];
        for (int i = 0; i < j.Length; i++) { j[i] = new int[i + 1]; for (int k = 0; k <= i; k++) j[i][k] = i * k; }
        foreach (var row in j) Console.WriteLine(string.Join(" ", row));
        j[2][1] += 50; j[3] = new[] { 9 }; j[0] = null;
        int total = 0;
        foreach (var row in j) if (row != null) foreach (int x in row) total += x;
        Console.WriteLine(total);
        try { Console.WriteLine(j[0][0]); } catch (NullReferenceException) { Console.WriteLine("null row"); }
        try { Console.WriteLine(j[3][1]); } catch (IndexOutOfRangeException) { Console.WriteLine("short row"); }
        string[][][] deep = { new[] { new[] { "a", "b" }, new string[0] }, new string[0][] };
        Console.WriteLine(deep[0][0][1] + deep[0][1].Length + deep[1].Length + " " + deep.GetType());
        int[][] copy = (int[][])j.Clone();
        copy[1][0] = 123;
        Console.WriteLine(j[1][0] + " " + ReferenceEquals(copy[2], j[2]));
        double[][] a = { new double[] { 1, 2 }, new double[] { 3, 4 } }, b = { new double[] { 5, 6 }, new double[] { 7, 8 } }, c = new double[2][];
        for (int i = 0; i < 2; i++) { c[i] = new double[2]; for (int k = 0; k < 2; k++) for (int m = 0; m < 2; m++) c[i][k] += a[i][m] * b[m][k]; }
        Console.WriteLine(c[0][0] + " " + c[0][1] + " " + c[1][0] + " " + c[1][1]);
    }
}
