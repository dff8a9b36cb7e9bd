using System;
using System.Collections.Generic;
abstract class Visitor { public abstract string Visit<T>(T t); public virtual string Two<A, B>(A a, B b) { return "base " + typeof(A).Name + typeof(B).Name; } }
class V1 : Visitor { public override string Visit<T>(T t) { return "V1<" + typeof(T).Name + ">" + t; } } class V2 : V1 { public override string Visit<T>(T t) { return "V2" + base.Visit(new List<T> { t }.Count) + typeof(T[]).Name; } public override string Two<A, B>(A a, B b) { return "V2 " + base.Two(b, a); } }
interface IMaker { T Make<T>() where T : new(); string Name<T>(); } class M1 : IMaker { public T Make<T>() where T : new() { return new T(); } string IMaker.Name<T>() { return "M1." + typeof(T).Name; } } class M2 : M1, IMaker { public string Name<T>() { return "M2." + typeof(T).FullName; } }
class G<T> { public virtual string M<U>(U u) { return "G<" + typeof(T).Name + ">.M<" + typeof(U).Name + ">"; } } class GD<T> : G<T[]> { public override string M<U>(U u) { return "GD:" + base.M(new Dictionary<T, U>()); } }
class Program {
    static string Call(Visitor v) { return v.Visit(1) + " " + v.Visit("s") + " " + v.Visit(2.5) + " " + v.Visit<object>(null) + " " + v.Two(1, "x") + " " + v.Two<object, string>(null, null); }
    static void Main() {
        Console.WriteLine(Call(new V1())); Console.WriteLine(Call(new V2())); IMaker m = new M1(); Console.WriteLine(m.Make<int>() + m.Name<string>() + m.Make<List<int>>().Count + m.Name<int>()); m = new M2(); Console.WriteLine(m.Name<string>() + m.Name<DateTime>() + m.Make<DateTime>().Year);
        G<int[]> g = new GD<int>(); Console.WriteLine(g.M("x") + " " + g.M(1L) + " " + new G<string>().M('c')); Func<int, string> f = new V2().Visit<int>; Visitor v = new V2(); Func<string, string> h = v.Visit<string>; Console.WriteLine(f(3) + h("d")); int total = 0; Visitor[] vs = { new V1(), new V2() }; for (int i = 0; i < 2000; i++) total += vs[i & 1].Visit(i).Length + vs[i & 1].Visit("k").Length; Console.WriteLine(total);
    }
}
