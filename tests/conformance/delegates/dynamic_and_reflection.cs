using System;
using System.Reflection;
delegate int Op(int a, int b); delegate void Out(string s, out int n, ref string t); delegate T Gen<T>(T t);
class C { public int K = 3; public int Mul(int a, int b) { return a * b * K; } public static int Sub(int a, int b) { return a - b; } public virtual string V() { return "C"; } } class D : C { public override string V() { return "D"; } }
class Program {
    static void Parse(string s, out int n, ref string t) { n = s.Length; t += s; } static T Id<T>(T t) { return t; }
    static void Main() {
        var op = (Op)Delegate.CreateDelegate(typeof(Op), typeof(C).GetMethod("Sub")); Console.WriteLine(op(9, 4)); var c = new C(); op = (Op)Delegate.CreateDelegate(typeof(Op), c, "Mul"); Console.WriteLine(op(2, 5)); var open = (Func<C, string>)Delegate.CreateDelegate(typeof(Func<C, string>), typeof(C).GetMethod("V")); Console.WriteLine(open(new C()) + open(new D())); Console.WriteLine(op.DynamicInvoke(3, 4) + " " + op.Method.Name + " " + (op.Target == c) + " " + op.GetType().Name);
        Out o = Parse; int n; string t = "t"; o("abc", out n, ref t); Console.WriteLine(n + t); Gen<int> g = Id; Gen<string> h = Id<string>; Console.WriteLine(g(4) + h("s")); Delegate d = op; Console.WriteLine(d.DynamicInvoke(new object[] { 1, 1 })); try { d.DynamicInvoke("x", 1); } catch (ArgumentException) { Console.WriteLine("argument"); } try { ((Delegate)new Action(() => { throw new FormatException("inner"); })).DynamicInvoke(); } catch (TargetInvocationException e) { Console.WriteLine(e.InnerException.Message); }
        var closed = (Func<string>)Delegate.CreateDelegate(typeof(Func<string>), "bound", typeof(string).GetMethod("ToUpperInvariant")); Console.WriteLine(closed()); Op all = op; all += C.Sub; all += c.Mul; foreach (Op x in all.GetInvocationList()) Console.Write(x(6, 2) + " "); Console.WriteLine(all == (op + new Op(C.Sub) + new Op(c.Mul))); Console.WriteLine(Delegate.Remove(all, new Op(C.Sub)).GetInvocationList().Length + " " + (Delegate.Combine(null, null) == null)); Func<string> loc = () => "local"; Console.WriteLine(loc()); Func<object> cov = loc; Console.WriteLine(cov());
    }
}
