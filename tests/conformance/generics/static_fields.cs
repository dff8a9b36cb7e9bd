using System;
using System.Collections.Generic;
class Cache<T> { public static readonly T[] Empty = new T[0]; public static int Hits; static List<T> items = new List<T>(); public static void Add(T t) { items.Add(t); Hits++; } public static string Show() { return typeof(T).Name + ":" + string.Join(",", items) + "/" + Hits; } [ThreadStatic] public static int Local; }
class Outer<T> { public class Inner<U> { public static string Id = typeof(T).Name + "-" + typeof(U).Name; public static int N; } public static int Use() { return ++Inner<string>.N; } }
struct SG<T> { public static int Count; public T V; public SG(T v) { V = v; Count++; } }
class Registry { static readonly Dictionary<Type, int> ids = new Dictionary<Type, int>(); static class Id<T> { public static readonly int Value = Next(typeof(T)); } static int Next(Type t) { ids[t] = ids.Count; return ids[t]; } public static int Of<T>() { return Id<T>.Value; } }
class D1 : Cache<int> { } class D2 : Cache<int> { }
class Program {
    static int calls; static int Count<T>() { return Counter<T>.N++ + ++calls * 100; } static class Counter<T> { public static int N; }
    static void Main() {
        Cache<int>.Add(1); Cache<int>.Add(2); Cache<string>.Add("a"); Cache<object>.Add("o"); Cache<object>.Add(5); Cache<double>.Add(1.5); D1.Add(7); D2.Hits += 10;
        Console.WriteLine(Cache<int>.Show() + " " + Cache<string>.Show() + " " + Cache<object>.Show() + " " + Cache<double>.Show() + " " + Cache<List<string>>.Show()); Console.WriteLine(ReferenceEquals(Cache<int>.Empty, Cache<int>.Empty) + " " + ReferenceEquals(Cache<string>.Empty, Cache<object>.Empty) + " " + Cache<string>.Empty.GetType());
        Console.WriteLine(Outer<int>.Inner<string>.Id + " " + Outer<string>.Inner<List<int>>.Id + " " + Outer<int>.Use() + Outer<int>.Use() + Outer<string>.Use() + Outer<int>.Inner<string>.N); new SG<int>(1); new SG<int>(2); new SG<string>("x"); Console.WriteLine(SG<int>.Count + " " + SG<string>.Count + " " + SG<object>.Count);
        Console.WriteLine(Registry.Of<int>() + "" + Registry.Of<string>() + Registry.Of<int>() + Registry.Of<object>() + Registry.Of<string>()); Console.WriteLine(Count<int>() + " " + Count<string>() + " " + Count<int>() + " " + Count<object>() + " " + Count<string>()); Cache<int>.Local = 3; Cache<string>.Local += 2; Console.WriteLine(Cache<int>.Local + " " + Cache<string>.Local + " " + Cache<object>.Local);
    }
}
