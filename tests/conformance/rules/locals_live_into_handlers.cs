// Variables changed inside a try block keep their last value in its handlers, for every kind of variable.
using System;

struct P { public int A; public string B; }

static class Program
{
    static void Boom(int when, int now) { if (when == now) throw new InvalidOperationException("at " + now); }

    static string Run(int when)
    {
        int i = 0; long l = 0; double d = 0; string s = "start"; P p = new P(); object o = null; int[] a = null; bool b = false; decimal m = 0;
        try
        {
            i = 1; l = 1L << 40; Boom(when, 1);
            d = 2.5; s = "two"; Boom(when, 2);
            p.A = 3; p.B = "three"; o = p; Boom(when, 3);
            a = new[] { i, i + 1 }; a[1] = 40; b = !b; Boom(when, 4);
            m = 5.5m; i += 10; l++; s += i; Boom(when, 5);
            for (int k = 0; k < 10; k++) { i += k; if (k == 6) Boom(when, 6); }
        }
        catch (InvalidOperationException e) { s += "|" + e.Message; i = -i; }
        finally { d += 1; }
        return i + " " + l + " " + d + " " + s + " " + p.A + p.B + " " + (o == null ? "null" : ((P)o).B) + " " + (a == null ? 0 : a[1]) + " " + b + " " + m;
    }

    static int Args(int x, ref int y, out int z)
    {
        z = 0;
        try { x += 5; y += x; z = y; if (y > 10) throw new Exception(); x = 100; }
        catch { x++; y *= 2; }
        finally { z += x; }
        return x + y;
    }

    static int Loop()
    {
        int total = 0, last = 0;
        for (int n = 0; n < 50; n++)
        {
            int before = total;
            try { last = n; total += n; if (n % 7 == 3) throw new Exception(); total += 1000; }
            catch { total = before - last; }
        }
        return total;
    }

    static void Main()
    {
        for (int n = 0; n <= 7; n++) Console.WriteLine(Run(n));
        int y = 3, z; Console.WriteLine(Args(1, ref y, out z) + " " + y + " " + z);
        y = 30; Console.WriteLine(Args(1, ref y, out z) + " " + y + " " + z);
        Console.WriteLine(Loop());
    }
}
