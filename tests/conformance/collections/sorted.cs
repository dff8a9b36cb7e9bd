using System;
using System.Collections.Generic;
class Program {
    static void Main() {
        var d = new SortedDictionary<string, int>(StringComparer.Ordinal); foreach (string w in "zeta alpha gamma beta Alpha".Split(' ')) d[w] = w.Length; foreach (var p in d) Console.Write(p.Key + "=" + p.Value + " "); Console.WriteLine(string.Join(",", d.Keys) + " " + string.Join(",", d.Values) + " " + d.Remove("beta") + d.ContainsKey("beta") + d.Count);
        var l = new SortedList<int, string> { { 5, "five" }, { 1, "one" }, { 3, "three" } }; l[2] = "two"; Console.WriteLine(string.Join(",", l.Keys) + string.Join(",", l.Values) + l.IndexOfKey(3) + l.IndexOfValue("one") + l.Values[3]); l.RemoveAt(0); try { l.Add(5, "x"); } catch (ArgumentException) { Console.WriteLine("dup " + l.Keys[0]); }
        var t = new SortedDictionary<int, int>(); uint s = 7; for (int i = 0; i < 2000; i++) { s = s * 1103515245 + 12345; int k = (int)(s >> 16) % 700; if (i % 3 == 0) t.Remove(k); else t[k] = i; } long h = 0; foreach (var p in t) h = h * 31 + p.Key * 7 + p.Value; Console.WriteLine(t.Count + " " + h); try { foreach (var p in t) t[-1] = 0; } catch (InvalidOperationException) { Console.WriteLine("changed"); } int v; Console.WriteLine(t.TryGetValue(100000, out v) + "" + v);
    }
}
