using System;
abstract class A { public virtual string M() { return "A.M"; } public abstract string N(); public virtual string O() { return "A.O"; } public string Call() { return M() + " " + N() + " " + O(); } public virtual string P(int i) { return "int"; } public virtual string P(object o) { return "object"; } public virtual string P(double d) { return "double"; } }
class B : A { public override string M() { return "B.M(" + base.M() + ")"; } public override string N() { return "B.N"; } public new virtual string O() { return "B.O"; } }
class C : B { public sealed override string M() { return "C.M(" + base.M() + ")"; } public override string O() { return "C.O(" + base.O() + ")"; } }
class D : C { public new string M() { return "D.M"; } public override string N() { return "D.N(" + base.N() + ")"; } public override string P(object o) { return "D.object"; } }
interface ISay { string Say(); } class E1 : ISay { public virtual string Say() { return "E1"; } } class E2 : E1 { public override string Say() { return "E2"; } } class E3 : E2, ISay { public new string Say() { return "E3"; } } class E4 : E3 { }
interface IDefault<T> { T Get(); } class Impl : IDefault<int>, IDefault<string> { int IDefault<int>.Get() { return 1; } string IDefault<string>.Get() { return "s"; } }
class Program {
    static void Main() {
        foreach (A a in new A[] { new B(), new C(), new D() }) Console.WriteLine(a.Call() + " | " + ((B)a).O() + " | " + a.P(1) + a.P("x") + a.P(1.5f) + a.P('c'));
        Console.WriteLine(new D().M() + " " + ((A)new D()).M() + " " + new D().P(5) + " " + ((A)new D()).P("s"));
        foreach (ISay s in new ISay[] { new E1(), new E2(), new E3(), new E4() }) Console.Write(s.Say() + " "); Console.WriteLine(((E1)new E4()).Say());
        Console.WriteLine(((IDefault<int>)new Impl()).Get() + ((IDefault<string>)new Impl()).Get());
        long total = 0; A[] mix = { new B(), new C(), new D() }; for (int i = 0; i < 30000; i++) total += mix[i % 3].N().Length; Console.WriteLine(total);
    }
}
