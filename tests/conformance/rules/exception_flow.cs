// Two passes: the order of filters, finally blocks and handlers across frames; exceptions out of finally and catch blocks (Mono ends the program when a filter throws).
using System;

class Mine : Exception { public Mine(string m) : base(m) { } }

static class Program
{
    static bool Filter(string name, bool result) { Console.WriteLine("filter " + name); return result; }

    static void Inner()
    {
        try
        {
            try { Console.WriteLine("throw"); throw new Mine("m"); }
            catch (Mine) when (Filter("inner", false)) { Console.WriteLine("never"); }
            finally { Console.WriteLine("finally inner"); }
        }
        catch (FormatException) { Console.WriteLine("never"); }
        finally { Console.WriteLine("finally middle"); }
    }

    static void Replace()
    {
        try { try { throw new Mine("first"); } finally { Console.WriteLine("replacing"); throw new FormatException("second"); } }
        catch (FormatException e) { Console.WriteLine(e.Message); throw new ArgumentException("third", e); }
    }

    static int InFinally(int n)
    {
        int r = 0;
        for (int i = 0; i < n; i++)
        {
            try
            {
                if (i % 3 == 0) continue;
                if (i == 5) break;
                if (i == 100) return -1;
                r += i;
            }
            catch (Exception) { r = -100; }
            finally
            {
                try { if (i == 4) throw new Mine("inside finally"); r += 10; }
                catch (Mine) { r += 1000; }
            }
        }
        return r;
    }

    static string Deep(int n) { if (n == 0) throw new Mine("deep"); try { return Deep(n - 1) + n; } finally { if (n % 2 == 0) Console.Write(n + " "); } }

    static void Main()
    {
        try { Inner(); }
        catch (Mine) when (Filter("outer A", false)) { Console.WriteLine("never"); }
        catch (Mine e) when (Filter("outer B", e.Message == "m")) { Console.WriteLine("caught"); }
        finally { Console.WriteLine("outer finally"); }

        try { Replace(); } catch (Exception e) { Console.WriteLine(e.Message + " <- " + e.InnerException.Message); }
        Console.WriteLine(InFinally(8));
        try { Deep(9); } catch (Mine e) { Console.WriteLine(e.Message); }

        try { try { throw new Mine("a"); } catch (Mine) { throw; } finally { Console.WriteLine("f"); } }
        catch (Exception e) { Console.WriteLine(e is Mine); }

        int count = 0;
        for (int i = 0; i < 1000; i++) { try { if (i % 2 == 0) throw new Mine("l"); } catch (Mine) { count++; } finally { count += 2; } }
        Console.WriteLine(count);

        Exception saved = null;
        try { try { int z = 0; Console.WriteLine(1 / z); } catch (DivideByZeroException e) { saved = e; throw new Mine("wrapped"); } }
        catch (Mine) { Console.WriteLine(saved.GetType().Name); }
        try { object o = "s"; Console.WriteLine((int)o); } catch (InvalidCastException) when (saved != null) { Console.WriteLine("cast"); }
        try { new int[2][1].ToString(); } catch (NullReferenceException) { Console.WriteLine("null element"); } catch (Exception e) { Console.WriteLine(e.GetType().Name); }
    }
}
