using System;
using System.Linq;
class Program {
    static void Main() {
        string all = Console.In.ReadToEnd();
        var words = all.Split(new[] { ' ', '\n', '\r', '\t' }, StringSplitOptions.RemoveEmptyEntries);
        Console.WriteLine(all.Length + " " + words.Length + " " + all.Count(c => c == '\n'));
        foreach (var g in words.GroupBy(w => w.ToLowerInvariant().Trim('.', ',')).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(5))
            Console.WriteLine("{0,-6}{1,3}", g.Key, g.Count());
    }
}
