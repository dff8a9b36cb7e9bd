// Loads generic types and compiles their methods at the edge of the heap's hard limit: each attempt works or throws an
// OutOfMemoryException (or one caused by it), which is caught where it is expected, and what failed works when there
// is memory again.
//
// types.exe SEED ROUNDS
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;

interface IStep<T> { int Run(T item); }

class Box<T> : IStep<T>
{
    public static readonly object Mark = new object();
    public static readonly string Name = "box of " + typeof(T).Name;
    public T Item;
    [ThreadStatic] static int[] used;
    public virtual int Run(T item)
    {
        if (used == null) used = new int[3];
        used[0]++;
        Item = item;
        return Name.Length - typeof(T).Name.Length + (Mark != null ? 1 : 0);
    }
    public static Func<T, int> Make() { var box = new Box<T>(); return item => box.Run(item) + (typeof(T[]).IsArray ? 0 : 1); }
    public int Sum<U>(U other) { return new Dictionary<T, U>().Count + new List<U> { other }.Count; }
    ~Box() { Item = default(T); }
}

struct Pair<A, B> : IEquatable<Pair<A, B>>
{
    public A First; public B Second;
    public bool Equals(Pair<A, B> other) { return EqualityComparer<A>.Default.Equals(First, other.First); }
    public override int GetHashCode() { return 1; }
}

// A static constructor that counts how often it was left.
class Once<T>
{
    public static int Value;
    static Once() { var list = new List<object>(); for (int i = 0; i < 20; i++) list.Add(new byte[30]); Value = list.Count; }
}

static class Program
{
    static object ballast;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Use<T>(T item)
    {
        int sum = new Box<T>().Run(item);
        sum += ((IStep<T>)new Box<T>()).Run(item);
        sum += Box<T>.Make()(item);
        sum += new Box<T>().Sum(item) + new Box<T>().Sum(new Pair<T, int>());
        sum += Once<T>.Value;
        sum += new[] { item, item }.Select(x => new Pair<T, string> { First = x }).Distinct().Count() >= 1 ? 1 : 0;
        try { sum += Fail<T>(item); }
        catch (InvalidOperationException e) { sum += e.Message.Length > 0 ? 1 : 0; }
        finally { sum += typeof(Dictionary<T, Pair<T, T>>).IsGenericType ? 1 : 0; }
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Fail<T>(T item)
    {
        object boxed = new Pair<T, T>();
        if (boxed is IEquatable<Pair<T, T>>) throw new InvalidOperationException("fail" + boxed.GetHashCode());
        return 0;
    }

    static int UseOf(Type type)
    {
        var method = typeof(Program).GetMethod("Start", System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic);
        return (int)method.MakeGenericMethod(type).Invoke(null, null);
    }
    static int Start<T>() { return Use(default(T)); }

    static bool IsMemory(Exception e)
    {
        for (; e != null; e = e.InnerException) if (e is OutOfMemoryException) return true;
        return false;
    }

    static readonly Type[] closed = { typeof(int), typeof(string), typeof(byte), typeof(double), typeof(object), typeof(Version), typeof(long), typeof(DateTime), typeof(char), typeof(Guid) };
    static readonly Type[] open1 = { typeof(List<>), typeof(Box<>), typeof(Queue<>), typeof(HashSet<>), typeof(Stack<>), typeof(IEnumerable<>), typeof(Lazy<>), typeof(LinkedList<>) };
    static readonly Type[] open2 = { typeof(Dictionary<,>), typeof(Pair<,>), typeof(Func<,>), typeof(KeyValuePair<,>), typeof(Tuple<,>) };

    static uint seed;
    static int Below(int n) { seed = seed * 1664525 + 1013904223; return (int)((ulong)seed * (ulong)n >> 32); }

    static Type Some(int depth)
    {
        if (depth == 0 || Below(3) == 0) return closed[Below(closed.Length)];
        if (Below(4) == 0) return Some(depth - 1).MakeArrayType();
        if (Below(2) == 0) return open1[Below(open1.Length)].MakeGenericType(Some(depth - 1));
        return open2[Below(open2.Length)].MakeGenericType(Some(depth - 1), Some(depth - 1));
    }

    static int Fill()
    {
        int size = 1 << 20, count = 0;
        while (size >= 16)
        {
            try { ballast = new object[] { ballast, new byte[size] }; count++; }
            catch (OutOfMemoryException) { size /= 2; }
        }
        return count;
    }

    // Leaves a little.
    static void LetGo(int n)
    {
        for (; n > 0 && ballast != null; n--) ballast = ((object[])ballast)[0];
    }

    static int Main(string[] args)
    {
        seed = uint.Parse(args[0]);
        int rounds = int.Parse(args[1]), failed = 0, worked = 0;
        int expected = Use<sbyte>(1);
        IsMemory(new Exception("", new OutOfMemoryException()));
        var again = new List<Type>(1000);
        for (int round = 0; round < rounds; round++)
        {
            again.Clear();
            Fill();
            for (int i = 0; i < 12; i++)
            {
                Type type = null;
                try
                {
                    type = Some(3);
                    if (UseOf(type) == expected) worked++;
                    else { ballast = null; Console.WriteLine("FAILED: wrong at the edge: " + type); return 1; }
                }
                catch (Exception e)
                {
                    if (!IsMemory(e)) { ballast = null; Console.WriteLine("FAILED: " + type + " at the edge: " + e); return 1; }
                    failed++;
                    if (type != null) again.Add(type);
                    LetGo(Below(12));
                }
            }
            ballast = null;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            foreach (Type type in again)
                try
                {
                    int sum = UseOf(type);
                    if (sum != expected) { Console.WriteLine("FAILED: " + type + " gives " + sum + ", not " + expected); return 1; }
                }
                catch (Exception e) { Console.WriteLine("FAILED: " + type + " with memory to spare: " + e); return 1; }
        }
        Console.WriteLine("ok " + (worked + failed == 12 * rounds) + " " + failed);
        return 0;
    }
}
