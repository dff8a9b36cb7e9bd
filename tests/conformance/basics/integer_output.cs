using System;
class Program {
    static void Main() {
        Console.WriteLine(0);
        Console.WriteLine(-1);
        Console.WriteLine(42);
        Console.WriteLine(int.MinValue);
        Console.WriteLine(long.MaxValue);
        Console.WriteLine(ulong.MaxValue);
        Console.WriteLine('c');
        Console.WriteLine(true);
        Console.WriteLine(1.5);
        Console.WriteLine();
    }
}
