// Thread statics: each thread has its own, whatever their number and type; those of instances of a
// generic class are apart.
using System;
using System.Threading;

class Many
{
    [ThreadStatic] public static int a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9;
    [ThreadStatic] public static long c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9;
    [ThreadStatic] public static string text;
    [ThreadStatic] public static object[] objects;
    public static int shared;
}

class Generic<T>
{
    [ThreadStatic] public static int count;
    [ThreadStatic] public static T last;
    public static void Note(T value) { count++; last = value; }
}

class Program
{
    [ThreadStatic] static int counter = 7; // set in the thread that runs the initialiser only
    static readonly object gate = new object();

    static long Work(int seed)
    {
        for (int i = 0; i < 3000; i++)
        {
            Many.a0 += i; Many.a1 ^= i; Many.a2 += seed; Many.a3 += 3; Many.a4 -= i; Many.a5 += 5; Many.a6++; Many.a7 += 7; Many.a8 += 8; Many.a9 += 9;
            Many.b0 += Many.a0; Many.b1 += 1; Many.b2 += 2; Many.b3 += 3; Many.b4 += 4; Many.b5 += 5; Many.b6 += 6; Many.b7 += 7; Many.b8 += 8; Many.b9 += 9;
            Many.c0 += Many.b0; Many.c1 += 1; Many.c2 += 2; Many.c3 += 3; Many.c4 += 4; Many.c5 += 5; Many.c6 += 6; Many.c7 += 7; Many.c8 += 8; Many.c9 += 9;
            Many.d0 += Many.c0; Many.d1 += 1; Many.d2 += 2; Many.d3 += 3; Many.d4 += 4; Many.d5 += 5; Many.d6 += 6; Many.d7 += 7; Many.d8 += 8; Many.d9 += 9;
            Many.text = seed + ":" + i;
            if (i % 500 == 0) { Many.objects = new object[] { Many.text, Many.objects }; GC.Collect(); }
            Generic<int>.Note(i); Generic<string>.Note(Many.text); Generic<long>.Note(seed); Generic<object>.Note(gate);
            counter++;
        }
        int depth = 0;
        for (var o = Many.objects; o != null; o = (object[])o[1]) depth += ((string)o[0]).Length;
        return Many.a0 + Many.a1 + Many.a2 + Many.d0 + Many.d9 + Many.c5 + Many.b7 + depth + counter
            + Generic<int>.count * 3 + Generic<string>.last.Length + Generic<long>.last + (Generic<object>.last == gate ? 1 : 0);
    }

    static void Main()
    {
        Console.WriteLine(counter);
        var results = new long[4];
        var threads = new Thread[4];
        for (int n = 0; n < threads.Length; n++)
        {
            int seed = n;
            threads[n] = new Thread(() => { results[seed] = Work(seed); Interlocked.Increment(ref Many.shared); });
            threads[n].Start();
        }
        foreach (var t in threads) t.Join();
        foreach (var r in results) Console.WriteLine(r);
        Console.WriteLine("{0} {1} {2} {3}", Many.a0, Many.text == null, Generic<string>.count, Many.shared);
        Console.WriteLine(Work(9));
        Console.WriteLine("{0} {1}", Many.text, Generic<int>.last);
    }
}
