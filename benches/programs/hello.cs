// Start and stop: nothing but one line of output.
using System;
class Program {
    static void Main() {
        Console.WriteLine("Hello, World!");
    }
}
