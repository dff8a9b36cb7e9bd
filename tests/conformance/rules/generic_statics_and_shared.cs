// One instance of every static per closed type, read from shared and unshared code, nested types, inheritance, thread statics, cctor order.
using System;
using System.Collections.Generic;
using System.Threading;

class S<T> { public static int Count; public static T Last; public static readonly List<T> All = new List<T>(); [ThreadStatic] public static int PerThread; public static void Add(T t) { Count++; Last = t; All.Add(t); PerThread++; } public class N { public static int Inner; public static string Who() { return typeof(T).Name + Inner++; } } public class N2<U> { public static string Who = typeof(T).Name + "/" + typeof(U).Name; } }
class D : S<string> { public static int Own = 5; }
class Counter<K, V> { static int made; public readonly int Id = ++made; public static int Made { get { return made; } } }
abstract class Singleton<T> where T : Singleton<T>, new() { static T instance; public static T Instance { get { return instance ?? (instance = new T()); } } }
class One : Singleton<One> { public string Name = "one"; }
class Two : Singleton<Two> { public string Name = "two"; }
struct VS<T> { public static T Default = default(T); public static int Uses; public int X; public VS(int x) { X = x; Uses++; } }

static class Program
{
    static void Fill<T>(params T[] ts) { foreach (var t in ts) S<T>.Add(t); }
    static string Report<T>() { return S<T>.Count + " " + S<T>.Last + " " + S<T>.All.Count + " " + S<T>.PerThread; }
    static int Made<A, B>(int n) { for (int i = 0; i < n; i++) new Counter<A, B>(); return Counter<A, B>.Made; }

    static void Main()
    {
        Fill(1, 2, 3); Fill("a", "b"); Fill<object>("o"); Fill(new[] { 1 }, new[] { 2 }); Fill(1.5); Fill(new KeyValuePair<string, int>("k", 1));
        Console.WriteLine(Report<int>() + "|" + Report<string>() + "|" + Report<object>() + "|" + Report<int[]>() + "|" + Report<double>() + "|" + Report<KeyValuePair<string, int>>());
        Console.WriteLine(D.Own + " " + D.Count);
        var t = new Thread(() => { Fill("t"); Console.WriteLine(Report<string>()); }); t.Start(); t.Join();
        Console.WriteLine(S<string>.PerThread + " " + S<string>.Count);
        Console.WriteLine(S<int>.N.Who() + S<int>.N.Who() + S<string>.N.Who() + S<Exception>.N.Who() + S<string>.N.Who());
        Console.WriteLine(S<int>.N2<string>.Who + S<string>.N2<int>.Who + S<string>.N2<object>.Who);
        Console.WriteLine(Made<int, string>(3) + " " + Made<string, int>(2) + " " + Made<string, object>(1) + " " + Made<object, string>(4) + " " + Made<string, object>(1));
        Console.WriteLine(One.Instance.Name + Two.Instance.Name + ReferenceEquals(One.Instance, One.Instance));
        new VS<string>(1); new VS<string>(2); new VS<object>(3); new VS<int>(4); Console.WriteLine(VS<string>.Uses + "" + VS<object>.Uses + VS<int>.Uses + (VS<string>.Default == null) + VS<int>.Default);
    }
}
