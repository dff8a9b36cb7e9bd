// Value semantics: copies at assignment, arguments, returns, boxing, array elements, fields, properties, closures, readonly fields, this in methods.
using System;
using System.Collections.Generic;

struct M { public int X; public string S; public Inner I; public int Inc() { return ++X; } public M With(int x) { X = x; return this; } public override string ToString() { return X + S + I.V; } }
struct Inner { public long V; public void Set(long v) { V = v; } }
class Holder { public M Field; public readonly M Fixed = new M { X = 1 }; public M Prop { get; set; } public M this[int i] { get { return Field; } } public static M Shared; }
interface IInc { int Inc(); }
struct C : IInc { int n; public int Inc() { return ++n; } }
struct Self { public int A, B; public void Swap() { var t = this; A = t.B; B = t.A; } public void Become(Self o) { this = o; } public Self(int a) : this() { A = a; B = a * 2; } }

static class Program
{
    static void ByValue(M m) { m.X = 100; m.I.Set(5); }
    static void ByRef(ref M m) { m.X = 200; m.I.Set(6); }
    static M Make(int x) { return new M { X = x, S = "m" }; }
    static M Ident(M m) { m.X++; return m; }
    static int Chain(M a, M b, M c) { a.X = b.X; b.X = c.X; c = a; return a.X * 100 + b.X * 10 + c.X; }

    static void Main()
    {
        var a = Make(1); var b = a; b.X = 2; b.I.Set(9); Console.WriteLine(a + " " + b);
        ByValue(a); Console.WriteLine(a); ByRef(ref a); Console.WriteLine(a);
        object o = a; a.X = 7; Console.WriteLine(o + " " + ((M)o).Inc() + " " + o);
        var arr = new M[2]; arr[0].X = 3; arr[0].I.Set(4); var e = arr[0]; e.X = 33; Console.WriteLine(arr[0] + " " + arr[0].Inc() + arr[0].Inc() + " " + e);
        var h = new Holder(); h.Field.Inc(); h.Field.I.Set(2); h.Fixed.Inc(); Console.WriteLine(h.Field + " " + h.Fixed.X + " " + h.Prop.Inc() + h.Prop.Inc() + " " + h[0].Inc() + h.Field.X);
        Holder.Shared.Inc(); Holder.Shared.S = "sh"; Console.WriteLine(Holder.Shared);
        var list = new List<M> { Make(5) }; list[0].Inc(); var l0 = list[0]; l0.Inc(); list[0] = l0; Console.WriteLine(list[0]);
        Func<int> f = () => a.Inc(); Console.WriteLine(f() + f() + " " + a.X);
        IInc i = new C(); IInc j = i; Console.WriteLine(i.Inc() + j.Inc() + i.Inc()); C c = (C)i; Console.WriteLine(c.Inc() + " " + i.Inc());
        var s = new Self(3); s.Swap(); Console.WriteLine(s.A + " " + s.B); s.Become(new Self(8)); Console.WriteLine(s.A + " " + s.B);
        Console.WriteLine(Ident(Ident(a)).X + " " + a.X + " " + a.With(50).With(60) + " " + a.X);
        Console.WriteLine(Chain(Make(1), Make(2), Make(3)) + " " + Chain(a, a, a));
        M x = Make(1), y = Make(2); var t = x; x = y; y = t; Console.WriteLine(x + " " + y);
        var both = new[] { x, y, x }; both[2] = both[0]; both[0].X = 77; Console.WriteLine(both[0] + " " + both[2]);
        var tup = (p: x, q: y); var tup2 = tup; tup2.p.X = 5; Console.WriteLine(tup.p.X + " " + tup2.p.X);
        foreach (var m in arr) Console.Write(m.With(1).X + " "); Console.WriteLine(arr[0].X);
    }
}
