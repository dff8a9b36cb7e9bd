using System;
class Program {
    static void Main() {
        int[] a = { 1, 2, 3, 4, 5 };
        int[] b = new int[8];
        Array.Copy(a, b, 3); Array.Copy(a, 1, b, 4, 4); Console.WriteLine(string.Join(",", b));
        Array.Copy(b, 0, b, 2, 5); Console.WriteLine(string.Join(",", b));
        Array.Copy(b, 3, b, 0, 5); Console.WriteLine(string.Join(",", b));
        Array.Resize(ref a, 7); Console.WriteLine(string.Join(",", a)); Array.Resize(ref a, 2); Console.WriteLine(string.Join(",", a));
        long[] l = new long[3]; Array.Copy(new[] { 1, 2, 3 }, l, 3); Console.WriteLine(string.Join(",", l));
        object[] o = new object[3]; Array.Copy(new[] { 1, 2, 3 }, o, 3); Console.WriteLine(string.Join(",", o) + " " + o[0].GetType());
        int[] back = new int[3]; Array.Copy(o, back, 3); Console.WriteLine(back[2]);
        string[] s = { "a", "b" }; object[] os = new object[2]; s.CopyTo(os, 0); Console.WriteLine(os[1]);
        try { Array.Copy(new object[] { "x", 1 }, new string[2], 2); } catch (InvalidCastException) { Console.WriteLine("invalid cast"); }
        try { Array.Copy(new[] { 1.5 }, new int[1], 1); } catch (ArrayTypeMismatchException) { Console.WriteLine("mismatch"); }
        try { Array.Copy(a, b, 10); } catch (ArgumentException) { Console.WriteLine("too long"); }
        try { Array.Copy(null, b, 1); } catch (ArgumentNullException) { Console.WriteLine("null"); }
        Array.Clear(b, 2, 3); Console.WriteLine(string.Join(",", b));
        string[] cleared = { "x", "y" }; Array.Clear(cleared, 0, 2); Console.WriteLine(cleared[0] == null);
        int[,] m = { { 1, 2 }, { 3, 4 } }; int[,] n = new int[2, 2]; Array.Copy(m, n, 3); Console.WriteLine(n[0, 0] + "" + n[0, 1] + n[1, 0] + n[1, 1]);
        var segment = new ArraySegment<int>(b, 1, 3); Console.WriteLine(segment.Count + " " + segment.Offset + " " + segment.Array.Length);
        int[] empty = Array.Empty<int>(); Console.WriteLine(empty.Length + " " + ReferenceEquals(empty, Array.Empty<int>()));
        char[] c = "hello".ToCharArray(1, 3); Console.WriteLine(new string(c));
        byte[] big = new byte[100000]; for (int i = 0; i < big.Length; i++) big[i] = (byte)i; byte[] other = new byte[100000]; Buffer.BlockCopy(big, 1, other, 0, 99999); Console.WriteLine(other[0] + " " + other[99998] + " " + other[99999]);
    }
}
