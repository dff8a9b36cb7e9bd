using System;
using System.Collections.Generic;
class Program {
    static void Main() {
        var q = new Queue<int>(); for (int i = 0; i < 10; i++) { q.Enqueue(i); if (i % 3 == 2) Console.Write(q.Dequeue() + " "); }
        Console.WriteLine(q.Count + " " + q.Peek() + " " + q.Contains(9) + " " + string.Join(",", q) + " " + q.ToArray().Length);
        var s = new Stack<string>(new[] { "a", "b", "c" }); s.Push("d"); Console.WriteLine(s.Pop() + s.Peek() + s.Count + string.Join("", s)); s.Clear(); try { s.Pop(); } catch (InvalidOperationException) { Console.WriteLine("empty stack"); } try { new Queue<int>().Dequeue(); } catch (InvalidOperationException) { Console.WriteLine("empty queue"); }
        var st = new Stack<int>(); foreach (string t in "3 4 + 2 * 7 -".Split(' ')) { int n; if (int.TryParse(t, out n)) { st.Push(n); continue; } int b = st.Pop(), a = st.Pop(); st.Push(t == "+" ? a + b : t == "-" ? a - b : a * b); } Console.WriteLine(st.Pop());
        var big = new Queue<long>(); long sum = 0; for (int i = 0; i < 5000; i++) { big.Enqueue(i); big.Enqueue(-i); sum += big.Dequeue() * i; } Console.WriteLine(sum + " " + big.Count); try { foreach (long x in big) big.Dequeue(); } catch (InvalidOperationException) { Console.WriteLine("changed"); } big.TrimExcess(); big.CopyTo(new long[6000], 5); Console.WriteLine(big.Peek());
    }
}
