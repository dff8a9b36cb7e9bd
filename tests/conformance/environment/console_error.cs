using System;
class Program {
    static void Main() {
        Console.Error.WriteLine("to standard error {0}", 1);
        Console.WriteLine("to standard output");
        Console.Error.Write("second\n");
        Console.SetOut(Console.Error);
        Console.WriteLine("redirected");
    }
}
