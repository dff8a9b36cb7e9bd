// Finalizers of CriticalFinalizerObject wait for all ordinary ones that became ready with them.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.ConstrainedExecution;

class Ordinary
{
    public static int Count;
    ~Ordinary() { Count++; }
}

class Critical : CriticalFinalizerObject
{
    public static int Count, Early;
    ~Critical()
    {
        Count++;
        if (Ordinary.Count < 50) Early++;
    }
}

class Program
{
    // Until all exist, none is garbage.
    static object[] all;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Make()
    {
        all = new object[100];
        for (int i = 0; i < 50; i++)
        {
            all[2 * i] = new Critical();
            all[2 * i + 1] = new Ordinary();
        }
        Array.Clear(all, 0, all.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Deep(int n)
    {
        if (n == 0) Make(); else Deep(n - 1);
    }

    static void Main()
    {
        Deep(50);
        for (int i = 0; i < 5 && Critical.Count < 50; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Console.WriteLine(Ordinary.Count >= 45);
        Console.WriteLine(Critical.Count >= 45);
        Console.WriteLine(Critical.Early <= 5);
    }
}
