using System;
class Program {
    static int deepest;
    static int Down(int n) { deepest = n; return Down(n + 1) + 1; }
    static int Big(int n, decimal a, decimal b, DateTime c) { deepest = n; return Big(n + 1, b, a, c.AddTicks(1)) + 1; }
    static int WithFinally(int n, int[] count) { try { return WithFinally(n + 1, count) + 1; } finally { count[0]++; } }
    static void Main() {
        try { Down(0); } catch (StackOverflowException e) { Console.WriteLine("caught " + (deepest > 1000) + " " + e.GetType()); }
        Console.WriteLine("goes on");
        try { Big(0, 1, 2, DateTime.MinValue); } catch (StackOverflowException) { Console.WriteLine("caught again " + (deepest > 1000)); }
        Func<int, int> f = null; f = n => f(n + 1) + 1;
        try { f(0); } catch (StackOverflowException) { Console.WriteLine("through a delegate"); }
        object text = new string('x', 10); Console.WriteLine(text);
    }
}
