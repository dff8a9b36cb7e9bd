using System;
class Program {
    static void Fail(int n) { if (n == 0) throw new InvalidOperationException("the message"); Fail(n - 1); }
    static void Main() {
        Console.WriteLine("before");
        Fail(2);
        Console.WriteLine("never");
    }
}
