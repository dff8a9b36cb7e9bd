// Covariant arrays: reads, stores, conversions between arrays of integers of the same size, arrays of interfaces, of arrays, of enums.
using System;
using System.Collections.Generic;

enum Small : byte { A, B }
interface I { }
class X : I { }
class Y : X { }
struct S : I { }

static class Program
{
    static void Try(string what, Action a)
    {
        try { a(); Console.WriteLine(what + ": ok"); }
        catch (Exception e) { Console.WriteLine(what + ": " + e.GetType().Name); }
    }

    static void Main()
    {
        object[] o = new string[2];
        Try("string in string[]", () => o[0] = "s");
        Try("object in string[]", () => o[1] = new object());
        Try("null in string[]", () => o[1] = null);
        X[] x = new Y[2];
        Try("Y in Y[]", () => x[0] = new Y());
        Try("X in Y[]", () => x[1] = new X());
        I[] i = new X[1];
        Try("Y in X[] as I[]", () => i[0] = new Y());
        Try("boxed S in X[] as I[]", () => i[0] = new S());
        I[] real = new I[2];
        Try("boxed S in I[]", () => real[0] = new S());
        object[][] oo = new string[1][];
        Try("string[] in string[][]", () => oo[0] = new string[1]);
        Try("object[] in string[][]", () => oo[0] = new object[1]);
        Array a = new int[] { -1, 2 };
        Try("int[] as uint[]", () => Console.Write(((uint[])(object)a)[0] + " "));
        Try("int[] as long[]", () => Console.Write(((long[])(object)a)[0] + " "));
        Try("byte[] as Small[]", () => Console.Write(((Small[])(object)new byte[] { 1 })[0] + " "));
        Try("Small[] as sbyte[]", () => Console.Write(((sbyte[])(object)new[] { Small.B })[0] + " "));
        Try("IList<object> of string[]", () => ((IList<object>)o)[0] = 5);
        Try("set by interface", () => ((System.Collections.IList)new int[1])[0] = "no");
        Try("set value", () => new int[1].SetValue(5L, 0));
        Try("set widening", () => new long[1].SetValue(5, 0));
        Try("foreach", () => { foreach (string s in o) Console.Write((s ?? "null") + " "); });
        string[] strings = { "a" };
        Try("ref of exact", () => Change(ref strings[0]));
        Try("ref of covariant", () => { object[] c = strings; ChangeObject(ref c[0]); });
        Try("params", () => Console.Write(Count(strings) + " "));
        int[,] m = { { 1, 2 }, { 3, 4 } };
        Try("int[,] as uint[,]", () => Console.Write(((uint[,])(object)m)[1, 1] + " "));
        object[,] om = new string[1, 1];
        Try("store in string[,]", () => om[0, 0] = "z");
        Try("bad store in string[,]", () => om[0, 0] = 4);
        Try("too far in [,]", () => om[0, 1] = "z");
    }

    static int Count(params object[] args) { return args.Length; }
    static void Change(ref string s) { s += "!"; }
    static void ChangeObject(ref object s) { s = 4; }
}
