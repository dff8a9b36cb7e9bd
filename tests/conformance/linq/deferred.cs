using System;
using System.Collections.Generic;
using System.Linq;
class Program {
    static IEnumerable<int> Noisy(int n) { for (int i = 0; i < n; i++) { Console.Write("[" + i + "]"); yield return i; } }
    static void Main() {
        var q = Noisy(5).Where(x => x % 2 == 0).Select(x => { Console.Write("s" + x); return x * 10; }); Console.WriteLine("nothing yet"); foreach (int x in q) Console.Write("=" + x + " "); Console.WriteLine(); Console.WriteLine(q.First()); Console.WriteLine(Noisy(10).Take(2).Sum()); Console.WriteLine(Noisy(10).Any(x => x > 2)); Console.WriteLine(Noisy(3).OrderByDescending(x => x).First()); Console.WriteLine(Noisy(3).Skip(1).Count()); var list = new List<int> { 1, 2 }; var view = list.Select(x => x * x); list.Add(3); Console.WriteLine(string.Join(",", view)); int factor = 2; var scaled = list.Select(x => x * factor); factor = 100; Console.WriteLine(string.Join(",", scaled)); var cached = Noisy(2).ToList(); Console.WriteLine(cached.Count + cached.Count);
        foreach (var f in new Action[] { () => new int[0].First(), () => new[] { 1, 2 }.Single(), () => new int[0].Max(), () => new int[0].Average(), () => Enumerable.Range(0, -1), () => ((IEnumerable<int>)null).Select(x => x), () => new[] { 1 }.ElementAt(5), () => new object[] { 1, "x" }.Cast<int>().ToList(), () => new[] { 1, 1 }.ToDictionary(x => x), () => new int[0].Aggregate((a, b) => a) }) try { f(); Console.Write("ok "); } catch (Exception e) { Console.Write(e.GetType().Name + " "); } Console.WriteLine(); using (var e = Noisy(3).Select(x => x).GetEnumerator()) { e.MoveNext(); Console.WriteLine(e.Current); } Console.WriteLine(string.Join(",", Enumerable.Range(0, 20).Where(x => x % 3 == 0).Reverse().Skip(1).TakeWhile(x => x > 3).Select((x, i) => x * i).Concat(Enumerable.Empty<int>()).DefaultIfEmpty(7)));
    }
}
