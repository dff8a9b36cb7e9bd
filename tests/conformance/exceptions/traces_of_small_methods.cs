using System;
using System.Diagnostics;

// Methods that are small enough for a compiler to expand in place, but not for Mono's: all of
// them are in the traces.
class Node { public Node Next; public int Value; }
struct Pair
{
    public int A, B;
    public int Divide(int c) { int y = A * 3 + c; y = y * 5 - B; y ^= c << 2; y += B; return A / c + y; }
}
class Bag<T>
{
    T[] items = new T[2];
    int seen;
    public T this[int i] { get { seen = seen * 3 + i; seen = seen * 5 - 1; seen ^= i << 2; seen += 7; return items[i]; } }
}
class Program
{
    static int Element(int[] a, int i, int x) { int y = x * 3 + i; y = y * 5 - x; y ^= i << 2; y += x; return a[i] + y; }
    static int Deeper(int[] a, int i, int x) { int y = x + i; y = y * 7 - x; y ^= i << 1; y += 3; return Element(a, i, y) + y; }
    static int Follow(Node n, int x) { int y = x * 3; y = y * 5 - x; y ^= x << 2; y += x; return n.Next.Value + y; }
    static int Cast(object o, int x) { int y = x * 3; y = y * 5 - x; y ^= x << 2; y += x; return ((string)o).Length + y; }
    static int Parse(string s, int x) { int y = x * 3; y = y * 5 - x; y ^= x << 2; y += x; return int.Parse(s) + y; }
    static long Checked(long a, int x) { int y = x * 3; y = y * 5 - x; y ^= x << 2; y += x; return checked(a * a) + y; }

    static string Names(Exception e)
    {
        string result = e.GetType().Name + ":";
        foreach (var frame in new StackTrace(e).GetFrames())
        {
            var method = frame.GetMethod();
            // What the class library calls inside is its own business.
            if (method.DeclaringType.Namespace == null) result += " " + method.DeclaringType.Name + "." + method.Name;
        }
        return result;
    }
    static string Lines(Exception e)
    {
        string result = "";
        foreach (string line in e.StackTrace.Split('\n'))
        {
            int end = line.IndexOf(" (");
            string name = line.Substring(0, end).Trim();
            if (!name.StartsWith("at System.")) result += name + ";";
        }
        return result;
    }
    static int Work(int which, int n)
    {
        int sum = 0;
        var bag = new Bag<string>();
        var ints = new Bag<int>();
        var pair = new Pair { A = 7, B = 2 };
        for (int i = 0; i < n; i++)
        {
            switch (which)
            {
                case 0: sum += Element(new int[n - 1], i, sum); break;
                case 1: sum += Deeper(new int[n - 1], i, sum); break;
                case 2: sum += Follow(i == n - 1 ? new Node() : new Node { Next = new Node() }, i); break;
                case 3: sum += pair.Divide(n - 1 - i); break;
                case 4: sum += bag[i] == null ? 1 : 0; break;
                case 5: sum += ints[i]; break;
                case 6: sum += Cast(i == n - 1 ? (object)bag : "text", i); break;
                case 7: sum += Parse(i == n - 1 ? "x" : "1", i); break;
                case 8: sum += (int)Checked(i == n - 1 ? long.MaxValue : i, i); break;
            }
        }
        return sum;
    }
    static void Main()
    {
        for (int which = 0; which < 9; which++)
        {
            for (int again = 0; again < 2; again++)
            {
                try { Work(which, 5); Console.WriteLine("nothing"); }
                catch (Exception e) { Console.WriteLine(which + " " + Names(e)); Console.WriteLine("  " + Lines(e)); }
            }
        }
        // Rethrown: the trace goes on in the frame where it ended.
        try { try { Work(1, 5); } catch (Exception) { throw; } }
        catch (Exception e) { Console.WriteLine(Names(e)); }
    }
}
