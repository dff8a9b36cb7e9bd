// Type tests of every shape, each asked twice of many classes: display, caches, conflicts.
using System;
using System.Collections;
using System.Collections.Generic;

interface I0 { } interface I1 { } interface I2 { } interface I3 { } interface I4 { } interface I5 { }
interface I6 { } interface I7 { } interface I8 { } interface I9 { } interface I10 { } interface I11 { }
interface I12 { } interface I13 { } interface I14 { } interface I15 { } interface I16 { } interface I17 { }
interface I18 { } interface I19 { } interface IOut<out T> { } interface IIn<in T> { } interface IInv<T> { }

class D1 { } class D2 : D1, I0 { } class D3 : D2 { } class D4 : D3, I5 { } class D5 : D4 { } class D6 : D5 { }
class D7 : D6, I17 { } class D8 : D7 { } class D9 : D8 { } class D10 : D9, I19 { } sealed class D11 : D10 { }
class Odd : I1, I3, I5, I7, I9, I11, I13, I15, I17, I19 { }
class Even : I0, I2, I4, I6, I8, I10, I12, I14, I16, I18 { }
class Out<T> : IOut<T>, IInv<T> { } class In<T> : IIn<T> { }
struct S : I2, IEquatable<S> { public bool Equals(S o) { return true; } }
enum E : int { A } enum U : uint { A }

class Program {
    static ulong Ask(object o) {
        ulong r = 0; int b = 0;
        r |= (o is I0 ? 1UL : 0) << b++; r |= (o is I1 ? 1UL : 0) << b++; r |= (o is I2 ? 1UL : 0) << b++; r |= (o is I3 ? 1UL : 0) << b++;
        r |= (o is I4 ? 1UL : 0) << b++; r |= (o is I5 ? 1UL : 0) << b++; r |= (o is I6 ? 1UL : 0) << b++; r |= (o is I7 ? 1UL : 0) << b++;
        r |= (o is I8 ? 1UL : 0) << b++; r |= (o is I9 ? 1UL : 0) << b++; r |= (o is I10 ? 1UL : 0) << b++; r |= (o is I11 ? 1UL : 0) << b++;
        r |= (o is I12 ? 1UL : 0) << b++; r |= (o is I13 ? 1UL : 0) << b++; r |= (o is I14 ? 1UL : 0) << b++; r |= (o is I15 ? 1UL : 0) << b++;
        r |= (o is I16 ? 1UL : 0) << b++; r |= (o is I17 ? 1UL : 0) << b++; r |= (o is I18 ? 1UL : 0) << b++; r |= (o is I19 ? 1UL : 0) << b++;
        r |= (o is D1 ? 1UL : 0) << b++; r |= (o is D5 ? 1UL : 0) << b++; r |= (o is D7 ? 1UL : 0) << b++; r |= (o is D8 ? 1UL : 0) << b++;
        r |= (o is D9 ? 1UL : 0) << b++; r |= (o is D10 ? 1UL : 0) << b++; r |= (o is D11 ? 1UL : 0) << b++;
        r |= (o is IOut<object> ? 1UL : 0) << b++; r |= (o is IOut<D4> ? 1UL : 0) << b++; r |= (o is IIn<D7> ? 1UL : 0) << b++; r |= (o is IIn<object> ? 1UL : 0) << b++; r |= (o is IInv<object> ? 1UL : 0) << b++;
        r |= (o is object[] ? 1UL : 0) << b++; r |= (o is D4[] ? 1UL : 0) << b++; r |= (o is I5[] ? 1UL : 0) << b++; r |= (o is int[] ? 1UL : 0) << b++; r |= (o is uint[] ? 1UL : 0) << b++; r |= (o is E[] ? 1UL : 0) << b++;
        r |= (o is IList<object> ? 1UL : 0) << b++; r |= (o is IEnumerable<I5> ? 1UL : 0) << b++; r |= (o is IList<int> ? 1UL : 0) << b++; r |= (o is IList<uint> ? 1UL : 0) << b++; r |= (o is IEnumerable ? 1UL : 0) << b++; r |= (o is Array ? 1UL : 0) << b++;
        r |= (o is Func<object> ? 1UL : 0) << b++; r |= (o is Action<D7> ? 1UL : 0) << b++; r |= (o is Delegate ? 1UL : 0) << b++; r |= (o is ValueType ? 1UL : 0) << b++; r |= (o is Enum ? 1UL : 0) << b++;
        r |= (o is int? ? 1UL : 0) << b++; r |= (o is E ? 1UL : 0) << b++; r |= (o is IEquatable<S> ? 1UL : 0) << b++; r |= (o is object[,] ? 1UL : 0) << b++; r |= (o is object[][] ? 1UL : 0) << b++; r |= (o is IEnumerable<object>[] ? 1UL : 0) << b++;
        return r;
    }
    static string Try(Action a) { try { a(); return "ok"; } catch (Exception e) { return e.GetType().Name; } }
    static T Cast<T>(object o) { return (T)o; }
    static void Main() {
        object[] all = { new D1(), new D2(), new D4(), new D7(), new D8(), new D9(), new D10(), new D11(), new Odd(), new Even(), new Out<D5>(), new Out<object>(), new In<D3>(), new In<object>(), new S(), 5, 5u, E.A, U.A,
            new object[1], new D7[1], new D4[1], new I5[1], new int[1], new uint[1], new E[1], new U[1], new object[1, 1], new D4[1, 1], new object[1][], new IEnumerable<object>[1], new List<object>(), new List<D4>(), new List<int>(),
            new Func<D4>(() => null), new Func<object>(() => null), new Action<D1>(x => { }), new Action<D11>(x => { }), "s", new List<string>[1] };
        for (int round = 0; round < 3; round++)
            foreach (var o in all) { ulong r = Ask(o); if (round != 1) Console.WriteLine(o.GetType() + " " + r.ToString("x")); }
        Console.WriteLine(Ask(null));
        object[][] arrays = { new object[2], new D1[2], new D4[2], new D9[2], new D11[2], new I5[2], new I19[2], new IOut<object>[2], new object[2][], new Action<D7>[2], new IEnumerable<object>[2], new ValueType[2], new IComparable[2] };
        for (int round = 0; round < 2; round++)
            foreach (var a in arrays) {
                string line = a.GetType() + ":";
                foreach (var o in all) line += Try(() => a[1] = o) == "ok" ? (a[1] == o ? "1" : "?") : "0";
                line += Try(() => a[1] = null) + Try(() => a[2] = a[0]) + Try(() => a[2] = "x");
                Console.WriteLine(line);
            }
        Console.WriteLine(Try(() => { D1[] n = null; n[0] = new D2(); }));
        foreach (var o in new object[] { new D9(), new Odd(), new D4[1], new Action<object>(x => { }), 7, null }) {
            string line = "";
            for (int round = 0; round < 2; round++) {
                line += Try(() => Cast<D9>(o)) + " " + Try(() => Cast<I19>(o)) + " " + Try(() => Cast<I5[]>(o)) + " " + Try(() => Cast<Action<string>>(o)) + " " + Try(() => Cast<int?>(o)) + " " + Try(() => Cast<int>(o)) + " " + Try(() => Cast<IComparable>(o)) + ";";
            }
            Console.WriteLine(line);
        }
    }
}
