using System;
using System.Collections.Generic;
class Box<T> {
    public T Value;
    public static int Created;
    public Box(T value) { Value = value; Created++; }
    public Box<U> Map<U>(Func<T, U> f) { return new Box<U>(f(Value)); }
    public override string ToString() { return "Box<" + typeof(T).Name + ">(" + Value + ")"; }
}
class Pair<A, B> where A : IComparable<A> {
    public A First; public B Second;
    public Pair(A a, B b) { First = a; Second = b; }
    public Pair<B2, A> Swap<B2>() where B2 : IComparable<B2> { return new Pair<B2, A>(default(B2), First); }
    public bool Less(Pair<A, B> other) { return First.CompareTo(other.First) < 0; }
}
struct Maybe<T> {
    T value; bool has;
    public Maybe(T value) { this.value = value; has = true; }
    public T Or(T other) { return has ? value : other; }
}
class Node<T> { public T Item; public Node<T> Next; }
class Chain<T> {
    Node<T> head; int count;
    public void Push(T item) { head = new Node<T> { Item = item, Next = head }; count++; }
    public IEnumerable<T> Items() { for (var n = head; n != null; n = n.Next) yield return n.Item; }
    public int Count { get { return count; } }
}
class Program {
    static T Max<T>(T a, T b) where T : IComparable<T> { return a.CompareTo(b) >= 0 ? a : b; }
    static void Swap<T>(ref T a, ref T b) { T t = a; a = b; b = t; }
    static T Make<T>() where T : new() { return new T(); }
    static void Main() {
        Console.WriteLine(new Box<int>(5).Map(x => x * 1.5).Map(d => "s" + d));
        Console.WriteLine(new Box<string>("a") + " " + new Box<DateTime>(new DateTime(2000, 1, 2)).Value.Year);
        Console.WriteLine(Box<int>.Created + " " + Box<double>.Created + " " + Box<string>.Created + " " + Box<object>.Created);
        Console.WriteLine(new Pair<int, string>(1, "x").Less(new Pair<int, string>(2, "y")) + " " + new Pair<string, int>("b", 1).Less(new Pair<string, int>("a", 2)));
        Console.WriteLine(new Pair<int, string>(9, "x").Swap<double>().Second);
        Console.WriteLine(new Maybe<int>(3).Or(4) + " " + default(Maybe<int>).Or(4) + " " + default(Maybe<string>).Or("other"));
        var chain = new Chain<long>();
        for (int i = 0; i < 5; i++) chain.Push(i * 1000000000L);
        Console.WriteLine(string.Join(",", chain.Items()) + " " + chain.Count);
        Console.WriteLine(Max(3, 7) + Max("pear", "apple") + Max(2.5, -1) + Max('a', 'b'));
        string s = "1", t = "2"; Swap(ref s, ref t);
        int m = 1, n = 2; Swap(ref m, ref n);
        Console.WriteLine(s + t + m + n);
        Console.WriteLine(Make<int>() + " " + Make<List<int>>().Count + " " + Make<DateTime>().Ticks);
        Console.WriteLine(typeof(Box<int>) + " " + typeof(Pair<,>) + " " + typeof(Dictionary<string, List<int>>));
    }
}
