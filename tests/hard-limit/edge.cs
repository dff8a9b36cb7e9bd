// Works at the edge of the heap's hard limit: fills it until OutOfMemoryException, does things that
// need memory in the runtime itself while nothing is left, lets go and goes on. Each failure must
// be an OutOfMemoryException or caused by one; what was kept must be
// whole; and after letting go everything must work again.
//
// edge.exe SEED ROUNDS [FILL]: with 0 rounds everything runs once with memory to spare (what that
// takes beside the heap is the measure for other runs); FILL is the
// only way to fill the heap.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

static class Dice {
    static ulong state;
    public static void Seed(int seed) { state = (ulong)seed * 2654435769 + 88172645463325252; }
    public static int Below(int limit) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (int)(state % (ulong)limit);
    }
}

sealed class Link {
    public readonly Link Next;
    public readonly byte[] Body;
    readonly int sum;
    public Link(Link next, int size) {
        Body = new byte[size];
        for (int i = 0; i < size; i += 97) Body[i] = (byte)(size + i);
        Next = next;
        sum = size;
    }
    public bool Whole() {
        if (Body.Length != sum) return false;
        for (int i = 0; i < sum; i += 97) if (Body[i] != (byte)(sum + i)) return false;
        return true;
    }
}

sealed class Noted {
    public static int Ended;
    byte[] body = new byte[40];
    // An object whose constructor ran out of memory is finalized too.
    ~Noted() { if (body != null) Ended += body.Length / 40; }
}

class Pair<A, B> {
    public static readonly object Mark = new object();
    public A First;
    public B Second;
    public virtual string Name() { return typeof(A).Name + typeof(B).Name; }
}

// Each has a static constructor that needs memory.
static class Lazy0 { public static readonly int[] Table = new int[5000]; }
static class Lazy1 { public static readonly Dictionary<string, int> Map = new Dictionary<string, int> { { "a", 1 }, { "b", 2 } }; }
static class Lazy2 { public static readonly string Text = new string('x', 10000); }

delegate int Step(int n);

static class Program {
    static Link ballast;
    static Exception last;
    // Freed by code that has run before: with handles left, there is no memory for new code's literals and types.
    static List<GCHandle> handles;

    // Each fills the heap, or stops after n steps.
    static int FillSmall(int n) {
        for (int i = 0; i < n; i++) ballast = new Link(ballast, 8 + Dice.Below(200));
        return 0;
    }

    static int FillMiddle(int n) {
        for (int i = 0; i < n; i++) ballast = new Link(ballast, 1000 + Dice.Below(30000));
        return 0;
    }

    static int FillLarge(int n) {
        int size = n < 100 ? 2000 : 4 << 20;
        for (int i = 0; i < n; i++) {
            try { ballast = new Link(ballast, size); }
            catch (OutOfMemoryException) { size /= 2; if (size < 1000) throw; }
        }
        return 0;
    }

    static int FillStrings(int n) {
        string text = "0123456789";
        for (int i = 0; i < n; i++) text += text;
        return 0;
    }

    static int FillBuilder(int n) {
        var builder = new StringBuilder();
        for (int i = 0; i < n; i++) builder.Append("some text that grows ").Append(builder.Length);
        return 0;
    }

    static int FillDictionary(int n) {
        var map = new Dictionary<int, object>();
        for (int i = 0; i < n; i++) map[i] = i.ToString();
        return 0;
    }

    static int FillHandles(int n) {
        handles = new List<GCHandle>();
        for (int i = 0; i < n; i++) handles.Add(GCHandle.Alloc(new object(), i % 2 == 0 ? GCHandleType.Weak : GCHandleType.Normal));
        return 0;
    }

    static void FreeHandles() {
        if (handles != null) for (int i = 0; i < handles.Count; i++) handles[i].Free();
        handles = null;
    }

    static int FillLocks(int n) {
        var locked = new List<object>();
        try {
            for (int i = 0; i < n; i++) {
                var one = new object();
                one.GetHashCode();
                Monitor.Enter(one);
                locked.Add(one);
            }
        } finally {
            foreach (object one in locked) Monitor.Exit(one);
        }
        return 0;
    }

    static int FillFinalizers(int n) {
        var all = new List<object>();
        for (int i = 0; i < n; i++) all.Add(new Noted());
        return 0;
    }

    static int FillTables(int n) {
        var table = new ConditionalWeakTable<object, object>();
        var keys = new List<object>();
        for (int i = 0; i < n; i++) { var key = new object(); keys.Add(key); table.Add(key, new int[4]); }
        return 0;
    }

    static int FillDelegates(int n) {
        // Each step copies what was there: many short lists, not one long one.
        var lists = new List<Step>();
        for (int i = 0; i < n; i++) {
            Step all = m => m;
            for (int j = 0; j < 20; j++) { int k = Dice.Below(100); all += m => m + k; }
            lists.Add(all);
        }
        return 0;
    }

    static readonly Step[] fills = {
        FillSmall, FillMiddle, FillLarge, FillStrings, FillBuilder, FillDictionary,
        FillHandles, FillLocks, FillFinalizers, FillTables, FillDelegates,
    };

    static int Deep(int n) { return n == 0 ? Divide(n) : Deep(n - 1) + 1; }
    static int Divide(int n) { return 10 / n; }

    static int Throw() {
        try { return Deep(20); }
        catch (DivideByZeroException e) { /* at the edge there may be no room for a trace */ return e.Message.Length > 0 ? 0 : 1; }
    }

    static int Generic() {
        Type type = typeof(Pair<,>);
        Type[] parts = { typeof(int), typeof(string), typeof(Link), typeof(byte[]), typeof(double), typeof(object) };
        Type made = type.MakeGenericType(parts[Dice.Below(6)], parts[Dice.Below(6)]);
        object one = Activator.CreateInstance(made);
        return ((string)made.GetMethod("Name").Invoke(one, null)).Length == 0 ? 1 : 0;
    }

    static int Lazy() {
        int sum = Lazy0.Table.Length + Lazy1.Map.Count + Lazy2.Text.Length;
        return sum == 15002 ? 0 : 1;
    }

    static int Format() {
        string text = string.Format(CultureInfo.InvariantCulture, "{0:N2} {1} {2:x8}", 12345.678, "y", 48879);
        return text == "12,345.68 y 0000beef" ? 0 : 1;
    }

    static int Intern() {
        string text = "made " + Dice.Below(50);
        return ReferenceEquals(string.Intern(text), string.Intern(text + "")) ? 0 : 1;
    }

    static int Box() {
        object[] all = { 1, 2.5, 'c', 10L, DateTime.MinValue, Guid.Empty };
        return all.Length == 6 && (int)all[0] == 1 ? 0 : 1;
    }

    static int Run() {
        int result = 0;
        var thread = new Thread(() => { try { result = new byte[100].Length; } catch (OutOfMemoryException) { result = 100; } });
        thread.Start();
        thread.Join();
        return result == 100 ? 0 : 1;
    }

    static int Collect() {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(false) > 0 ? 0 : 1;
    }

    static int Reflect() {
        int count = 0;
        foreach (MethodInfo method in typeof(Link).GetMethods()) count += method.Name.Length;
        return count > 0 ? 0 : 1;
    }

    static int Clone() {
        var numbers = new int[500];
        numbers[499] = 7;
        var copy = (int[])numbers.Clone();
        Array.Sort(copy);
        return copy[499] == 7 ? 0 : 1;
    }

    static readonly Step[] works = {
        n => Throw(), n => Generic(), n => Lazy(), n => Format(), n => Intern(), n => Box(), n => Run(), n => Collect(), n => Reflect(), n => Clone(),
    };
    static readonly string[] names = { "throw", "generic", "lazy", "format", "intern", "box", "run", "collect", "reflect", "clone" };

    // 0: done and right; 1: wrong; 2: no memory.
    static int Attempt(Step step, int n) {
        try { return step(n); }
        catch (Exception e) {
            // Initialisers, reflection and sorting wrap what was thrown inside them.
            Exception cause = e;
            while (cause != null && !(cause is OutOfMemoryException)) cause = cause.InnerException;
            if (cause == null) throw;
            last = e;
            return 2;
        }
    }

    static bool Whole(Link links, int most) {
        for (; links != null && most-- > 0; links = links.Next) if (!links.Whole()) return false;
        return true;
    }

    static bool Everything(bool must) {
        bool good = true;
        for (int i = 0; i < works.Length; i++) {
            int result = Attempt(works[i], 0);
            if (result == 1 || result == 2 && must) {
                good = false;
                Console.WriteLine("FAILED: " + names[i] + (result == 2 ? " has no memory where there is some: " + last : " is wrong"));
            }
        }
        return good;
    }

    // How many objects of a kilobyte there is room for.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Room() {
        int count = 0;
        Link all = null;
        try {
            for (;;) { all = new Link(all, 960); count++; }
        }
        catch (OutOfMemoryException) { }
        return count;
    }

    static int Main(string[] args) {
        Dice.Seed(int.Parse(args[0]));
        int rounds = int.Parse(args[1]);
        var kept = new Link(null, 3000);
        bool warm = Dice.Below(2) == 0;
        if (rounds == 0 || warm) {
            // Half of the runs meet most classes and methods for the first time at the edge.
            if (!Everything(true)) return 1;
        }
        if (rounds == 0)
            for (int i = 0; i < fills.Length; i++) {
                if (Attempt(fills[i], 12) != 0) { Console.WriteLine("FAILED: fill " + i + " with memory to spare"); return 1; }
            }
        int room = rounds == 0 ? 0 : Room();
        FillHandles(2);
        FreeHandles();
        int filled = 0;
        for (int round = 0; round < rounds; round++) {
            kept = new Link(round % 10 == 0 ? null : kept, 1000 + Dice.Below(5000));
            int fill = Dice.Below(fills.Length);
            if (args.Length > 2) fill = int.Parse(args[2]);
            if (Attempt(fills[fill], int.MaxValue) == 2) filled++;
            else { Console.WriteLine("FAILED: fill " + fill + " of round " + round + " did not fill the heap"); return 1; }
            if (ballast == null) Attempt(fills[0], int.MaxValue);
            for (int i = 0; i < 6; i++) {
                int work = Dice.Below(works.Length);
                if (Attempt(works[work], 0) == 1) { Console.WriteLine("FAILED: " + names[work] + " is wrong at the edge"); return 1; }
            }
            if (!Whole(kept, 100) || !Whole(ballast, 1000)) { Console.WriteLine("FAILED: data damaged in round " + round); return 1; }
            ballast = null;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            FreeHandles();
            GC.Collect();
            if (!Everything(true)) { Console.WriteLine("in round " + round + " after fill " + fill); return 1; }
            // What tables took for what is gone is there again.
            int now = Room();
            if (now < room - room / 4) { Console.WriteLine("FAILED: room for " + now + " objects of " + room + " in round " + round + " after fill " + fill); return 1; }
        }
        Console.WriteLine("ok " + (filled == rounds));
        return 0;
    }
}
