using System;
using System.Collections;
using System.Collections.Specialized;
class Program {
    static void Main() {
        var a = new ArrayList { 3, "x", null, 2.5 }; a.Add('c'); a.Insert(1, 9); a.Remove("x"); a.RemoveAt(0); foreach (object o in a) Console.Write((o ?? "null") + " "); Console.WriteLine(a.Count + " " + a.IndexOf(2.5) + a.Contains(null)); var n = new ArrayList { 5, 1, 4 }; n.Sort(); n.Reverse(); Console.WriteLine(string.Join(",", n.ToArray()) + n.BinarySearch(1)); int[] typed = (int[])n.ToArray(typeof(int)); Console.WriteLine(typed.Length);
        var h = new Hashtable { { "a", 1 }, { 2, "two" } }; h["b"] = null; Console.WriteLine(h.Count + "" + h["a"] + h[2] + h.ContainsKey("b") + (h["zz"] == null)); var keys = new ArrayList(); foreach (DictionaryEntry e in h) keys.Add(e.Key.ToString() + "=" + e.Value); keys.Sort(StringComparer.Ordinal); Console.WriteLine(string.Join(" ", keys.ToArray())); h.Remove("a"); Console.WriteLine(h.ContainsKey("a"));
        var q = new Queue(); q.Enqueue(1); q.Enqueue("2"); Console.WriteLine(q.Dequeue() + "" + q.Count); var s = new Stack(); s.Push(1); s.Push("top"); Console.WriteLine(s.Pop() + "" + s.Peek()); var b = new BitArray(10); b[3] = true; b.Set(9, true); var c = new BitArray(10, true); b.Not().And(c); string bits = ""; foreach (bool x in b) bits += x ? 1 : 0; Console.WriteLine(bits + b.Count); var big = new Hashtable(); for (int i = 0; i < 2000; i++) big["k" + i] = i; int sum = 0; for (int i = 0; i < 2000; i += 3) sum += (int)big["k" + i]; Console.WriteLine(sum); var sl = new SortedList { { "b", 1 }, { "a", 2 } }; Console.WriteLine(sl.GetKey(0) + "" + sl.GetByIndex(0)); try { a.Add(1); ArrayList.ReadOnly(a).Add(1); } catch (NotSupportedException) { Console.WriteLine("read only"); } foreach (object o in ArrayList.Repeat("r", 2)) Console.Write(o); Console.WriteLine();
    }
}
