using System;
class C { public int F; public int[] A; public virtual int V() { return F; } public int N() { return 5; } }
class Program {
    static int zero;
    static void Try(string name, Action a) {
        try { a(); Console.WriteLine(name + ": nothing"); }
        catch (Exception e) { Console.WriteLine(name + ": " + e.GetType().FullName + ": " + e.Message); }
    }
    static void Main() {
        C none = null; object o = "text"; object[] array = new string[2]; int max = int.MaxValue; string s = null; object boxed = 5;
        Try("field load", () => zero += none.F);
        Try("field store", () => none.F = 1);
        Try("virtual call", () => none.V());
        Try("call", () => none.N());
        Try("string length", () => zero += s.Length);
        Try("divide", () => zero = 5 / zero);
        Try("remainder", () => zero = 5 % zero);
        Try("long divide", () => Console.WriteLine(5L / zero));
        Try("bounds", () => Console.WriteLine(new int[3][zero + 3 > 2 ? 1 : 0].ToString()));
        Try("index", () => Console.WriteLine(new int[3][zero + 3]));
        Try("negative index", () => Console.WriteLine(new int[3][zero - 1]));
        Try("cast", () => Console.WriteLine((Version)o));
        Try("unbox", () => Console.WriteLine((long)boxed));
        Try("unbox null", () => Console.WriteLine((int)(object)s));
        Try("covariance", () => array[0] = new object());
        Try("overflow", () => Console.WriteLine(checked(max + 1)));
        Try("conversion", () => Console.WriteLine(checked((byte)max)));
        Try("negative size", () => Console.WriteLine(new int[int.Parse("-1")]));
        Try("string index", () => Console.WriteLine("abc"[zero + 3]));
        Try("lock null", () => { lock (s) { } });
    }
}
