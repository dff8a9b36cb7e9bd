using System;
using System.Collections;
using System.Collections.Generic;
class A { } class B : A { } class C : B { }
interface I { } struct S : I { }
class Program {
    static void Store(object[] a, object v) { try { a[0] = v; Console.Write("ok "); } catch (ArrayTypeMismatchException) { Console.Write("mismatch "); } }
    static void Main() {
        object[] strings = new string[1]; Store(strings, "s"); Store(strings, 1); Store(strings, null); Store(strings, new object()); Console.WriteLine();
        object[] bs = new B[1]; Store(bs, new A()); Store(bs, new B()); Store(bs, new C()); Console.WriteLine();
        object[] interfaces = new IComparable[1]; Store(interfaces, 5); Store(interfaces, "x"); Store(interfaces, new A()); Console.WriteLine();
        object[] objects = new object[1]; Store(objects, 5); Store(objects, new S()); Store(objects, objects); Console.WriteLine();
        object[] nested = new string[1][]; Store(nested, new string[2]); Store(nested, new object[2]); Store(nested, "x"); Console.WriteLine();
        A[] arrayA = new C[2];
        Console.WriteLine((arrayA is B[]) + " " + (arrayA is C[]) + " " + ((object)arrayA is IEnumerable<A>) + " " + ((object)arrayA is IList<B>) + " " + ((object)new int[0] is uint[]) + " " + ((object)new int[0] is IList<uint>) + " " + ((object)new int[0] is long[]) + " " + ((object)new int[0] is object[]));
        object o = new int[] { -1, 2 }; uint[] u = (uint[])o; Console.WriteLine(u[0] + " " + u.GetType());
        try { var bad = (string[])(object)new object[1]; } catch (InvalidCastException) { Console.WriteLine("cast"); }
        IEnumerable<object> seq = new[] { "p", "q" }; foreach (object x in seq) Console.Write(x); Console.WriteLine();
        IList<string> list = new[] { "x", "y" }; Console.WriteLine(list.Count + list[1] + list.IndexOf("y") + list.IsReadOnly); list[0] = "z"; try { list.Add("w"); } catch (NotSupportedException) { Console.WriteLine("fixed size " + list[0]); }
        IList old = new[] { 1, 2, 3 }; old[1] = 20; Console.WriteLine(old.Contains(20) + " " + old.Count + " " + old.IsFixedSize); try { old[0] = "x"; } catch (InvalidCastException) { Console.WriteLine("set"); }
        A[][] jag = new B[1][]; try { jag[0] = new A[1]; } catch (ArrayTypeMismatchException) { Console.WriteLine("jagged"); }
        try { A[] arr = new B[1]; Address(ref arr[0]); } catch (ArrayTypeMismatchException) { Console.WriteLine("ref"); }
    }
    static void Address(ref A a) { a = new A(); }
}
