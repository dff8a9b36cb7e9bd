// Two threads initialise two classes that need each other: one of them sees a half-made class, nobody waits for ever.
using System;
using System.Threading;

class First
{
    public static int Value = Make();
    static int Make() { Program.Gate.SignalAndWait(2000); return Second.Value + 1; }
    static First() { }
}

class Second
{
    public static int Value = Make();
    static int Make() { Program.Gate.SignalAndWait(2000); return First.Value + 1; }
    static Second() { }
}

static class Program
{
    public static Barrier Gate = new Barrier(2);

    static void Main()
    {
        int a = -1, b = -1;
        var one = new Thread(() => a = First.Value);
        var two = new Thread(() => b = Second.Value);
        one.Start(); two.Start();
        Console.WriteLine(one.Join(15000) && two.Join(15000));
        Console.WriteLine(a > 0 && b > 0);
        Console.WriteLine(First.Value + Second.Value == 3);
    }
}
