using System;
class Program {
    static void Main() {
        string line; int n = 0;
        while ((line = Console.ReadLine()) != null) Console.WriteLine(++n + " [" + line + "] " + line.Length);
        Console.WriteLine("end " + (Console.ReadLine() == null));
    }
}
