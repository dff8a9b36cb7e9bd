using System;
using System.Collections.Generic;
using System.Linq;
class Program {
    static string S(IEnumerable<int> e) { return string.Join(",", e.OrderBy(x => x)); }
    static void Main() {
        var a = new HashSet<int> { 1, 2, 3, 4 }; Console.WriteLine(a.Add(4) + "" + a.Add(5) + a.Remove(1) + a.Remove(9) + a.Count); var b = new[] { 4, 5, 6, 6 };
        var u = new HashSet<int>(a); u.UnionWith(b); var i = new HashSet<int>(a); i.IntersectWith(b); var e = new HashSet<int>(a); e.ExceptWith(b); var x = new HashSet<int>(a); x.SymmetricExceptWith(b); Console.WriteLine(S(u) + " " + S(i) + " " + S(e) + " " + S(x));
        Console.WriteLine(i.IsSubsetOf(a) + "" + a.IsSupersetOf(i) + a.Overlaps(b) + a.SetEquals(new[] { 5, 4, 3, 2 }) + i.IsProperSubsetOf(i)); a.RemoveWhere(n => n % 2 == 0); Console.WriteLine(S(a)); var strings = new HashSet<string>("the cat sat on the mat the end".Split(' ')); Console.WriteLine(strings.Count + " " + strings.Contains("mat"));
        var l = new LinkedList<string>(); l.AddLast("b"); l.AddFirst("a"); var n2 = l.AddLast("d"); l.AddBefore(n2, "c"); l.AddAfter(n2, "e"); Console.WriteLine(string.Join("", l) + l.Count + l.First.Value + l.Last.Previous.Value + l.Find("c").Next.Value); l.Remove("b"); l.RemoveFirst(); l.RemoveLast(); l.Remove(n2); Console.WriteLine(string.Join("", l) + l.Contains("d") + (n2.List == null)); var r = new SortedSet<int> { 5, 1, 9, 3, 5 }; Console.WriteLine(string.Join(",", r) + " " + r.Min + r.Max + " " + string.Join(",", r.GetViewBetween(2, 6)) + " " + string.Join(",", r.Reverse())); for (int k = 0; k < 1000; k++) r.Add(k * 7919 % 1009); Console.WriteLine(r.Count + " " + r.Skip(500).First());
    }
}
