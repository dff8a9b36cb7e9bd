// Protected code that a constant condition makes unreachable, with handlers that use what was made
// before it.
using System;
using System.Collections.Generic;

class Program
{
    static bool Off() { return false; }
    static bool On() { return true; }
    static readonly bool debug = false;

    static int Each(IEnumerable<int> items)
    {
        int sum = 1;
        if (Off())
        {
            foreach (int item in items) sum += item;
        }
        return sum;
    }

    static int Nested(IEnumerable<int> items, int[] more)
    {
        int sum = 2;
        if (!On())
        {
            foreach (int item in items)
            {
                try { for (int i = 0; i < more.Length; i++) sum += more[i] / item; }
                catch (DivideByZeroException e) { sum += e.Message.Length; }
                finally { sum += items.GetHashCode(); }
            }
        }
        else
        {
            foreach (int item in items)
            {
                try { for (int i = 0; i < more.Length; i++) sum += more[i] / item; }
                catch (DivideByZeroException) { sum += 1000; }
                finally { sum++; }
            }
        }
        return sum;
    }

    static int InHandler(string text)
    {
        int result = 0;
        try { result = int.Parse(text); }
        catch (FormatException e)
        {
            if (Off())
            {
                string message = e.Message;
                try { Console.WriteLine(message); }
                finally { Console.WriteLine(message.Length); }
            }
            result = -1;
        }
        return result;
    }

    static int Locked(object gate)
    {
        if (debug || Off()) { lock (gate) { return gate.GetHashCode(); } }
        return 3;
    }

    static void Main()
    {
        int[] items = { 1, 0, 2 }, more = { 10, 20 };
        long all = 0;
        for (int i = 0; i < 5000; i++)
            all += Each(items) + Nested(items, more) + Locked(items) + (i % 1000 == 0 ? InHandler("x") + InHandler("7") : 0);
        Console.WriteLine(all);
    }
}
