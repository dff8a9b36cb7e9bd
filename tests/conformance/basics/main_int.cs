using System;
class Program {
    static int Main() {
        Console.WriteLine("returns 42");
        return 42;
    }
}
