// Slots: new, override, sealed override, abstract re-declared, hidden by signature, private virtual by interface, overriding through two levels.
using System;

abstract class A
{
    public virtual string V() { return "A.V"; }
    public abstract string W();
    public virtual string X(int i) { return "A.X(int)"; }
    public virtual string X(object o) { return "A.X(object)"; }
    public string NonVirtual() { return V() + W(); }
    protected internal virtual string P { get { return "A.P"; } set { Console.WriteLine("A.set " + value); } }
    public string ReadP() { P = "v"; return P; }
}

class B : A
{
    public new virtual string V() { return "B.V"; }
    public override string W() { return "B.W"; }
    public sealed override string X(int i) { return "B.X(int)"; }
    protected internal override string P { get { return "B.P+" + base.P; } }
}

class C : B
{
    public override string V() { return "C.V"; }
    public new string W() { return "C.W hidden"; }
    public override string X(object o) { return "C.X(object)" + base.X(o); }
}

abstract class D : C
{
    public abstract override string V();
}

class E : D
{
    public override string V() { return "E.V"; }
    public override string ToString() { return "E!" + base.ToString(); }
    public override bool Equals(object o) { return o is E; }
    public override int GetHashCode() { return 5; }
}

static class Program
{
    static void Main()
    {
        foreach (A a in new A[] { new B(), new C(), new E() })
        {
            Console.WriteLine(a.V() + " " + ((B)a).V() + " " + a.W() + " " + a.X(1) + " " + a.X("s") + " " + a.NonVirtual() + " " + a.ReadP());
            var c = a as C;
            if (c != null) Console.WriteLine(c.V() + " " + c.W() + " " + ((A)c).W());
        }
        Console.WriteLine(new E().ToString() + new E().Equals(new E()) + new E().GetHashCode() + new E().Equals(new C()));
        Func<string> late = new E().V, hidden = new C().W;
        Console.WriteLine(late() + hidden());
    }
}
