// A protected region that a constant makes unreachable: its handler goes with it.
using System;
using System.Collections.Generic;

class Program
{
    static bool Tracing() { return false; }

    static int Sum(IEnumerable<int> items)
    {
        int sum = 0;
        if (Tracing())
        {
            foreach (int item in items) sum -= item;
        }
        else
        {
            foreach (int item in items) sum += item;
        }
        return sum;
    }

    static int Caught(string text)
    {
        int length = 1;
        if (Tracing())
        {
            try { length = text.Length; }
            catch (NullReferenceException e) { Console.WriteLine(e.Message + length); }
            finally { length++; }
        }
        return length;
    }

    static void Main()
    {
        var items = new List<int> { 1, 2, 3 };
        int total = 0;
        for (int i = 0; i < 500; i++) total += Sum(items) + Caught(null);
        Console.WriteLine(total);
    }
}
