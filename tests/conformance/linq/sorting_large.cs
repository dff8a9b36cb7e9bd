using System;
using System.Linq;
class Program {
    static void Main() {
        uint s = 99; var data = Enumerable.Range(0, 3000).Select(i => { s = s * 1664525 + 1013904223; return new { Key = (int)(s >> 24), Index = i, Text = ((s >> 8) % 1000).ToString("D3") }; }).ToArray();
        var sorted = data.OrderBy(x => x.Key).ToArray(); bool stable = true; for (int i = 1; i < sorted.Length; i++) if (sorted[i - 1].Key > sorted[i].Key || sorted[i - 1].Key == sorted[i].Key && sorted[i - 1].Index > sorted[i].Index) stable = false; Console.WriteLine(stable); Console.WriteLine(string.Join(" ", data.OrderByDescending(x => x.Text, StringComparer.Ordinal).ThenBy(x => x.Key).Take(8).Select(x => x.Text + "/" + x.Key + "/" + x.Index))); Console.WriteLine(data.GroupBy(x => x.Key % 16).OrderBy(g => g.Key).Select(g => g.Count()).Aggregate("", (a, n) => a + n + " ")); Console.WriteLine(data.Select(x => x.Text).Distinct().Count() + " " + data.Sum(x => (long)x.Key * x.Index) + " " + data.Where(x => x.Key > 250).Select(x => x.Index).Max() + " " + data.Zip(data.Skip(1), (a, b) => Math.Abs(a.Key - b.Key)).Average().ToString("F4"));
        var primes = Enumerable.Range(2, 500).Where(n => Enumerable.Range(2, (int)Math.Sqrt(n) - 1).All(d => n % d != 0)); Console.WriteLine(primes.Count() + " " + primes.Last()); var triples = from a in Enumerable.Range(1, 30) from b in Enumerable.Range(a, 30 - a + 1) let c = (int)Math.Sqrt(a * a + b * b) where c <= 30 && c * c == a * a + b * b select a + "," + b + "," + c; Console.WriteLine(string.Join(" ", triples));
    }
}
