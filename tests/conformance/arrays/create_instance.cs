using System;
class Program {
    static void Main() {
        Array a = Array.CreateInstance(typeof(int), 5);
        a.SetValue(3, 2);
        Console.WriteLine(a.GetValue(2) + " " + a.GetType() + " " + ((int[])a)[2]);
        Array b = Array.CreateInstance(typeof(string), new[] { 2, 3 }, new[] { 1, -1 });
        Console.WriteLine(b.Rank + " " + b.Length + " " + b.GetLowerBound(0) + ".." + b.GetUpperBound(0) + " " + b.GetLowerBound(1) + ".." + b.GetUpperBound(1) + " " + b.GetType());
        b.SetValue("x", 2, 1); b.SetValue("y", 1, -1);
        foreach (object o in b) Console.Write((o ?? "-") + " ");
        Console.WriteLine(b.GetValue(1, -1));
        string[,] typed = (string[,])b;
        Console.WriteLine(typed[2, 1] + typed[1, -1]);
        typed[1, 0] = "z";
        Console.WriteLine(b.GetValue(1, 0));
        try { Console.WriteLine(typed[0, 0]); } catch (IndexOutOfRangeException) { Console.WriteLine("out of bounds"); }
        try { b.SetValue(5, 1, 0); } catch (InvalidCastException) { Console.WriteLine("wrong type"); }
        Array c = Array.CreateInstance(typeof(int), new[] { 3 }, new[] { 10 });
        Console.WriteLine(c.GetLowerBound(0) + " " + c.GetUpperBound(0) + " " + c.GetType() + " " + (c.GetType() == typeof(int[])));
        for (int i = 10; i < 13; i++) c.SetValue(i * i, i);
        Console.WriteLine(c.GetValue(11) + " " + Array.IndexOf(c, 144) + " " + Array.IndexOf(c, 5));
        Array d = Array.CreateInstance(typeof(double), 2, 2, 2);
        d.SetValue(1.5, 1, 1, 1);
        Console.WriteLine(((double[,,])d)[1, 1, 1] + " " + d.Length);
        try { Array.CreateInstance(typeof(int), -1); } catch (ArgumentOutOfRangeException) { Console.WriteLine("negative"); }
        Array.Clear(b, b.GetLowerBound(0), 0);
        var e = (byte[])Array.CreateInstance(typeof(byte), 4); e[3] = 7; Console.WriteLine(BitConverter.ToString(e));
    }
}
