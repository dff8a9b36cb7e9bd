// Compiler options: -unsafe
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

// What the code still uses is alive at every call. (What is dead may live longer under Mono: that
// it does not here is tested in crates/runtime.)
class Node { public Node Next; public byte[] Data = new byte[64]; public int Id; }
class Counted
{
    public static int Dead;
    public int Value = 7;
    ~Counted() { Dead++; }

    public WeakReference Self;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void ForgetsItself()
    {
        var weak = Self;
        GC.Collect();
        Console.WriteLine("this: " + (weak != null));
    }
}

struct Pair { public object First; public object Second; public int Number; }

static class Program
{
    const MethodImplOptions Apart = MethodImplOptions.NoInlining;

    [MethodImpl(Apart)]
    static WeakReference Weak() { return new WeakReference(new object[3]); }

    [MethodImpl(Apart)]
    static void Collect() { GC.Collect(); GC.WaitForPendingFinalizers(); GC.Collect(); }

    [MethodImpl(Apart)]
    static void Clear(int depth)
    {
        if (depth > 0) Clear(depth - 1);
    }

    [MethodImpl(Apart)]
    static object DeadLocal()
    {
        object kept = new object[2];
        object dead = new object[3];
        var a = new WeakReference(kept);
        var b = new WeakReference(dead);
        Console.WriteLine(dead.GetHashCode() == dead.GetHashCode());
        Collect();
        Console.WriteLine("local: " + a.IsAlive + " " + (b != null));
        return kept;
    }

    [MethodImpl(Apart)]
    static int ByRefKeepsBase()
    {
        WeakReference weak = null;
        ref int place = ref Element(ref weak);
        Collect();
        Console.WriteLine("byref: " + weak.IsAlive);
        place += 5;
        Collect();
        return place;
    }

    [MethodImpl(Apart)]
    static ref int Element(ref WeakReference weak)
    {
        var array = new int[] { 1, 2, 3, 4 };
        weak = new WeakReference(array);
        return ref array[2];
    }

    [MethodImpl(Apart)]
    static Pair MakePair(int n)
    {
        return new Pair { First = new string('a', n), Second = new int[n], Number = n };
    }

    [MethodImpl(Apart)]
    static void StructAcrossCalls()
    {
        Pair pair = MakePair(5);
        Collect();
        Pair other = MakePair(6);
        Collect();
        Console.WriteLine("struct: " + pair.First + ((int[])pair.Second).Length + other.First + other.Number);
    }

    [MethodImpl(Apart)]
    static void OnlyInHandler()
    {
        var text = new string('h', 4);
        object boxed = 42;
        try
        {
            Collect();
            Throw();
        }
        catch (InvalidOperationException e)
        {
            Collect();
            Console.WriteLine("handler: " + text + boxed + e.Message);
        }
        finally
        {
            Collect();
            Console.WriteLine("finally: " + text.Length);
        }
    }

    [MethodImpl(Apart)]
    static void InFilter()
    {
        var text = new string('f', 3);
        int seen = 0;
        try { Throw(); }
        catch (InvalidOperationException e) when (Look(text, e, ref seen))
        {
            Collect();
            Console.WriteLine("filter: " + text + seen);
        }
    }

    [MethodImpl(Apart)]
    static bool Look(string text, Exception e, ref int seen)
    {
        Collect();
        seen = text.Length + e.Message.Length;
        return true;
    }

    [MethodImpl(Apart)]
    static void Throw() { throw new InvalidOperationException(new string('m', 3)); }

    [MethodImpl(Apart)]
    static string Fresh(char c) { Collect(); return new string(c, 2); }

    [MethodImpl(Apart)]
    static string Join(string a, string b, string c, string d, string e, string f, string g, string h, string i)
    {
        Collect();
        return a + b + c + d + e + f + g + h + i;
    }

    // Arguments that are in flight while later ones are computed, some of them on the stack.
    [MethodImpl(Apart)]
    static void InFlight()
    {
        Console.WriteLine("flight: " + Join(Fresh('a'), Fresh('b'), Fresh('c'), Fresh('d'), Fresh('e'),
            Fresh('f'), Fresh('g'), Fresh('h'), Fresh('i')));
    }

    [MethodImpl(Apart)]
    static void Queue()
    {
        var head = new Node { Id = 0 };
        var tail = head;
        WeakReference early = null;
        for (int i = 1; i < 20000; i++)
        {
            var node = new Node { Id = i };
            tail.Next = node;
            tail = node;
            if (i == 1000) early = Watch(node);
            if (i > 100) head = head.Next;
            if (i % 4000 == 0)
            {
                GC.Collect();
            }
        }
        Console.WriteLine(head.Id + " " + tail.Id);
    }

    [MethodImpl(Apart)]
    static WeakReference Watch(Node node) { return new WeakReference(node); }

    [MethodImpl(Apart)]
    static Counted MakeCounted()
    {
        var made = new Counted();
        made.Self = new WeakReference(made);
        return made;
    }

    [MethodImpl(Apart)]
    static unsafe int Pinned()
    {
        int sum = 0;
        WeakReference weak = new WeakReference(null);
        fixed (byte* p = Bytes(weak))
        {
            Collect();
            Console.Write("pinned: " + weak.IsAlive);
            for (int i = 0; i < 4; i++) sum += p[i];
        }
        Collect();
        Console.WriteLine();
        return sum;
    }

    [MethodImpl(Apart)]
    static byte[] Bytes(WeakReference weak)
    {
        var bytes = new byte[] { 1, 2, 3, 4 };
        weak.Target = bytes;
        return bytes;
    }

    [MethodImpl(Apart)]
    static int Over(Func<object, string, int> f, object x)
    {
        return f(x, Fresh('z'));
    }

    static void Main()
    {
        var weak = Weak();
        Clear(20);
        Collect();
        Console.WriteLine("temporary: " + weak.IsAlive);
        Console.WriteLine(((object[])DeadLocal()).Length);
        Console.WriteLine(ByRefKeepsBase());
        StructAcrossCalls();
        OnlyInHandler();
        InFilter();
        InFlight();
        Queue();
        MakeCounted().ForgetsItself();
        Console.WriteLine(Pinned());
        Func<object, string, int> many = (a, b) => { Collect(); return a.ToString().Length + b.Length; };
        many += (a, b) => { Collect(); return a.ToString().Length * 10 + b.Length; };
        Console.WriteLine("delegates: " + Over(many, new string('q', 3)));
        Collect();
        Console.WriteLine("finalized: " + Counted.Dead);
    }
}
