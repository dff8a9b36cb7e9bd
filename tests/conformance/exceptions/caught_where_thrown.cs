using System;

// Exceptions that a clause of the same method takes, so that the compiler may branch to it.
class Special : InvalidOperationException
{
    public static Special Last;
    public Special(string text) : base(text) { Last = this; }
}
class Program
{
    static string Names(Exception e)
    {
        string result = "";
        if (e.StackTrace == null) return "none";
        foreach (string line in e.StackTrace.Split('\n'))
        {
            int end = line.IndexOf(" (");
            result += line.Substring(0, end).Trim() + ";";
        }
        return result;
    }
    static int Small(int[] a, int i) { return a[i]; }
    static int Indexes(int[] a)
    {
        int caught = 0;
        for (int i = -1; i < a.Length + 2; i++)
        {
            try { caught += a[i] * 0; }
            catch (IndexOutOfRangeException) { caught++; }
            try { caught += Small(a, i) * 0; }
            catch (SystemException) { caught += 10; }
        }
        return caught;
    }
    static void Looked(int[] a, string s, int zero)
    {
        try { a[a.Length] = 1; } catch (IndexOutOfRangeException e) { Console.WriteLine(e.Message + " " + Names(e)); }
        try { Console.WriteLine(s.Length); } catch (NullReferenceException e) { Console.WriteLine(e.GetType() + " " + Names(e)); }
        try { Console.WriteLine(a.Length / zero); } catch (ArithmeticException e) { Console.WriteLine(e.GetType() + " " + Names(e)); }
        try { Console.WriteLine(checked(a.Length + int.MaxValue)); } catch (ArithmeticException e) { Console.WriteLine(e.GetType() + " " + Names(e)); }
        try { throw new Special("new"); } catch (InvalidOperationException e) { Console.WriteLine(e.Message + " " + Names(e)); }
        try { throw new Special("kept"); } catch (InvalidOperationException) { Console.WriteLine(Names(Special.Last)); }
    }
    static string Order(int[] a, string s)
    {
        string log = "";
        try
        {
            try { log += a[a.Length]; }
            catch (NullReferenceException) { log += "wrong"; }
            catch (FormatException) { log += "wrong"; }
            log += "never";
        }
        catch (IndexOutOfRangeException) { log += "outer "; }
        try
        {
            try { log += s.Length; }
            finally { log += "finally "; }
        }
        catch (NullReferenceException) { log += "null "; }
        try
        {
            try { log += a[7]; }
            catch (Exception e) when (Note(ref log, e)) { log += "wrong"; }
        }
        catch (IndexOutOfRangeException) { log += "filtered "; }
        try
        {
            try { throw new Special("a"); }
            finally
            {
                try { log += a[9]; } catch (IndexOutOfRangeException) { log += "inside "; }
            }
        }
        catch (Special e) { log += e.Message + " "; }
        try
        {
            try { throw new Special("b"); }
            finally { log += a[10]; }
        }
        catch (IndexOutOfRangeException) { log += "replaced "; }
        catch (Special) { log += "wrong"; }
        try
        {
            try { throw new Special("c"); }
            catch (Special) { throw; }
        }
        catch (Special e) { log += e.Message; }
        return log;
    }
    static bool Note(ref string log, Exception e) { log += e.GetType().Name + " "; return false; }
    static T[] Generic<T>(T[] items, int n) where T : class
    {
        for (int i = 0; i < n; i++)
        {
            try { items[i] = items[i] ?? items[0]; }
            catch (IndexOutOfRangeException) { Array.Resize(ref items, i + 1); }
        }
        return items;
    }
    static int Live(int n)
    {
        // What the handler uses is alive while the exception is made.
        object first = new object(), second = n.ToString();
        int good = 0;
        for (int i = 0; i < n; i++)
        {
            object third = new string('x', 3);
            try { if (i % 2 == 0) throw new Special("s"); good += new int[1][i]; }
            catch (Special e) { if (first != second && third.ToString() == "xxx" && e.Message == "s") good++; }
            catch (IndexOutOfRangeException) { if (second.ToString().Length > 0 && (string)third == "xxx") good++; }
        }
        return good;
    }
    static void Main()
    {
        Console.WriteLine(Indexes(new int[3]));
        for (int i = 0; i < 3; i++) Looked(new int[2], null, 0);
        for (int i = 0; i < 3; i++) Console.WriteLine(Order(new int[5], null));
        Console.WriteLine(Generic(new[] { "a" }, 5).Length);
        Console.WriteLine(Live(500));
    }
}
