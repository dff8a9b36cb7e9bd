using System;
struct Counter { int n; public int Next() { return ++n; } public Counter Chain() { n += 10; return this; } public void Reset() { this = new Counter(); } public void Assign(Counter c) { this = c; n++; } public int N { get { return n; } set { n = value; } } }
struct Stack3 { int a, b, c; int size; public void Push(int v) { switch (size++) { case 0: a = v; break; case 1: b = v; break; case 2: c = v; break; default: throw new InvalidOperationException("full"); } } public int Pop() { switch (--size) { case 0: return a; case 1: return b; case 2: return c; } size = 0; throw new InvalidOperationException("empty"); } }
class Program {
    readonly Counter ro; static readonly Counter sro; Counter rw; Counter Prop { get; set; }
    static void In(Counter c) { c.Next(); } static void Ref(ref Counter c) { c.Next(); }
    static void Main() {
        var p = new Program(); Console.WriteLine(p.ro.Next() + "" + p.ro.Next() + sro.Next() + sro.Next() + p.rw.Next() + p.rw.Next() + p.Prop.Next() + p.Prop.Next());
        var c = new Counter(); Console.WriteLine(c.Chain().Chain().N + " " + c.N); c.Assign(new Counter { N = 5 }); Console.WriteLine(c.N); In(c); Ref(ref c); Console.WriteLine(c.N); c.Reset(); Console.WriteLine(c.N);
        var s = new Stack3(); for (int i = 1; i <= 3; i++) s.Push(i * i); var t = s; Console.WriteLine(s.Pop() + " " + s.Pop() + " " + t.Pop()); try { t.Push(9); t.Push(9); } catch (InvalidOperationException e) { Console.WriteLine(e.Message); } foreach (Counter x in new[] { c, c }) { Console.Write(x.Next()); } Console.WriteLine(); using (var d = new Disp { Id = 1 }) { Console.WriteLine(d.Id); } Counter[] a = { c }; a[0].Next(); Ref(ref a[0]); Console.WriteLine(a[0].N);
        Func<int> f = p.rw.Next; f(); f(); Console.WriteLine(p.rw.N + " " + f()); object o = c; ((Counter)o).Next(); Console.WriteLine(((Counter)o).N);
    }
    struct Disp : IDisposable { public int Id; public void Dispose() { Console.WriteLine("dispose " + Id); } }
}
