// Weak references to objects that mostly die, and objects with finalizers.
using System;
using System.Threading;

sealed class Resource {
    public static int Closed;
    readonly int[] data = new int[4];
    public int Number { get { return data[0]; } }
    public Resource(int number) { data[0] = number; }
    ~Resource() { Interlocked.Increment(ref Closed); }
}

sealed class Plain {
    public readonly int Number;
    public Plain(int number) { Number = number; }
}

static class Program {
    static int Fill(int rounds) {
        var weak = new WeakReference[20000];
        var strong = new object[2000];
        int alive = 0;
        for (int i = 0; i < rounds; i++) {
            object target = i % 4 == 0 ? (object)new Resource(i) : new Plain(i);
            int slot = i % weak.Length;
            if (weak[slot] != null && weak[slot].Target != null) alive++;
            weak[slot] = new WeakReference(target);
            if (i % 16 == 0) strong[i / 16 % strong.Length] = target;
        }
        GC.KeepAlive(strong);
        return alive;
    }

    static void Main(string[] args) {
        int rounds = int.Parse(args[0]);
        bool some = Fill(rounds) > 0;
        // What one collector keeps by chance on a stack, another does not: only bounds are compared.
        for (int i = 0; i < 3; i++) {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        int made = (rounds + 3) / 4;
        Console.WriteLine("some alive " + some + ", closed " + (Resource.Closed <= made && Resource.Closed > made * 9 / 10));
    }
}
