// Generic virtual methods and interfaces: overriding, several arguments, in generic classes, on structs, recursive instantiation.
using System;
using System.Collections.Generic;

interface IVisitor { R Visit<T, R>(T t, Func<T, R> f); }
abstract class Node { public abstract R Accept<R>(IVisitor v); public virtual string Kind<T>() { return "Node<" + typeof(T).Name + ">"; } }
class Leaf<V> : Node { public V Value; public override R Accept<R>(IVisitor v) { return v.Visit(Value, x => (R)(object)(typeof(V).Name + ":" + x)); } public override string Kind<T>() { return "Leaf<" + typeof(V).Name + "," + typeof(T).Name + ">" + base.Kind<V>(); } }
class Pair<A> : Leaf<KeyValuePair<A, A>> { public sealed override string Kind<T>() { return "Pair " + base.Kind<List<T>>(); } }
class Plain : IVisitor { public int Count; public virtual R Visit<T, R>(T t, Func<T, R> f) { Count++; return f(t); } }
class Twice : Plain { public override R Visit<T, R>(T t, Func<T, R> f) { base.Visit(t, f); return base.Visit<T, R>(t, f); } }
struct SV : IVisitor { public R Visit<T, R>(T t, Func<T, R> f) { return default(R); } }
class Deep<T> { public virtual string Go<U>(int n) { return n == 0 ? typeof(T).Name + "-" + typeof(U).Name : new Deep<U>().Go<T[]>(n - 1); } }
interface IFactory { T Make<T>() where T : new(); }
class F : IFactory { T IFactory.Make<T>() { return new T(); } }
class G<T> : IFactory { public virtual U Make<U>() where U : new() { Console.Write(typeof(T).Name + " makes " + typeof(U).Name + " "); return new U(); } }

static class Program
{
    static void Main()
    {
        Node[] nodes = { new Leaf<int> { Value = 4 }, new Leaf<string> { Value = "s" }, new Pair<string> { Value = new KeyValuePair<string, string>("a", "b") } };
        foreach (var v in new IVisitor[] { new Plain(), new Twice(), new SV() })
            foreach (var n in nodes)
                Console.WriteLine((n.Accept<string>(v) ?? "null") + " " + (n.Accept<object>(v) ?? "null") + " " + n.Kind<int>() + " " + n.Kind<string>() + " " + ((v as Plain) == null ? 0 : ((Plain)v).Count));
        Console.WriteLine(new Deep<int>().Go<string>(5));
        Console.WriteLine(((IFactory)new F()).Make<int>() + " " + ((IFactory)new F()).Make<List<string>>().Count);
        IFactory g = new G<string>(); Console.WriteLine(g.Make<long>() + " " + g.Make<object>().GetType());
        Func<int, string> inner = new Plain().Visit<int, Func<int, string>>(7, x => y => x + "," + y); Console.WriteLine(inner(3));
        Func<string> kind = nodes[2].Kind<byte>; Console.WriteLine(kind());
    }
}
