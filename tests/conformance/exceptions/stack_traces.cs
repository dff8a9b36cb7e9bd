using System;
using System.Runtime.CompilerServices;
class Program {
    [MethodImpl(MethodImplOptions.NoInlining)] static void A(int n) { B(n.ToString(), 1.5); }
    [MethodImpl(MethodImplOptions.NoInlining)] static void B(string s, double d) { new Inner<int>().C(new[] { s }); }
    class Inner<T> { [MethodImpl(MethodImplOptions.NoInlining)] public void C(string[] a) { D(ref a); } [MethodImpl(MethodImplOptions.NoInlining)] static void D(ref string[] a) { throw new InvalidOperationException("bottom"); } }
    [MethodImpl(MethodImplOptions.NoInlining)] static void Rethrow() { try { A(5); } catch (Exception) { throw; } } [MethodImpl(MethodImplOptions.NoInlining)] static void ThrowAgain() { try { A(5); } catch (Exception e) { throw e; } }
    static string Names(Exception e) { string r = ""; foreach (string line in e.StackTrace.Split('\n')) { string t = line.Trim(); if (!t.StartsWith("at ")) continue; int p = t.IndexOf(" ("); if (p < 0) p = t.IndexOf("("); r += t.Substring(3, p - 3) + ";"; } return r; }
    static void Main() {
        try { A(5); } catch (Exception e) { Console.WriteLine(Names(e)); Console.WriteLine(e.ToString().Split('\n')[0]); }
        try { Rethrow(); } catch (Exception e) { Console.WriteLine(Names(e)); } try { ThrowAgain(); } catch (Exception e) { Console.WriteLine(Names(e)); }
        Console.WriteLine(new Exception().StackTrace == null); Exception kept = null; try { throw new Exception("k"); } catch (Exception e) { kept = e; } Console.WriteLine(Names(kept));
        var t = new System.Diagnostics.StackTrace(kept); Console.WriteLine(t.FrameCount + " " + t.GetFrame(0).GetMethod().Name);
    }
}
