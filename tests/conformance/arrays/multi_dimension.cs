using System;
class Program {
    static void Main() {
        int[,] m = new int[3, 4];
        for (int i = 0; i < 3; i++) for (int j = 0; j < 4; j++) m[i, j] = i * 10 + j;
        m[1, 2] += 100; m[2, 3]++;
        Console.WriteLine(m.Length + " " + m.Rank + " " + m.GetLength(0) + " " + m.GetLength(1));
        foreach (int x in m) Console.Write(x + " ");
        Console.WriteLine();
        string[,,] cube = new string[2, 2, 2];
        cube[1, 0, 1] = "here"; cube[0, 1, 0] = "there";
        foreach (string s in cube) Console.Write((s ?? "-") + " ");
        Console.WriteLine();
        double[,] d = { { 1, 2, 3 }, { 4, 5, 6 } };
        double total = 0;
        for (int i = 0; i < d.GetLength(0); i++) for (int j = 0; j < d.GetLength(1); j++) total += d[i, j];
        Console.WriteLine(total);
        try { Console.WriteLine(m[3, 0]); } catch (IndexOutOfRangeException) { Console.WriteLine("row"); }
        try { Console.WriteLine(m[0, 4]); } catch (IndexOutOfRangeException) { Console.WriteLine("column"); }
        try { m[-1, 0] = 1; } catch (IndexOutOfRangeException) { Console.WriteLine("negative"); }
        object[,] objects = new string[1, 1];
        try { objects[0, 0] = new object(); } catch (ArrayTypeMismatchException) { Console.WriteLine("mismatch"); }
        objects[0, 0] = "fine";
        Console.WriteLine(objects[0, 0]);
        int[][,] mixed = { new int[1, 1], new int[2, 2] };
        mixed[1][1, 1] = 5;
        Console.WriteLine(mixed[1][1, 1] + " " + mixed.GetType() + " " + cube.GetType());
        Ref(ref m[0, 1]);
        Console.WriteLine(m[0, 1] + " " + m.GetValue(0, 1));
        m.SetValue(9, 2, 0);
        Console.WriteLine(m[2, 0]);
        var copy = (int[,])m.Clone();
        copy[0, 0] = 77;
        Console.WriteLine(m[0, 0] + " " + copy[0, 0] + " " + copy[2, 0]);
    }
    static void Ref(ref int x) { x = -5; }
}
