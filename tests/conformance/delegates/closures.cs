using System;
using System.Collections.Generic;
class Program {
    int field = 10;
    Func<int> Instance(int x) { int local = x; return () => field++ + local++ + x; }
    static Func<int> Counter() { int n = 0; return () => ++n; }
    static void Main() {
        var c1 = Counter(); var c2 = Counter(); Console.WriteLine(c1() + c1() + " " + c2());
        var p = new Program(); var f = p.Instance(5); Console.WriteLine(f() + " " + f() + " " + p.field);
        var fs = new List<Func<int>>(); for (int i = 0; i < 3; i++) fs.Add(() => i); foreach (int j in new[] { 10, 20, 30 }) fs.Add(() => j); foreach (var g in fs) Console.Write(g() + " "); Console.WriteLine();
        int a = 1; { int b = 2; Action inner = () => { int c = 3; Action deeper = () => { a += b; b += c; c++; }; deeper(); deeper(); Console.Write(a + " " + b + " " + c + " "); }; inner(); inner(); } Console.WriteLine(a);
        Func<int, int> fact = null; fact = n => n <= 1 ? 1 : n * fact(n - 1); Console.WriteLine(fact(10)); Func<int, Func<int, Func<int, int>>> curried = x => y => z => x * 100 + y * 10 + z; Console.WriteLine(curried(1)(2)(3));
        int refd = 5; Action bump = () => refd++; bump(); Change(ref refd); bump(); Console.WriteLine(refd); var actions = new Action[2]; try { int t = 1; actions[0] = () => Console.Write("t" + t++); throw new Exception("e"); } catch (Exception e) { actions[1] = () => Console.Write(e.Message); } actions[0](); actions[0](); actions[1](); Console.WriteLine();
        int sum = 0; Action<int> add = n => sum += n; new List<int> { 1, 2 }.ForEach(add); add(4); Console.WriteLine(sum); string s = null; Func<string> lazy = () => s ?? (s = "made"); Console.WriteLine(lazy() + lazy()); Action<int> shadow = x => { for (int k = 0; k < x; k++) { int q = k; fs.Add(() => q * q); } }; shadow(3); Console.WriteLine(fs[8]() + fs[7]());
        var generic = Gen("v"); Console.WriteLine(generic() + Gen(5)() + Gen(new DateTime(2000, 1, 1))());
    }
    static Func<string> Gen<T>(T t) { int n = 0; return () => typeof(T).Name + (++n) + (t == null); } static void Change(ref int x) { x *= 10; }
}
