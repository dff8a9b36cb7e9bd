using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
class Node { public Node Next; public byte[] Data = new byte[100]; }
class Program {
    [MethodImpl(MethodImplOptions.NoInlining)] static WeakReference Make(bool keep, List<object> kept) { var o = new Node(); if (keep) kept.Add(o); return new WeakReference(o); }
    [MethodImpl(MethodImplOptions.NoInlining)] static void Fill(WeakReference[] w, List<object> kept) { for (int i = 0; i < w.Length; i++) w[i] = Make(i % 10 == 0, kept); }
    static void Main() {
        var kept = new List<object>(); var w = new WeakReference[1000]; Fill(w, kept);
        GC.Collect(); GC.WaitForPendingFinalizers(); GC.Collect();
        int dead = 0, wrong = 0; for (int i = 0; i < w.Length; i++) { if (!w[i].IsAlive) { dead++; if (i % 10 == 0) wrong++; } } Console.WriteLine((dead > 800) + " " + wrong + " " + kept.Count);
        Node head = null; for (int round = 0; round < 20; round++) { head = null; for (int i = 0; i < 1000; i++) head = new Node { Next = head }; } int n = 0; for (Node x = head; x != null; x = x.Next) { n++; if (x.Data.Length != 100) Console.WriteLine("corrupt"); } Console.WriteLine(n);
        int before = GC.CollectionCount(GC.MaxGeneration); GC.Collect(); Console.WriteLine((GC.CollectionCount(GC.MaxGeneration) > before) + " " + (GC.GetTotalMemory(false) > 0) + " " + (GC.MaxGeneration >= 0) + " " + (GC.GetGeneration(new object()) >= 0)); GC.KeepAlive(kept); var weak = new WeakReference<string>("literal"); string s; Console.WriteLine(weak.TryGetTarget(out s) + s); weak.SetTarget(null); Console.WriteLine(weak.TryGetTarget(out s)); GC.AddMemoryPressure(1000); GC.RemoveMemoryPressure(1000); var table = new ConditionalWeakTable<object, string>(); object key = new object(); table.Add(key, "attached"); GC.Collect(); Console.WriteLine(table.TryGetValue(key, out s) + s);
    }
}
