using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
class Program {
    static void Main() {
        var tasks = Enumerable.Range(0, 8).Select(i => Task.Run(() => i * i)).ToArray(); Task.WaitAll(tasks); Console.WriteLine(tasks.Sum(t => t.Result));
        var failing = Task.Run(() => { if (DateTime.MinValue.Year == 1) throw new FormatException("task"); }); try { failing.Wait(); } catch (AggregateException e) { Console.WriteLine(e.Flatten().InnerExceptions[0].Message + " " + failing.IsFaulted); }
        var source = new CancellationTokenSource(); var cancelled = Task.Run(() => { while (true) { source.Token.ThrowIfCancellationRequested(); Thread.Sleep(1); } }, source.Token); source.Cancel(); try { cancelled.Wait(); } catch (AggregateException e) { Console.WriteLine(e.InnerException is TaskCanceledException); } Console.WriteLine(cancelled.IsCanceled);
        var chain = Task.Factory.StartNew(() => 5).ContinueWith(t => t.Result + 1).ContinueWith(t => "value " + t.Result); Console.WriteLine(chain.Result); Console.WriteLine(Task.WhenAny(Task.FromResult(1), new TaskCompletionSource<int>().Task).Result.Result); object gate = new object(); int total = 0; Parallel.ForEach(Enumerable.Range(1, 100), i => { lock (gate) total += i; }); Console.WriteLine(total); Console.WriteLine(Enumerable.Range(1, 1000).AsParallel().Where(i => i % 7 == 0).Count());
    }
}
