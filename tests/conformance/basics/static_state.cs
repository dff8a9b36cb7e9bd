using System;
class Program {
    static int count = 3;
    static string name = "static";
    static readonly int[] table = { 1, 2, 4, 8 };
    static long total;
    static void Add(int n) { total += n; count++; }
    static void Main() {
        foreach (int n in table) Add(n);
        Console.WriteLine(total);
        Console.WriteLine(count);
        Console.WriteLine(name.Length);
        total = -total;
        Console.WriteLine(total);
    }
}
