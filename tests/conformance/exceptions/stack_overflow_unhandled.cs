using System;
class Program {
    static int Down(int n) { return Down(n + 1) + 1; }
    static void Main() { Console.WriteLine("before"); Down(0); Console.WriteLine("never"); }
}
