// More interface methods than an interface method table has pairs, and generic virtual methods:
// every call finds its own method, before and after the callee has been compiled again.
using System;

interface I1 { int M1(int x); }
interface I2 { int M2(int x); }
interface I3 { int M3(int x); }
interface I4 { int M4(int x); }
interface I5 { int M5(int x); }
interface I6 { int M6(int x); }
interface I7<T> { int M7(T x); }
interface IWide
{
    int A(int x); int B(int x); int C(int x); int D(int x); int E(int x); int F(int x);
    int G(int x); int H(int x); int I(int x); int J(int x); int K(int x); int L(int x);
}
interface IConvert { string To<T>(T x); R Make<R>() where R : new(); }

class All : I1, I2, I3, I4, I5, I6, I7<int>, I7<string>, IWide, IConvert
{
    public virtual int M1(int x) { return x + 1; }
    public int M2(int x) { return x + 2; }
    int I3.M3(int x) { return x + 3; }
    public virtual int M4(int x) { return x + 4; }
    public int M5(int x) { return x + 5; }
    public int M6(int x) { return x + 6; }
    public int M7(int x) { return x + 7; }
    public int M7(string x) { return x.Length; }
    public virtual int A(int x) { return x ^ 1; }
    public int B(int x) { return x ^ 2; }
    public int C(int x) { return x ^ 3; }
    public int D(int x) { return x ^ 4; }
    public int E(int x) { return x ^ 5; }
    public int F(int x) { return x ^ 6; }
    public int G(int x) { return x ^ 7; }
    public int H(int x) { return x ^ 8; }
    public int I(int x) { return x ^ 9; }
    public int J(int x) { return x ^ 10; }
    public int K(int x) { return x ^ 11; }
    public int L(int x) { return x ^ 12; }
    public virtual string To<T>(T x) { return "All:" + typeof(T).Name + ":" + x; }
    public virtual R Make<R>() where R : new() { return new R(); }
}

class More : All, I3
{
    public override int M1(int x) { return x + 100; }
    int I3.M3(int x) { return x + 300; }
    public override int A(int x) { return x ^ 1000; }
    public override string To<T>(T x) { return "More:" + typeof(T).Name + ":" + x; }
}

struct Value : I1, I2, I3, I4, I5, I6, I7<int>, IWide, IConvert
{
    public int Base;
    public int M1(int x) { return Base + x; }
    public int M2(int x) { return Base - x; }
    public int M3(int x) { return Base * x; }
    public int M4(int x) { return Base ^ x; }
    public int M5(int x) { return Base | x; }
    public int M6(int x) { return Base & x; }
    public int M7(int x) { return ++Base + x; }
    public int A(int x) { return Base + 1; }
    public int B(int x) { return Base + 2; }
    public int C(int x) { return Base + 3; }
    public int D(int x) { return Base + 4; }
    public int E(int x) { return Base + 5; }
    public int F(int x) { return Base + 6; }
    public int G(int x) { return Base + 7; }
    public int H(int x) { return Base + 8; }
    public int I(int x) { return Base + 9; }
    public int J(int x) { return Base + 10; }
    public int K(int x) { return Base + 11; }
    public int L(int x) { return Base + 12; }
    public string To<T>(T x) { return "Value" + Base + ":" + typeof(T).Name + ":" + x; }
    public R Make<R>() where R : new() { Base++; return new R(); }
}

class Virtuals
{
    public virtual int Size<T>() { return typeof(T).Name.Length; }
    public virtual T Same<T>(T x) { return x; }
}
class Derived : Virtuals
{
    public override int Size<T>() { return 1000 + base.Size<T>(); }
    public override T Same<T>(T x) { return default(T); }
}

class Program
{
    static long Call(object o, int x)
    {
        long r = ((I1)o).M1(x);
        r = r * 3 + ((I2)o).M2(x);
        r = r * 3 + ((I3)o).M3(x);
        r = r * 3 + ((I4)o).M4(x);
        r = r * 3 + ((I5)o).M5(x);
        r = r * 3 + ((I6)o).M6(x);
        r = r * 3 + ((I7<int>)o).M7(x);
        var w = (IWide)o;
        r = r * 3 + w.A(x); r = r * 3 + w.B(x); r = r * 3 + w.C(x); r = r * 3 + w.D(x);
        r = r * 3 + w.E(x); r = r * 3 + w.F(x); r = r * 3 + w.G(x); r = r * 3 + w.H(x);
        r = r * 3 + w.I(x); r = r * 3 + w.J(x); r = r * 3 + w.K(x); r = r * 3 + w.L(x);
        return r;
    }

    static string Text(IConvert c)
    {
        return c.To(1) + " " + c.To("s") + " " + c.To(2.5) + " " + c.To('c') + " " + c.To<object>("o")
            + " " + c.Make<object>().GetType().Name + " " + c.Make<int>();
    }

    static void Main()
    {
        object[] all = { new All(), new More(), new Value { Base = 5 } };
        foreach (var o in all)
            Console.WriteLine("{0} {1}", Call(o, 1), Text((IConvert)o));
        long sum = 0;
        for (int i = 0; i < 9000; i++)
            foreach (var o in all)
                sum = unchecked(sum * 7 + Call(o, i));
        Console.WriteLine(sum);
        for (int i = 0; i < 3000; i++)
            foreach (IConvert c in all)
                sum = unchecked(sum * 7 + Text(c).Length);
        Console.WriteLine(sum);
        foreach (var o in all)
            Console.WriteLine("{0} {1}", Call(o, 1), Text((IConvert)o));

        Virtuals[] virtuals = { new Virtuals(), new Derived() };
        long sizes = 0;
        for (int i = 0; i < 5000; i++)
            foreach (var v in virtuals)
                sizes += v.Size<int>() + v.Size<string>() + v.Size<object>() + v.Size<long>() + v.Same(i) + v.Same("abc" + i % 3)?.Length ?? 5;
        Console.WriteLine(sizes);
        Virtuals none = null;
        try { Console.WriteLine(none.Size<int>()); } catch (NullReferenceException) { Console.WriteLine("null"); }
        IConvert nothing = null;
        try { Console.WriteLine(nothing.To(1)); } catch (NullReferenceException) { Console.WriteLine("null"); }
    }
}
