using System;

class Program {
    static void Main(string[] args) {
        Console.WriteLine("Hello, {0}!", args.Length > 0 ? args[0] : "World");
    }
}
