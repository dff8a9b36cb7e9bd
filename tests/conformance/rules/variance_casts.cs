// Variance of interfaces and delegates: through several levels, with arrays, value types never, nested.
using System;
using System.Collections.Generic;

interface IOut<out T> { T Get(); }
interface IIn<in T> { string Put(T t); }
interface IBoth<in A, out R> { R Do(A a); }
class Animal { public override string ToString() { return GetType().Name; } }
class Dog : Animal { }
class Puppy : Dog { }
class Out<T> : IOut<T> where T : new() { public T Get() { return new T(); } }
class In<T> : IIn<T> { public string Put(T t) { return typeof(T).Name + "<-" + t; } }
class Both<A, R> : IBoth<A, R> where R : new() { public R Do(A a) { return new R(); } }
delegate R Make<out R>();
delegate string Take<in T>(T t);

static class Program
{
    static string Is<T>(object o) { return o is T ? "1" : "0"; }

    static void Main()
    {
        object o = new Out<Dog>();
        Console.WriteLine(Is<IOut<Animal>>(o) + Is<IOut<Dog>>(o) + Is<IOut<Puppy>>(o) + Is<IOut<object>>(o));
        Console.WriteLine(((IOut<Animal>)o).Get());
        o = new In<Dog>();
        Console.WriteLine(Is<IIn<Animal>>(o) + Is<IIn<Dog>>(o) + Is<IIn<Puppy>>(o) + Is<IIn<object>>(o));
        Console.WriteLine(((IIn<Puppy>)o).Put(new Puppy()));
        o = new Both<Animal, Puppy>();
        Console.WriteLine(Is<IBoth<Dog, Animal>>(o) + Is<IBoth<Puppy, object>>(o) + Is<IBoth<object, Puppy>>(o));
        Console.WriteLine(((IBoth<Puppy, Animal>)o).Do(new Puppy()));
        o = new Out<int>();
        Console.WriteLine(Is<IOut<object>>(o) + Is<IOut<int>>(o) + Is<IOut<uint>>(o));
        IOut<IOut<Animal>> nested = null; object n2 = nested; Console.WriteLine(n2 == null);
        IEnumerable<IEnumerable<object>> ee = new List<List<string>> { new List<string> { "a", "b" } };
        foreach (var e in ee) foreach (var s in e) Console.Write(s + " ");
        Console.WriteLine();
        IEnumerable<object> strings = new[] { "x", "y" };
        Console.WriteLine(Is<IEnumerable<IComparable>>(strings) + Is<IList<object>>(strings) + Is<IReadOnlyList<object>>(strings) + Is<IEnumerable<int>>(strings));
        Make<Dog> md = () => new Puppy();
        Make<Animal> ma = md;
        Console.WriteLine(ma() + " " + ReferenceEquals(md, ma));
        Take<Animal> ta = a => "took " + a;
        Take<Puppy> tp = ta;
        Console.WriteLine(tp(new Puppy()));
        Func<object, string> f = x => "f" + x; Func<string, object> g = f;
        Console.WriteLine(g("q"));
        object d = f;
        Console.WriteLine(Is<Func<string, string>>(d) + Is<Func<int, string>>(d) + Is<Func<object, object>>(d));
        try { var bad = (IOut<Puppy>)(object)new Out<Dog>(); Console.WriteLine(bad); }
        catch (InvalidCastException) { Console.WriteLine("cannot"); }
        Console.WriteLine(typeof(IOut<Animal>).IsAssignableFrom(typeof(Out<Puppy>)) + " " + typeof(IOut<Puppy>).IsAssignableFrom(typeof(Out<Animal>)));
    }
}
