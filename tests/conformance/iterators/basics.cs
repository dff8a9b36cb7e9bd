using System;
using System.Collections;
using System.Collections.Generic;
class Range : IEnumerable<int> {
    readonly int from, to;
    public Range(int from, int to) { this.from = from; this.to = to; }
    public IEnumerator<int> GetEnumerator() { for (int i = from; i < to; i++) yield return i; }
    IEnumerator IEnumerable.GetEnumerator() { return GetEnumerator(); }
}
class Program {
    static IEnumerable<string> Steps() {
        Console.Write("<start>");
        try {
            yield return "a";
            Console.Write("<middle>");
            yield return "b";
        } finally {
            Console.Write("<finally>");
        }
        yield return "c";
        Console.Write("<end>");
    }
    static IEnumerable<long> Fibonacci() { long a = 0, b = 1; while (true) { yield return a; long t = a + b; a = b; b = t; } }
    static IEnumerable<int> Limited(IEnumerable<int> source, int limit) {
        foreach (int x in source) { if (limit-- <= 0) yield break; yield return x; }
    }
    static void Main() {
        foreach (int i in new Range(3, 7)) Console.Write(i + " ");
        Console.WriteLine();
        foreach (string s in Steps()) Console.Write(s);
        Console.WriteLine();
        foreach (string s in Steps()) { Console.Write(s); break; }
        Console.WriteLine();
        foreach (long f in Fibonacci()) { if (f > 1000) break; Console.Write(f + " "); }
        Console.WriteLine();
        Console.WriteLine(string.Join(",", Limited(new Range(0, 100), 5)));
        IEnumerable<string> steps = Steps();
        Console.WriteLine(steps.GetEnumerator() == steps.GetEnumerator());
        IEnumerator e = ((IEnumerable)new Range(0, 2)).GetEnumerator();
        while (e.MoveNext()) Console.Write(e.Current + ";");
        Console.WriteLine();
        try { e.Reset(); } catch (NotSupportedException) { Console.WriteLine("no reset"); }
        foreach (object o in new ArrayList { 1, "x", null }) Console.Write((o ?? "null") + " ");
        Console.WriteLine();
    }
}
