// Delegates: open and closed, over statics, instances, values, generics, interfaces, extension methods, null targets; multicast results and exceptions; equality.
using System;
using System.Reflection;

interface IName { string Name(int n); }
class Obj : IName { public string Tag = "obj"; public virtual string Name(int n) { return Tag + n; } public static string Static(int n) { return "static" + n; } public T Same<T>(T t) { return t; } }
class Sub : Obj { public override string Name(int n) { return "sub" + base.Name(n); } public Func<int, string> BaseName() { return base.Name; } }
struct Val : IName { public int X; public string Name(int n) { X += n; return "val" + X; } public override string ToString() { return "V" + X; } }
static class Ext { public static string Twice(this string s, int n) { return s + s + n; } public static string Null(this object o, int n) { return (o == null) + "" + n; } }
delegate string Open(Obj o, int n);
delegate string OpenVal(ref Val v, int n);
delegate string OpenI(IName i, int n);
delegate void Out(ref int x, out string s);

static class Program
{
    static void Main()
    {
        Func<int, string> f = Obj.Static; Console.WriteLine(f(1));
        f = new Obj().Name; Console.WriteLine(f(2) + " " + f.Target + " " + f.Method.Name);
        f = new Sub().Name; Console.WriteLine(f(3));
        f = new Sub().BaseName(); Console.WriteLine(f(4));
        var v = new Val { X = 10 };
        f = v.Name; Console.WriteLine(f(1) + f(1) + " " + v.X);
        f = ((IName)v).Name; Console.WriteLine(f(5) + f(5));
        f = "ab".Twice; Console.WriteLine(f(6));
        f = ((object)null).Null; Console.WriteLine(f(7));
        Func<string, string> g = new Obj().Same<string>; Console.WriteLine(g("gen"));
        Func<int, int> gi = new Obj().Same<int>; Console.WriteLine(gi(8));
        var open = (Open)Delegate.CreateDelegate(typeof(Open), typeof(Obj).GetMethod("Name"));
        Console.WriteLine(open(new Obj(), 1) + open(new Sub(), 2));
        var openVal = (OpenVal)Delegate.CreateDelegate(typeof(OpenVal), typeof(Val).GetMethod("Name"));
        Console.WriteLine(openVal(ref v, 5) + openVal(ref v, 5) + v.X);
        var openI = (OpenI)Delegate.CreateDelegate(typeof(OpenI), typeof(IName).GetMethod("Name"));
        Console.WriteLine(openI(new Sub(), 3) + openI(v, 1));
        Func<string> ts = v.ToString; v.X = 99; Console.WriteLine(ts());
        Out o = Method; int x = 1; string s; o += Method; o(ref x, out s); Console.WriteLine(x + s);
        Func<int> multi = () => 1; multi += () => 2; multi += () => 3;
        Console.WriteLine(multi() + " " + multi.GetInvocationList().Length);
        Action fail = () => Console.Write("one "); fail += () => { throw new Exception("stop"); }; fail += () => Console.Write("never ");
        try { fail(); } catch (Exception e) { Console.WriteLine(e.Message); }
        Func<int, string> p = Obj.Static, q = Obj.Static;
        Console.WriteLine((p == q) + " " + p.Equals(f) + " " + (p.GetHashCode() == q.GetHashCode()));
        var obj = new Obj();
        Func<int, string> n1 = obj.Name, n2 = obj.Name, n3 = new Obj().Name;
        Console.WriteLine((n1 == n2) + " " + (n1 == n3));
        Action a = null; a += () => { }; var b = a; a += b; a -= b; Console.WriteLine(a == b); a -= b; Console.WriteLine(a == null);
        Func<int, string> nul = null;
        try { nul(1); } catch (NullReferenceException) { Console.WriteLine("null delegate"); }
        try { Func<int, string> nt = ((Obj)null).Name; Console.WriteLine(nt(1)); } catch (NullReferenceException) { Console.WriteLine("null target"); }
        Console.WriteLine(p.DynamicInvoke(5));
        try { p.DynamicInvoke("x"); } catch (ArgumentException) { Console.WriteLine("argument"); }
        try { ((Func<int>)(() => { throw new FormatException(); })).DynamicInvoke(); } catch (TargetInvocationException e) { Console.WriteLine(e.InnerException.GetType().Name); }
        Converter<object, string> conv = Convert.ToString; Console.WriteLine(conv(5));
    }

    static void Method(ref int x, out string s) { x *= 3; s = "o" + x; }
}
