// The stack ends inside the runtime's own recursion: reflection, delegates, sorting, formatting.
using System;
using System.Collections.Generic;
using System.Reflection;

class Program
{
    static int depth;
    public static void Reflected() { depth++; typeof(Program).GetMethod("Reflected").Invoke(null, null); }
    public static void Dyn() { depth++; ((Delegate)(Action)Dyn).DynamicInvoke(); }
    class Cmp : IComparer<int> { public int Compare(int a, int b) { depth++; Array.Sort(new[] { 3, 1, 2 }, this); return a - b; } }
    class Weird { public override string ToString() { depth++; return string.Format("{0}", this); } }

    static void Try(string name, Action a)
    {
        depth = 0;
        var t = new System.Threading.Thread(() =>
        {
            try { a(); Console.WriteLine(name + " returned"); }
            catch (Exception e)
            {
                while (e.InnerException != null) e = e.InnerException;
                Console.WriteLine(name + " " + e.GetType().Name + " " + (depth > 10));
            }
        }, 512 * 1024);
        t.Start();
        t.Join();
    }

    static void Main()
    {
        Try("format", () => new Weird().ToString());
        Try("sort", () => new Cmp().Compare(1, 2));
        Try("invoke", Reflected);
        Try("dynamic", Dyn);
        Console.WriteLine("done");
    }
}
