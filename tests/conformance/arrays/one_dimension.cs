using System;
class Program {
    static void Main() {
        int[] a = new int[5];
        Console.WriteLine(string.Join(",", a) + " " + a.Length + " " + a.Rank + " " + a.GetLength(0) + " " + a.GetLowerBound(0) + " " + a.GetUpperBound(0));
        for (int i = 0; i < a.Length; i++) a[i] = i * i;
        a[2] += 10; a[3]++; --a[4]; a[0] |= 6;
        Console.WriteLine(string.Join(",", a));
        byte[] bytes = { 1, 2, 255 };
        sbyte[] sbytes = { -1, 127 };
        short[] shorts = { -32768, 32767 };
        ushort[] ushorts = { 65535 };
        uint[] uints = { uint.MaxValue };
        long[] longs = { long.MinValue };
        ulong[] ulongs = { ulong.MaxValue };
        float[] floats = { 1.5f };
        double[] doubles = { 2.25 };
        decimal[] decimals = { 3.5m };
        bool[] bools = { true, false };
        char[] chars = { 'a', 'z' };
        string[] strings = { "s", null };
        object[] objects = { 1, "two", 3.0, null };
        Console.WriteLine(bytes[2] + sbytes[0] + shorts[0] + ushorts[0] + " " + uints[0] + " " + longs[0] + " " + ulongs[0] + " " + floats[0] + " " + doubles[0] + " " + decimals[0] + " " + bools[0] + chars[1] + strings[0] + (strings[1] == null) + objects[1]);
        foreach (int i in new[] { -1, 5, int.MaxValue, int.MinValue })
            try { Console.WriteLine(a[i]); } catch (IndexOutOfRangeException e) { Console.WriteLine(i + " " + e.Message); }
        try { Console.WriteLine(new int[int.Parse("-1")].Length); } catch (OverflowException e) { Console.WriteLine(e.GetType().Name); }
        int[] none = null;
        try { Console.WriteLine(none.Length); } catch (NullReferenceException e) { Console.WriteLine(e.Message); }
        try { none[0] = 1; } catch (NullReferenceException) { Console.WriteLine("null store"); }
        long index = 3;
        Console.WriteLine(a[index] + " " + a[(uint)2] + " " + a[(byte)1]);
        Console.WriteLine(a.GetType() + " " + objects.GetType().GetElementType() + " " + (a is Array) + " " + (a is System.Collections.IList));
    }
}
