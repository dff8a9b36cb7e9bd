// Iterators: finally on early exit and exceptions, nested enumerators, reset by a second enumeration, struct enumerators, yield in loops and switches.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;

class Range : IEnumerable<int> { readonly int n; public Range(int n) { this.n = n; } public struct En { int i; readonly int n; public En(int n) { i = -1; this.n = n; } public int Current { get { return i; } } public bool MoveNext() { return ++i < n; } } public En GetEnumerator() { return new En(n); } IEnumerator<int> IEnumerable<int>.GetEnumerator() { for (int i = 0; i < n; i++) yield return i; } IEnumerator IEnumerable.GetEnumerator() { return ((IEnumerable<int>)this).GetEnumerator(); } }

static class Program
{
    static IEnumerable<int> Count(int n, string name) { Console.Write("<" + name + " "); try { for (int i = 0; i < n; i++) { try { yield return i; } finally { Console.Write("f" + i + " "); } } } finally { Console.Write(name + "> "); } }
    static IEnumerable<string> Nested(int d) { yield return "d" + d; if (d > 0) foreach (var s in Nested(d - 1)) yield return s + d; switch (d) { case 1: yield return "one"; yield break; case 2: yield return "two"; break; } yield return "end" + d; }
    static IEnumerable<T> Interleave<T>(params IEnumerable<T>[] sources) { var es = sources.Select(s => s.GetEnumerator()).ToList(); try { bool any = true; while (any) { any = false; foreach (var e in es) if (e.MoveNext()) { any = true; yield return e.Current; } } } finally { foreach (var e in es) e.Dispose(); } }
    static IEnumerable<int> Fails() { yield return 1; throw new InvalidOperationException("inside"); }
    static IEnumerable<Func<int>> Funcs() { for (int i = 0; i < 3; i++) { int k = i * i; yield return () => k++; } }
    static IEnumerable<long> Fib() { long a = 0, b = 1; while (true) { yield return a; var t = a + b; a = b; b = t; } }

    static void Main()
    {
        foreach (var i in Count(5, "a")) { if (i == 2) break; Console.Write(i + " "); } Console.WriteLine();
        try { foreach (var i in Count(3, "b")) { Console.Write(i + " "); if (i == 1) throw new Exception("out"); } } catch (Exception e) { Console.WriteLine(e.Message); }
        var c = Count(2, "c"); Console.WriteLine("made"); Console.WriteLine(c.Sum() + c.Max());
        using (var e = Count(2, "d").GetEnumerator()) { e.MoveNext(); Console.Write(e.Current); } Console.WriteLine();
        Console.WriteLine(string.Join(" ", Nested(3)));
        Console.WriteLine(string.Join(" ", Interleave(Enumerable.Range(0, 3), Enumerable.Range(10, 1), Enumerable.Range(20, 4))));
        try { foreach (var i in Fails()) Console.Write(i + " "); } catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
        Console.WriteLine(string.Join(",", Fib().Skip(10).Take(5)) + " " + Fib().TakeWhile(x => x < 100).Count(x => x % 2 == 0));
        int sum = 0; foreach (var i in new Range(5)) sum += i; foreach (int i in (IEnumerable)new Range(4)) sum += i; Console.WriteLine(sum + new Range(3).Sum());
        var q = from a in new Range(4) from b in new Range(a) where (a + b) % 2 == 1 orderby b, -a let p = a * b select a + "" + b + "=" + p; Console.WriteLine(string.Join(" ", q));
        var en = Count(1, "e").GetEnumerator(); while (en.MoveNext()) ; Console.WriteLine(en.MoveNext()); try { en.Reset(); } catch (NotSupportedException) { Console.WriteLine("no reset"); }
        foreach (var f in Funcs().ToList()) Console.Write(f() + f() + " "); Console.WriteLine();
    }
}
