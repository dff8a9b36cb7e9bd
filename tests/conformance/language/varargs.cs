// Variable argument lists: __arglist in both directions, every kind of argument, iterators.
using System;

struct Pair
{
    public int A;
    public string B;
    public override string ToString() { return A + B; }
}

class Program
{
    static int Count(__arglist)
    {
        return new ArgIterator(__arglist).GetRemainingCount();
    }

    static string Join(string separator, __arglist)
    {
        var iterator = new ArgIterator(__arglist);
        string text = "";
        while (iterator.GetRemainingCount() > 0)
        {
            TypedReference next = iterator.GetNextArg();
            text += (text == "" ? "" : separator) + TypedReference.ToObject(next) + ":" + __reftype(next).Name;
        }
        return text;
    }

    static long Sum(int first, __arglist)
    {
        long sum = first;
        var iterator = new ArgIterator(__arglist);
        while (iterator.GetRemainingCount() > 0)
            sum += __refvalue(iterator.GetNextArg(), int);
        return sum;
    }

    static Pair Last(__arglist)
    {
        var iterator = new ArgIterator(__arglist);
        var last = new Pair();
        while (iterator.GetRemainingCount() > 0)
        {
            Console.WriteLine(Type.GetTypeFromHandle(iterator.GetNextArgType()));
            last = __refvalue(iterator.GetNextArg(), Pair);
        }
        return last;
    }

    string name = "instance";

    string Own(__arglist)
    {
        return name + Count(__arglist(1, 2));
    }

    static void Main()
    {
        Console.WriteLine(Count(__arglist()));
        Console.WriteLine(Count(__arglist(1, "two", 3.0)));
        Console.WriteLine(Join(", ", __arglist(200, -3, 5L, 2.5, "text", new Pair { A = 7, B = "seven" })));
        for (int i = 0; i < 3; i++)
            Console.WriteLine(Sum(i, __arglist(i, i * 2, i * 3)));
        Console.WriteLine(Last(__arglist(new Pair { A = 1, B = "a" }, new Pair { A = 2, B = "b" })));
        Console.WriteLine(new Program().Own(__arglist("ignored")));
        var done = new ArgIterator();
        Console.WriteLine(done.GetRemainingCount());
    }
}
