using System;
class Program {
    static int n;
    static int Next(string s) { Console.Write(s + " "); return ++n; }
    static int[] Array(string s) { Console.Write(s + " "); return new int[10]; }
    static int F(int a, int b, int c) { return a * 100 + b * 10 + c; }
    static void Main() {
        Console.WriteLine(Next("a") + Next("b") * Next("c"));
        Console.WriteLine(F(Next("x"), Next("y"), Next("z")));
        Array("array")[Next("index") % 10] = Next("value");
        Console.WriteLine();
        n = 0;
        Console.WriteLine(F(c: Next("c"), a: Next("a"), b: Next("b")));
        int i = 0;
        i = i++ + i++; Console.WriteLine(i);
        int[] a = { 0, 0, 0, 0 };
        i = 0; a[i++] = i++; a[i] = i = 3; Console.WriteLine(string.Join(",", a) + " " + i);
        int x = 1; x = x + (x = 5) * x; Console.WriteLine(x);
        try { ((int[])null)[Next("null index")] = Next("null value"); } catch (NullReferenceException) { Console.WriteLine("NRE"); }
        try { Array("arr")[10 + Next("i")] = Next("v"); } catch (IndexOutOfRangeException) { Console.WriteLine("IOORE"); }
        string s = "s" + 1 + 2 + (1 + 2) + 'c' + 1.5 + null; Console.WriteLine(s);
        Console.WriteLine(1 + 2 + "s" + 'a' + (char)('a' + 1) + ('a' + 1));
    }
}
