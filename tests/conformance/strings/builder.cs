using System;
using System.Text;
class Program {
    static void Main() {
        var b = new StringBuilder();
        b.Append("x").Append(1).Append('c').Append(2.5).Append(true).Append((object)null).Append((string)null).Append(new[] { 'q', 'r' }).Append('-', 3);
        Console.WriteLine(b + " " + b.Length);
        b.Insert(0, "start ").Insert(6, 42).Replace("-", "+").Remove(0, 2);
        Console.WriteLine(b.ToString());
        b.Clear();
        Console.WriteLine(b.Length + "[" + b + "]");
        for (int i = 0; i < 1000; i++) b.Append(i).Append(',');
        Console.WriteLine(b.Length + " " + b.ToString(100, 20) + " " + b[500]);
        b.Length = 10;
        Console.WriteLine(b.ToString());
        b.AppendLine().AppendLine("line").AppendFormat("{0:x} {1,5}|{1,-5}|", 255, 7);
        Console.WriteLine(b.ToString());
        b[0] = 'Z';
        Console.WriteLine(b.ToString(0, 3));
        var big = new StringBuilder(4, 16);
        big.Append("0123456789");
        try { big.Append("overflowing"); } catch (ArgumentOutOfRangeException) { Console.WriteLine("max capacity"); }
        Console.WriteLine(new StringBuilder("abc").Equals(new StringBuilder("abc")));
        var chars = new char[5];
        new StringBuilder("hello world").CopyTo(6, chars, 0, 5);
        Console.WriteLine(new string(chars));
    }
}
