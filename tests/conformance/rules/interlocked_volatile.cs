// Interlocked and Volatile on every type they take; thread statics; memory published to another thread.
using System;
using System.Threading;

class Node { public int V; public Node Next; }

static class Program
{
    static int i; static long l; static object o = "start"; static float f; static double d; static IntPtr p; static Node head; static volatile bool ready; static volatile Node latest;
    [ThreadStatic] static int ts; [ThreadStatic] static string tss; [ThreadStatic] static DateTime tsd;
    struct S { public int A; public long B; }
    static S s;

    static void Main()
    {
        Console.WriteLine(Interlocked.Increment(ref i) + " " + Interlocked.Decrement(ref i) + " " + Interlocked.Add(ref i, 7) + " " + Interlocked.Exchange(ref i, 100) + " " + Interlocked.CompareExchange(ref i, 5, 100) + " " + Interlocked.CompareExchange(ref i, 9, 100) + " " + i);
        Console.WriteLine(Interlocked.Increment(ref l) + " " + Interlocked.Add(ref l, long.MaxValue) + " " + Interlocked.Exchange(ref l, -1) + " " + Interlocked.CompareExchange(ref l, 3, -1) + " " + Interlocked.Read(ref l));
        Console.WriteLine(Interlocked.Exchange(ref o, "next") + " " + Interlocked.CompareExchange(ref o, "never", "other") + " " + Interlocked.CompareExchange(ref o, null, o) + " " + (o == null));
        Console.WriteLine(Interlocked.Exchange(ref f, 1.5f) + " " + Interlocked.CompareExchange(ref f, 2.5f, 1.5f) + " " + f + " " + Interlocked.Exchange(ref d, 0.1) + " " + Interlocked.CompareExchange(ref d, -0.0, 0.1) + " " + (1 / d));
        Console.WriteLine(Interlocked.Exchange(ref p, (IntPtr)4) + " " + Interlocked.CompareExchange(ref p, (IntPtr)5, (IntPtr)4) + " " + p);
        Interlocked.Increment(ref s.A); Interlocked.Add(ref s.B, 5); var arr = new int[3]; Interlocked.Increment(ref arr[1]); Console.WriteLine(s.A + " " + s.B + " " + arr[1]);
        Volatile.Write(ref i, 12); Volatile.Write(ref l, 1L << 40); Volatile.Write(ref d, 2.5); Console.WriteLine(Volatile.Read(ref i) + " " + Volatile.Read(ref l) + " " + Volatile.Read(ref d)); Thread.MemoryBarrier();
        i = 0; l = 0;
        var ths = new Thread[4]; int[] mine = new int[4];
        for (int k = 0; k < 4; k++) { int id = k; ths[k] = new Thread(() => { for (int n = 0; n < 2000; n++) { Interlocked.Increment(ref i); Interlocked.Add(ref l, 2); ts++; tss = (tss ?? "") + (n < 3 ? id.ToString() : ""); var node = new Node { V = 1 }; do node.Next = head; while (Interlocked.CompareExchange(ref head, node, node.Next) != node.Next); } mine[id] = ts; tsd = tsd.AddDays(id); lock (mine) { if (tss.Length != 3 || tsd.Day != 1 + id) Console.WriteLine("wrong"); } }); ths[k].Start(); }
        foreach (var t in ths) t.Join();
        int count = 0; for (var n = head; n != null; n = n.Next) count += n.V;
        Console.WriteLine(i + " " + l + " " + string.Join(",", mine) + " " + ts + " " + (tss == null) + " " + count + " " + tsd.Year);
        var reader = new Thread(() => { while (!ready) Thread.Yield(); Console.WriteLine("saw " + latest.V); }); reader.Start(); latest = new Node { V = 42 }; ready = true; reader.Join();
    }
}
