// Old objects are given young ones in every way; young collections between show what was forgotten.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading;

struct Pair { public object A; public int N; public object B; }
struct Wide { public object A, B, C, D, E, F, G, H, I, J; public long K; }

class Node { public object Value; public Pair Pair; public Wide Wide; public volatile object Volatile; public Node Next; }

class Generic<T> { public T Item; public T[] Items = new T[4]; public void Set(T item) { Item = item; Items[1] = item; } }

static class Program {
    static object[] array = new object[40];
    static string[] strings = new string[40];
    static Pair[] pairs = new Pair[40];
    static Wide[] wides = new Wide[40];
    static object[,] square = new object[4, 4];
    static Node node = new Node();
    static Generic<string> text = new Generic<string>();
    static Generic<Pair> structs = new Generic<Pair>();
    static Func<string> function;
    static List<object> list = new List<object>();
    static Dictionary<string, object> table = new Dictionary<string, object>();
    static readonly ConditionalWeakTable<object, object> attached = new ConditionalWeakTable<object, object>();
    static object boxed = new Pair();

    static string Make(int n) { return "young" + n; }
    static Pair MakePair(int n) { return new Pair { A = Make(n), N = n, B = Make(n + 1) }; }
    static Wide MakeWide(int n) { return new Wide { A = Make(n), E = Make(n + 1), J = Make(n + 2), K = n }; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Store(ref object place, object value) { place = value; }
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void StorePair(ref Pair place, Pair value) { place = value; }
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Out(out string place, int n) { place = Make(n); }

    // The result goes to a box that is old when it is stored.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.Synchronized)]
    public static Pair Collecting(int n) {
        GC.Collect(0);
        Pair pair = MakePair(n);
        return pair;
    }
    public static void Changes(Pair pair, int n) {
        GC.Collect(0);
        pair = MakePair(n);
        Young();
        Console.WriteLine(Show(pair));
    }

    static void Young() {
        GC.Collect(0);
        for (int i = 0; i < 2000; i++) new string('x', 10 + i % 7);
        GC.Collect(0);
    }

    static string Show(Pair p) { return p.A + "/" + p.N + "/" + p.B; }
    static string Show(Wide w) { return w.A + "/" + w.E + "/" + w.J + "/" + w.K; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Round(int n) {
        array[n] = Make(n);
        strings[n] = Make(n + 100);
        pairs[n] = MakePair(n);
        wides[n] = MakeWide(n);
        square[n % 4, 1] = Make(n);
        node.Value = Make(n);
        node.Pair = MakePair(n);
        node.Wide = MakeWide(n);
        node.Volatile = Make(n + 7);
        text.Set(Make(n));
        structs.Set(MakePair(n));
        int captured = n;
        string own = Make(n);
        function = () => own + captured;
        list.Add(Make(n));
        table["key" + n] = Make(n);
        Young();
        Console.WriteLine(array[n] + " " + strings[n] + " " + Show(pairs[n]) + " " + Show(wides[n]) + " " + square[n % 4, 1]);
        Console.WriteLine(node.Value + " " + Show(node.Pair) + " " + Show(node.Wide) + " " + node.Volatile);
        Console.WriteLine(text.Item + text.Items[1] + Show(structs.Item) + Show(structs.Items[1]) + function() + list[n] + table["key" + n]);

        Store(ref array[n], Make(n + 1));
        Store(ref node.Value, Make(n + 2));
        StorePair(ref pairs[n], MakePair(n + 3));
        Out(out strings[n], n + 4);
        Interlocked.Exchange(ref array[n + 1], Make(n + 5));
        Interlocked.CompareExchange(ref node.Next, new Node { Value = Make(n + 6) }, null);
        Volatile.Write(ref text.Item, Make(n + 7));
        Young();
        Console.WriteLine(array[n] + " " + node.Value + " " + Show(pairs[n]) + " " + strings[n] + " " + array[n + 1] + " " + node.Next.Value + " " + text.Item);
        node.Next = null;

        Array.Copy(new object[] { Make(n), Make(n + 1) }, 0, array, n, 2);
        Array.Copy(new[] { MakePair(n), MakePair(n + 1) }, 0, pairs, n, 2);
        array.SetValue(Make(n + 2), n + 2);
        pairs.SetValue(MakePair(n + 2), n + 2);
        square.SetValue(Make(n + 3), n % 4, 2);
        new object[] { Make(n), null, Make(n + 9) }.CopyTo(array, n + 3);
        typeof(Node).GetField("Value").SetValue(node, Make(n + 4));
        typeof(Node).GetField("Pair").SetValue(node, MakePair(n + 5));
        typeof(Program).GetField("boxed", BindingFlags.NonPublic | BindingFlags.Static).SetValue(null, MakePair(n + 6));
        typeof(Pair).GetField("A").SetValue(boxed, Make(n + 7));
        Array.Resize(ref structs.Items, 5 + n);
        Array.Reverse(strings);
        Young();
        Console.WriteLine(array[n] + " " + array[n + 1] + " " + Show(pairs[n]) + " " + Show(pairs[n + 1]) + " " + array[n + 2] + " " + Show(pairs[n + 2]));
        Console.WriteLine(square[n % 4, 2] + " " + array[n + 3] + " " + array[n + 5] + " " + node.Value + " " + Show(node.Pair) + " " + Show((Pair)boxed));

        var method = typeof(Program).GetMethod("Collecting");
        object result = method.Invoke(null, new object[] { n });
        Young();
        Console.WriteLine(Show((Pair)result));
        typeof(Program).GetMethod("Changes").Invoke(null, new object[] { new Pair(), n });
        object key = new object(), value;
        attached.Add(key, Make(n));
        Young();
        Console.WriteLine(attached.TryGetValue(key, out value) ? value : "gone");
        GC.KeepAlive(key);
    }

    static void Main() {
        Young();
        for (int n = 0; n < 20; n++) Round(n);
        // In code that has become hot.
        for (int n = 0; n < 30000; n++) { node.Value = array; array[n % 40] = node; pairs[n % 40].B = node; node.Next = node; }
        for (int n = 0; n < 20; n++) { list.Clear(); for (int i = 0; i <= n; i++) list.Add(null); Round2(n); }
    }

    static void Round2(int n) {
        node.Value = Make(n);
        array[n] = Make(n + 1);
        pairs[n].B = Make(n + 2);
        Young();
        Console.WriteLine(node.Value + " " + array[n] + " " + pairs[n].B);
    }
}
