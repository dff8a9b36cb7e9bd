using System;
using System.Collections.Generic;
using System.Linq;
class Program {
    static string Show(string[] a) { return a.Length + "[" + string.Join("|", a) + "]"; }
    static void Main() {
        Console.WriteLine(Show("a,b;c".Split(',', ';')) + Show("".Split(',')) + Show(",".Split(',')) + Show("abc".Split(',')) + Show(" a  b ".Split()) + Show("a,b,c,d".Split(new[] { ',' }, 2)));
        Console.WriteLine(Show("one<>two<><>three".Split(new[] { "<>" }, StringSplitOptions.RemoveEmptyEntries)) + Show("aXXbXc".Split(new[] { "X", "XX" }, StringSplitOptions.None)) + Show("x".Split(new string[0], StringSplitOptions.None)));
        Console.WriteLine(string.Join(",", new List<int> { 1, 2, 3 }) + string.Join<double>(";", new[] { 1.5, 2.5 }) + string.Join("-", "a", "b") + string.Join("-", new object[] { 1, null, 'c' }) + string.Join(",", new string[0]) + string.Join("+", new[] { "a", "b", "c", "d" }, 1, 2) + string.Join(null, new[] { "x", "y" }));
        Console.WriteLine(string.Concat(new[] { "a", null, "b" }) + string.Concat(Enumerable.Range(0, 5)) + string.Concat("x", null) + string.Concat((object)1, 2, 3));
        string text = "to be or not to be that is the question";
        var counts = text.Split(' ').GroupBy(w => w).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Key + ":" + g.Count());
        Console.WriteLine(string.Join(" ", counts));
        Console.WriteLine(string.Join(" ", text.Split(' ').Select(w => char.ToUpper(w[0]) + w.Substring(1))));
        Console.WriteLine(new string(text.Reverse().ToArray()) + " " + text.Count(c => "aeiou".Contains(c)) + " " + text.Distinct().Count());
        Console.WriteLine(text.Aggregate(0, (h, c) => unchecked(h * 31 + c)));
        Console.WriteLine("line1\nline2\r\nline3".Split(new[] { "\r\n", "\n" }, StringSplitOptions.None).Length);
        Console.WriteLine("a-b-c".Replace("-", "") + "aaa".Replace("aa", "b") + "abc".Replace("x", "y") + "a.b.c".Replace(".", "::") + "mississippi".Replace("ss", "SS").Replace('i', '!'));
        try { "abc".Substring(2, 5); } catch (ArgumentOutOfRangeException e) { Console.WriteLine(e.ParamName); }
        try { "abc".Replace("", "x"); } catch (ArgumentException e) { Console.WriteLine(e.GetType().Name); }
    }
}
