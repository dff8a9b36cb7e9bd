// Arrays of every rank and with lower bounds: access, bounds, copies, clones, enumeration, reflection, value and reference elements.
using System;

struct V { public int A; public string B; }

static class Program
{
    static void Try(Action a) { try { a(); Console.WriteLine("ok"); } catch (Exception e) { Console.WriteLine(e.GetType().Name); } }

    static void Main()
    {
        var two = new int[2, 3]; var three = new string[2, 2, 2]; var four = new double[1, 2, 3, 4]; var five = new byte[2, 1, 2, 1, 2];
        for (int i = 0; i < 2; i++) for (int j = 0; j < 3; j++) two[i, j] = i * 10 + j;
        three[1, 0, 1] = "x"; four[0, 1, 2, 3] = 4.5; five[1, 0, 1, 0, 1] = 9;
        Console.WriteLine(two[1, 2] + three[1, 0, 1] + four[0, 1, 2, 3] + five[1, 0, 1, 0, 1]);
        Console.WriteLine(two.Length + " " + two.Rank + " " + two.GetLength(1) + " " + four.GetUpperBound(3) + " " + five.LongLength);
        two[1, 1] += 5; two[0, 0]++; ref int r = ref two[0, 2]; r *= 7; Console.WriteLine(two[1, 1] + " " + two[0, 0] + " " + two[0, 2]);
        var vs = new V[2, 2]; vs[1, 1].A = 3; vs[1, 1].B = "v"; var copy = vs[1, 1]; copy.A = 4; Console.WriteLine(vs[1, 1].A + vs[1, 1].B + copy.A);
        Try(() => two[2, 0] = 1); Try(() => two[0, -1] = 1); Try(() => three[0, 0, 2] = ""); Try(() => { object[,,] o = three; o[0, 0, 0] = 5; }); Try(() => { object[,,] o = three; o[0, 0, 0] = "5"; });
        var low = Array.CreateInstance(typeof(int), new[] { 3, 2 }, new[] { 5, -1 });
        low.SetValue(8, 7, 0); Console.WriteLine(low.GetValue(7, 0) + " " + low.GetLowerBound(0) + " " + low.GetUpperBound(1) + " " + low.GetType() + " " + ((int[,])low)[7, 0]);
        Try(() => ((int[,])low)[0, 0] = 1);
        var one = Array.CreateInstance(typeof(string), new[] { 3 }, new[] { 10 }); one.SetValue("ten", 10); Console.WriteLine(one.GetValue(10) + " " + one.GetType() + " " + (one is string[]) + " " + one.Length);
        Try(() => one.SetValue("no", 0)); Try(() => { var s = (string[])(object)one; });
        foreach (int x in two) Console.Write(x + " "); foreach (var x in low) Console.Write(x + ","); Console.WriteLine();
        var clone = (int[,])two.Clone(); clone[0, 0] = 99; Console.WriteLine(two[0, 0] + " " + clone[0, 0]);
        var flat = new int[6]; Buffer.BlockCopy(two, 0, flat, 0, 24); Console.WriteLine(string.Join(",", flat));
        Array.Copy(two, 1, clone, 0, 3); Console.WriteLine(clone[0, 0] + " " + clone[0, 1] + " " + clone[0, 2]);
        var jag = new int[3][,]; jag[1] = new int[2, 2]; jag[1][1, 1] = 6; Console.WriteLine(jag[1][1, 1] + " " + jag.GetType() + " " + (jag[0] == null));
        int[][][] deep = { new[] { new[] { 1, 2 }, new int[0] }, new int[1][] }; Console.WriteLine(deep[0][0][1] + deep[0][1].Length + " " + (deep[1][0] == null));
        Array.Clear(two, 0, 2); Console.WriteLine(two[0, 0] + " " + two[0, 1] + " " + two[0, 2]);
        Console.WriteLine(typeof(int[,]).GetArrayRank() + " " + typeof(int[]).MakeArrayType(1) + " " + typeof(int).MakeArrayType() + " " + typeof(int[,][]).GetElementType());
        long sum = 0; var big = new long[100, 100]; for (int i = 0; i < 100; i++) for (int j = 0; j < 100; j++) big[i, j] = i ^ j; foreach (var x in big) sum += x; Console.WriteLine(sum);
        Try(() => { int[,] nul = null; nul[0, 0] = 1; }); int minus = -1; Try(() => { var neg = new int[2, minus]; }); Try(() => { var huge = new int[int.MaxValue, int.MaxValue]; });
    }
}
