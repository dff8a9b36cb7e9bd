// Type tests and casts: classes, interfaces, arrays, generics, boxes, covariant stores.
using System;
using System.Collections.Generic;
interface IA { int V { get; } } interface IB { } interface IC { }
class A : IA { public virtual int V { get { return 1; } } } class B : A, IB { public override int V { get { return 2; } } } class C : B, IC { public override int V { get { return 3; } } } sealed class D : C { } class E : A { }
class Program {
    static int Classify(object o) {
        int r = 0;
        if (o is D) r += 1; if (o is C) r += 2; if (o is IB) r += 4; if (o is IC) r += 8;
        var a = o as A; if (a != null) r += a.V; var i = o as IA; if (i != null) r += i.V; if (o is int) r += (int)o; if (o is string) r += 16; if (o is int[]) r += 32; if (o is IComparable) r += 64; if (o is IEnumerable<object>) r += 128;
        return r;
    }
    static void Main(string[] args) {
        int n = int.Parse(args[0]); object[] objects = { new A(), new B(), new C(), new D(), new E(), 5, "text", new int[1], new string[1], new List<string>(), 2.5 }; long sum = 0;
        object[] sink = new A[16]; object[] plain = new object[16]; var a = new A[] { new A(), new B(), new C(), new D(), new E(), new B(), new C(), new D() };
        for (int k = 0; k < n; k++) {
            sum += Classify(objects[k % objects.Length]);
            A x = a[k & 7]; sink[k & 15] = x; plain[k & 15] = x; object o = x; sum += ((A)o).V + ((IA)o).V; var b = o as B; if (b != null) sum += ((B)o).V;
        }
        Console.WriteLine(sum);
    }
}
