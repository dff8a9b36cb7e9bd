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
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Make()
    {
        for (int i = 0; i < 50; i++)
        {
            new Critical();
            new Ordinary();
        }
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
