using System;
using System.Linq;
class Program {
    static void Main() {
        int[] n = { 5, 4, 1, 3, 9, 8, 6, 7, 2, 0 };
        Console.WriteLine(string.Join(",", n.Where(x => x < 5).Select(x => x * x)));
        Console.WriteLine(string.Join(",", from x in n where x % 2 == 0 orderby x descending select x + "!"));
        Console.WriteLine(n.Sum() + " " + n.Min() + " " + n.Max() + " " + n.Average() + " " + n.Count(x => x > 4) + " " + n.Aggregate((a, b) => a * 3 + b));
        Console.WriteLine(n.First() + " " + n.Last() + " " + n.First(x => x > 5) + " " + n.FirstOrDefault(x => x > 50) + " " + n.ElementAt(3) + " " + n.Single(x => x == 3));
        Console.WriteLine(string.Join(",", n.Skip(3).Take(4)) + " " + string.Join(",", n.TakeWhile(x => x != 9)) + " " + string.Join(",", n.SkipWhile(x => x != 9)));
        Console.WriteLine(n.Any() + " " + n.Any(x => x > 9) + " " + n.All(x => x >= 0) + " " + n.Contains(7));
        Console.WriteLine(string.Join(",", Enumerable.Range(1, 5).Reverse().Concat(Enumerable.Repeat(7, 2)).Distinct()));
        string[] words = { "apple", "fig", "banana", "kiwi", "cherry", "date" };
        foreach (var g in words.GroupBy(w => w.Length).OrderBy(g => g.Key)) Console.Write(g.Key + ":" + string.Join("/", g.OrderBy(w => w, StringComparer.Ordinal)) + " ");
        Console.WriteLine();
        Console.WriteLine(string.Join(" ", words.OrderBy(w => w.Length).ThenByDescending(w => w, StringComparer.Ordinal)));
        Console.WriteLine(string.Join(",", words.SelectMany(w => w.Take(2))) + " " + words.ToDictionary(w => w[0])['k'] + " " + words.ToLookup(w => w.Length)[6].Count());
        Console.WriteLine(string.Join(",", n.Zip(words, (a, b) => a + b)) + " " + n.SequenceEqual(n.ToList()) + " " + string.Join(",", n.Except(new[] { 1, 2, 3 }).Intersect(new[] { 3, 4, 5, 6 }).Union(new[] { 42 })));
        try { n.First(x => x > 100); } catch (InvalidOperationException e) { Console.WriteLine(e.GetType().Name); }
    }
}
