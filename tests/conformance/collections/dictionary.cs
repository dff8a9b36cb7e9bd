using System;
using System.Collections.Generic;
class Program {
    static void Main() {
        var d = new Dictionary<string, int>();
        foreach (string word in "the cat and the dog and the bird".Split(' ')) {
            int n;
            d.TryGetValue(word, out n);
            d[word] = n + 1;
        }
        var keys = new List<string>(d.Keys); keys.Sort(string.CompareOrdinal);
        foreach (string k in keys) Console.Write(k + "=" + d[k] + " ");
        Console.WriteLine(d.Count + " " + d.ContainsKey("cat") + " " + d.ContainsKey("cow") + " " + d.ContainsValue(3));
        try { d.Add("cat", 1); } catch (ArgumentException) { Console.WriteLine("duplicate"); }
        try { Console.WriteLine(d["cow"]); } catch (KeyNotFoundException) { Console.WriteLine("not found"); }
        try { d[null] = 1; } catch (ArgumentNullException e) { Console.WriteLine(e.ParamName); }
        Console.WriteLine(d.Remove("cat") + " " + d.Remove("cat") + " " + d.Count);
        var squares = new Dictionary<int, long>();
        for (int i = 0; i < 10000; i++) squares[i * 7] = (long)i * i;
        for (int i = 0; i < 10000; i += 2) squares.Remove(i * 7);
        long sum = 0;
        foreach (KeyValuePair<int, long> p in squares) sum += p.Key ^ p.Value;
        Console.WriteLine(squares.Count + " " + sum);
        var ignore = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { { "Key", "v" } };
        Console.WriteLine(ignore["KEY"] + ignore.ContainsKey("key"));
        var structs = new Dictionary<DateTime, Guid>();
        structs[new DateTime(2001, 1, 1)] = Guid.Empty;
        Console.WriteLine(structs[new DateTime(2001, 1, 1)]);
        var chars = new SortedDictionary<char, int>();
        foreach (char c in "mississippi") { int n; chars.TryGetValue(c, out n); chars[c] = n + 1; }
        foreach (var p in chars) Console.Write(p + " ");
        Console.WriteLine();
    }
}
