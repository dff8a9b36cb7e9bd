// Delegates, lambdas, closures, multicast, events, interface and virtual calls.
using System;
using System.Collections.Generic;
interface IOp { int Apply(int x); } sealed class Inc : IOp { public int Apply(int x) { return x + 1; } } sealed class Xor : IOp { readonly int k; public Xor(int k) { this.k = k; } public int Apply(int x) { return x ^ k; } }
class Source { public event Action<int> Fired; public void Fire(int i) { var f = Fired; if (f != null) f(i); } }
class Program {
    static int Static(int x) { return x * 3; }
    int field = 1; int Instance(int x) { return x + field; }
    static int Apply(Func<int, int> f, int n) { int x = n; for (int i = 0; i < 10; i++) x = f(x); return x; }
    static void Main(string[] args) {
        int n = int.Parse(args[0]), sum = 0; var p = new Program(); Func<int, int> s = Static, i = p.Instance; int captured = 5; Func<int, int> lambda = x => x - 7, closure = x => x + captured; IOp[] ops = { new Inc(), new Xor(3), new Inc(), new Xor(9) };
        var source = new Source(); long total = 0; source.Fired += k => total += k; source.Fired += k => total = total * 3 ^ k;
        for (int k = 0; k < n; k++) {
            sum += Apply(s, k) + Apply(i, k) + Apply(lambda, k) + Apply(closure, k); captured = k & 15;
            int y = k; for (int j = 0; j < 8; j++) y = ops[(j + k) & 3].Apply(y); sum += y; source.Fire(k); int local = k; Func<int> made = () => local * 2; sum += made();
        }
        Console.WriteLine(sum + " " + total);
    }
}
