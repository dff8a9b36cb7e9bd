// Spans and typed references are the only pointers to what they stand for: they keep it alive.
using System;
using System.Runtime.CompilerServices;

struct Holder { public int Number; public object Tag; }

class Box { public Holder Held; public int Plain; }

class Program
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int[] Filled(int n)
    {
        var a = new int[n];
        for (int i = 0; i < n; i++) a[i] = i * 3;
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Churn()
    {
        GC.Collect();
        // What was freed is used again.
        for (int i = 0; i < 3000; i++) { var garbage = new byte[40 + i % 64]; garbage[i % 40] = 255; }
        GC.Collect();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int SumOf(Span<int> span)
    {
        Churn();
        int sum = 0;
        for (int i = 0; i < span.Length; i++) sum += span[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int SumInside(int n)
    {
        Span<int> span = Filled(n);
        span = span.Slice(2);
        int sum = 0;
        for (int i = 0; i < span.Length; i += 8)
        {
            Churn();
            sum += span[i];
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static string Text(ReadOnlySpan<char> text)
    {
        Churn();
        return new string(text.ToArray());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Span<int> Through(Span<int> span) { Churn(); return span.Slice(1); }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static string Referred(TypedReference r)
    {
        Churn();
        return __reftype(r).Name + " " + __refvalue(r, Holder).Number + " " + __refvalue(r, Holder).Tag;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Box Boxed() { var b = new Box(); b.Held.Number = 7; b.Held.Tag = "tag" + 1.ToString(); return b; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static string Local()
    {
        TypedReference r = __makeref(Boxed().Held);
        Churn();
        return Referred(r);
    }

    static void Main()
    {
        Console.WriteLine(SumOf(Filled(30)));
        Console.WriteLine(SumInside(40));
        Console.WriteLine(Text(("number " + 5.ToString()).AsSpan(3)));
        Console.WriteLine(SumOf(Through(Through(Filled(10)))));
        Console.WriteLine(Local());
        Console.WriteLine(Referred(__makeref(Boxed().Held)));
    }
}
