// Async methods: results, exceptions, finally, loops, nested awaits, void of generics, value tasks by hand, cancellation, WhenAll and WhenAny.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

struct Now<T> : INotifyCompletion { T v; public Now(T v) { this.v = v; } public Now<T> GetAwaiter() { return this; } public bool IsCompleted { get { return true; } } public T GetResult() { return v; } public void OnCompleted(Action a) { a(); } }

static class Program
{
    static async Task<int> Add(int a, int b) { await Task.Yield(); return a + b; }
    static async Task<T> Later<T>(T t, int ms) { await Task.Delay(ms).ConfigureAwait(false); return t; }
    static async Task<string> Flow(int mode)
    {
        string s = "";
        try { s += await Later("a", 1); if (mode == 1) throw new FormatException("one"); try { s += await Later("b", 1); if (mode == 2) throw new InvalidOperationException("two"); } finally { s += "f"; await Task.Yield(); s += "g"; } s += await new Now<string>("now"); }
        catch (FormatException e) when (e.Message == "one") { s += "!" + await Later(e.Message, 1); }
        finally { s += "."; }
        return s;
    }
    static async Task<long> Sum(int n) { long t = 0; for (int i = 0; i < n; i++) { if (i % 3 == 0) await Task.Yield(); t += await Add(i, i); } return t; }
    static async Task<int> Rec(int n) { return n == 0 ? 0 : 1 + await Rec(n - 1); }
    static async Task<List<T>> Map<S, T>(IEnumerable<S> src, Func<S, Task<T>> f) { var l = new List<T>(); foreach (var s in src) l.Add(await f(s)); return l; }
    static async Task Cancel(CancellationToken t) { await Task.Delay(10000, t); }

    static async Task<int> Run()
    {
        Console.WriteLine(await Add(1, 2) + await Sum(20) + await Rec(30));
        Console.WriteLine(await Flow(0) + " " + await Flow(1)); try { Console.WriteLine(await Flow(2)); } catch (InvalidOperationException e) { Console.WriteLine("caught " + e.Message); }
        Console.WriteLine(string.Join(",", await Map(new[] { 1, 2, 3 }, async x => { await Task.Yield(); return "v" + x; })));
        var all = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Later(i * i, 5 - i))); Console.WriteLine(string.Join(",", all));
        var any = await Task.WhenAny(Later("slow", 2000), Later("fast", 1)); Console.WriteLine(await any);
        try { await Task.WhenAll(Task.Run(() => { throw new ArgumentException("x"); }), Later(1, 1)); } catch (ArgumentException e) { Console.WriteLine(e.Message); }
        var cts = new CancellationTokenSource(); var ct = Cancel(cts.Token); cts.Cancel(); try { await ct; } catch (OperationCanceledException) { Console.WriteLine("cancelled " + ct.IsCanceled); }
        Func<Task<int>> lam = async () => { int x = 5; await Task.Yield(); x++; return x; }; Console.WriteLine(await lam());
        var tcs = new TaskCompletionSource<string>(); var w = Task.Run(async () => (await tcs.Task) + "!"); tcs.SetResult("set"); Console.WriteLine(await w);
        var sem = new SemaphoreSlim(1); int c = 0; await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ => { await sem.WaitAsync(); int old = c; await Task.Yield(); c = old + 1; sem.Release(); })); Console.WriteLine(c);
        return 0;
    }

    static int Main() { return Run().GetAwaiter().GetResult(); }
}
