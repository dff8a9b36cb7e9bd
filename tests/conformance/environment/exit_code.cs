using System;
class Program {
    static int Main() {
        Console.WriteLine("before");
        try { Environment.Exit(7); }
        finally { Console.WriteLine("never printed"); }
        return 1;
    }
}
