using System;
class Program {
    static int Fib(int n) { return n < 2 ? n : Fib(n - 1) + Fib(n - 2); }
    static void Main() {
        for (int i = 0; i < 25; i++)
            Console.WriteLine("fib(" + i + ") = " + Fib(i));
    }
}
