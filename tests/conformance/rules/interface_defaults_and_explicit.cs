// Interface maps: explicit implementation, re-implementation, inherited implementations, diamonds, generic interfaces at several arguments.
using System;

interface IA { string M(); }
interface IB : IA { new string M(); string N(); }
interface IC : IA { string O(); }
interface IG<T> { string G(T t); }

class Base : IB
{
    string IA.M() { return "Base.IA.M"; }
    string IB.M() { return "Base.IB.M"; }
    public virtual string N() { return "Base.N"; }
    public string M() { return "Base.M"; }
}

class Derived : Base, IC
{
    public override string N() { return "Derived.N"; }
    public string O() { return "Derived.O"; }
}

class Again : Derived, IA
{
    string IA.M() { return "Again.IA.M"; }
}

class Hidden : Base, IA
{
    public new string M() { return "Hidden.M"; }
}

class Many : IG<int>, IG<string>, IG<object>, IG<int[]>
{
    string IG<int>.G(int t) { return "int " + t; }
    public string G(string t) { return "string " + t; }
    public string G(object t) { return "object " + t; }
    string IG<int[]>.G(int[] t) { return "array " + t.Length; }
}

class GenericBase<T> : IG<T> { public virtual string G(T t) { return typeof(T).Name + ":" + t; } }
class Closed : GenericBase<string>, IG<int> { public string G(int t) { return "closed int " + t; } public override string G(string t) { return "closed " + base.G(t); } }

struct Value : IA, IG<Value> { public int X; public string M() { X++; return "Value " + X; } public string G(Value v) { return "G" + (X + v.X); } }

static class Program
{
    static string Call<T>(T t) where T : IA { return t.M() + t.M(); }

    static void Main()
    {
        foreach (Base b in new Base[] { new Base(), new Derived(), new Again(), new Hidden() })
        {
            Console.WriteLine(((IA)b).M() + " " + ((IB)b).M() + " " + ((IB)b).N() + " " + b.M());
            var c = b as IC;
            Console.WriteLine(c == null ? "no IC" : c.O() + " " + ((IA)c).M());
        }
        var many = new Many();
        Console.WriteLine(((IG<int>)many).G(3) + " " + ((IG<string>)many).G("s") + " " + ((IG<object>)many).G("o") + " " + ((IG<int[]>)many).G(new int[4]));
        var closed = new Closed();
        Console.WriteLine(((IG<string>)closed).G("x") + " " + ((IG<int>)closed).G(9) + " " + ((GenericBase<string>)closed).G("y"));
        var v = new Value();
        IA boxed = v;
        Console.WriteLine(boxed.M() + boxed.M() + v.M() + Call(v) + v.M() + Call(boxed));
        Console.WriteLine(((IG<Value>)v).G(v));
    }
}
