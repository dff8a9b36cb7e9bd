using System;
class Program {
    static void Main() {
        int c, n = 0, sum = 0;
        Console.WriteLine((char)Console.Read());
        Console.WriteLine(Console.ReadLine());
        while ((c = Console.Read()) != -1) { n++; sum += c; if (c == '\n') Console.Write("<nl>"); else Console.Write((char)c); }
        Console.WriteLine();
        Console.WriteLine(n + " " + sum + " " + Console.Read());
    }
}
