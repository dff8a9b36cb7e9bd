using System;
using System.Runtime.CompilerServices;

// The object of a running instance method is not finalized, even when the method has no more use for it: Mono's
// class library counts on that (the finalizer of a wrapper frees what the method's native call works with).
class State
{
    public bool Closed;
    public int Number = 5;
}

class Owner : IDisposable
{
    readonly State state = new State();

    public Owner() { }

    public Owner(State given)
    {
        state = given;
        Program.Collect();
        Program.Show("constructor", given);
    }

    ~Owner() { state.Closed = true; }

    public void Dispose() { }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Plain()
    {
        State own = state;
        Program.Collect();
        Program.Show("plain", own);
    }

    // Small enough to be expanded in its caller.
    public void Small() { Program.Look("small", state); }

    public int SmallWithResult() { return Program.Look("result", state); }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Loop(int rounds)
    {
        State own = state;
        int sum = 0;
        for (int i = 0; i < rounds; i++)
        {
            Program.Collect();
            sum += own.Closed ? 100 : own.Number;
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Handlers()
    {
        State own = state;
        try
        {
            try
            {
                Program.Collect();
                Program.Fail();
            }
            catch (InvalidOperationException)
            {
                Program.Collect();
                Program.Show("catch", own);
            }
        }
        finally
        {
            Program.Collect();
            Program.Show("finally", own);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Filter()
    {
        State own = state;
        try { Program.Fail(); }
        catch (InvalidOperationException) when (Program.Look("filter", own) == 5)
        {
            Program.Collect();
            Program.Show("filtered", own);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.Synchronized)]
    public void Locked()
    {
        State own = state;
        Program.Collect();
        Program.Show("locked", own);
    }

    public virtual void Virtual()
    {
        State own = state;
        Program.Collect();
        Program.Show("virtual", own);
    }

    protected State Mine { get { return state; } }
}

class Inherits : Owner
{
    public override void Virtual()
    {
        State own = Mine;
        Program.Collect();
        Program.Show("override", own);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Introduced()
    {
        State own = Mine;
        Program.Collect();
        Program.Show("introduced", own);
    }
}

class Generic<T> : Owner
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Show(T value)
    {
        State own = Mine;
        Program.Collect();
        Program.Show(typeof(T).Name, own);
    }
}

static class Program
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Collect()
    {
        Clear(40);
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Clear(int depth) { return depth == 0 ? 0 : Clear(depth - 1) + 1; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Show(string what, State state) { Console.WriteLine(what + ": closed " + state.Closed); }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Look(string what, State state)
    {
        Collect();
        Show(what, state);
        return state.Number;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Fail() { throw new InvalidOperationException(); }

    static void Main()
    {
        for (int round = 0; round < 2; round++)
        {
            new Owner().Plain();
            new Owner().Small();
            Console.WriteLine(new Owner().SmallWithResult());
            Console.WriteLine(new Owner().Loop(3));
            new Owner().Handlers();
            new Owner().Filter();
            new Owner().Locked();
            new Owner().Virtual();
            new Inherits().Virtual();
            new Inherits().Introduced();
            new Generic<string>().Show("a");
            new Generic<int>().Show(1);
            new Owner(new State());
        }
    }
}
