using System;
class Program {
    static void Main(string[] args) {
        Console.WriteLine(args == null ? "null" : args.Length.ToString());
    }
}
