using System;
using System.Collections.Generic;
interface IProducer<out T> { T Get(); } interface IConsumer<in T> { string Put(T t); } interface IBoth<in A, out R> { R Convert(A a); }
class Animal { public override string ToString() { return GetType().Name; } } class Cat : Animal { } class Kitten : Cat { }
class Maker<T> : IProducer<T> where T : new() { public T Get() { return new T(); } } class Sink<T> : IConsumer<T> { public string Put(T t) { return typeof(T).Name + "<-" + t; } } class Conv : IBoth<Animal, Kitten> { public Kitten Convert(Animal a) { Console.Write(a + "->"); return new Kitten(); } }
delegate R F<in A, out R>(A a);
class Program {
    static void Main() {
        IProducer<Animal> p = new Maker<Kitten>(); Console.WriteLine(p.Get()); IProducer<object> po = p; Console.WriteLine(po.Get()); IConsumer<Kitten> c = new Sink<Animal>(); Console.WriteLine(c.Put(new Kitten())); IBoth<Cat, Animal> b = new Conv(); Console.WriteLine(b.Convert(new Cat()));
        object o = new Maker<Cat>(); Console.WriteLine((o is IProducer<Animal>) + "" + (o is IProducer<Kitten>) + (o is IProducer<Cat>) + (o is IConsumer<Cat>)); try { var bad = (IProducer<Kitten>)o; } catch (InvalidCastException) { Console.WriteLine("invalid"); }
        IEnumerable<object> e = new List<string> { "a", "b" }; foreach (object x in e) Console.Write(x); Console.WriteLine(e is IEnumerable<string>); Console.WriteLine(((object)new List<int>() is IEnumerable<object>) + "" + ((object)new Maker<int>() is IProducer<object>) + ((object)new[] { "x" } is IEnumerable<object>));
        Func<Animal, Kitten> f = a => new Kitten(); Func<Cat, Animal> g = f; Console.WriteLine(g(new Cat()) + " " + ReferenceEquals(f, g)); Action<object> ao = x => Console.Write("<" + x + ">"); Action<string> ast = ao; ast("s"); F<object, string> h = x => x.ToString(); F<string, object> i = h; Console.WriteLine(i("var"));
        IComparer<Cat> cmp = Comparer<Animal>.Create((x, y) => string.CompareOrdinal(x.ToString(), y.ToString())); var cats = new List<Cat> { new Kitten(), new Cat() }; cats.Sort(cmp); Console.WriteLine(string.Join(",", cats)); Func<Animal> mg = MakeCat; Console.WriteLine(mg()); Action<Kitten> take = Take; take(new Kitten()); IReadOnlyList<Animal> rl = new List<Kitten> { new Kitten() }; Console.WriteLine(rl[0] + "" + rl.Count); IEnumerable<IEnumerable<Animal>> nested = new List<List<Cat>> { new List<Cat> { new Cat() } }; foreach (var n in nested) foreach (var a in n) Console.WriteLine(a);
    }
    static Cat MakeCat() { return new Cat(); } static void Take(Animal a) { Console.WriteLine("take " + a); }
}
