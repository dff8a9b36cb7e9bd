// Nanoseconds of single operations. Not one of `cargo xtask bench`'s programs: its output are times.
using System;
using System.Diagnostics;
interface IA { int V(); } interface IB { int W(); } interface IC { } interface IGen { T Id<T>(T x); }
interface I1 { int M1(); } interface I2 { int M2(); } interface I3 { int M3(); } interface I4 { int M4(); } interface I5 { int M5(); } interface I6 { int M6(); }
interface I7 { int M7(); } interface I8 { int M8(); } interface I9 { int M9(); } interface I10 { int M10(); } interface I11 { int M11(); } interface I12 { int M12(); }
class A : IA, IB, IGen { public virtual int V() { return 1; } public int W() { return 2; } public T Id<T>(T x) { return x; } }
class B : A { public override int V() { return 3; } } class C : B, IC { }
class Many : I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12 { public int M1() { return 1; } public int M2() { return 1; } public int M3() { return 1; } public int M4() { return 1; } public int M5() { return 1; } public int M6() { return 1; } public int M7() { return 1; } public int M8() { return 1; } public int M9() { return 1; } public int M10() { return 1; } public int M11() { return 1; } public int M12() { return 1; } }
class Stop : Exception { }
class Program {
    [ThreadStatic] static int slot;
    static object[] objects = { new A(), new B(), new C(), "s" };
    static void Time(string name, int n, Func<int, int> body) {
        body(n / 10); body(n / 10);
        long best = long.MaxValue; var w = new Stopwatch();
        for (int i = 0; i < 5; i++) { w.Restart(); body(n); w.Stop(); best = Math.Min(best, w.ElapsedTicks); }
        Console.WriteLine("{0,-28} {1,9:F2} ns", name, best * 1e9 / Stopwatch.Frequency / n);
    }
    static int IsClass(int n) { int r = 0; var o = objects; for (int i = 0; i < n; i++) if (o[i & 3] is B) r++; return r; }
    static int IsInterface(int n) { int r = 0; var o = objects; for (int i = 0; i < n; i++) if (o[i & 3] is IA) r++; return r; }
    static int CastArray(int n) { int r = 0; object o = new string[3]; for (int i = 0; i < n; i++) r += ((object[])o).Length; return r; }
    static int Covariant(int n) { object[] a = new A[4]; var b = new B(); for (int i = 0; i < n; i++) a[i & 3] = b; return a.Length; }
    static int Interface2(int n) { int r = 0; IA[] a = { new A(), new B() }; for (int i = 0; i < n; i++) r += a[i & 1].V(); return r; }
    static int Virtual2(int n) { int r = 0; A[] a = { new A(), new B() }; for (int i = 0; i < n; i++) r += a[i & 1].V(); return r; }
    static int Interface12(int n) { int r = 0; object o = new Many(); for (int i = 0; i < n; i += 12) { r += ((I1)o).M1() + ((I2)o).M2() + ((I3)o).M3() + ((I4)o).M4() + ((I5)o).M5() + ((I6)o).M6() + ((I7)o).M7() + ((I8)o).M8() + ((I9)o).M9() + ((I10)o).M10() + ((I11)o).M11() + ((I12)o).M12(); } return r; }
    static int Generic(int n) { int r = 0; IGen g = new A(); for (int i = 0; i < n; i++) r += g.Id(i); return r; }
    static int Local(int n) { int r = 0; for (int i = 0; i < n; i++) try { throw new Stop(); } catch (Stop) { r++; } return r; }
    static void Thrower() { throw new Stop(); }
    static int One(int n) { int r = 0; for (int i = 0; i < n; i++) try { Thrower(); } catch (Stop) { r++; } return r; }
    static void Down(int d) { if (d == 0) throw new Stop(); Down(d - 1); }
    static int Twenty(int n) { int r = 0; for (int i = 0; i < n; i++) try { Down(19); } catch (Stop) { r++; } return r; }
    static int Index(int n) { int r = 0; var a = new int[1]; for (int i = 0; i < n; i++) try { r += a[i | 1]; } catch (IndexOutOfRangeException) { r++; } return r; }
    static int Null(int n) { int r = 0; string s = n < 0 ? "x" : null; for (int i = 0; i < n; i++) try { r += s.Length; } catch (NullReferenceException) { r++; } return r; }
    static int Lock(int n) { var o = new object(); int r = 0; for (int i = 0; i < n; i++) lock (o) r++; return r; }
    static int ThreadStatic(int n) { for (int i = 0; i < n; i++) slot++; return slot; }
    static int Box(int n) { int r = 0; for (int i = 0; i < n; i++) { object o = i; r += (int)o; } return r; }
    static int Delegates(int n) { Func<int, int> f = x => x + 1; int r = 0; for (int i = 0; i < n; i++) r = f(r); return r; }
    static void Main() {
        Time("is class", 10000000, IsClass); Time("is interface", 10000000, IsInterface); Time("cast to T[]", 10000000, CastArray); Time("covariant store", 10000000, Covariant);
        Time("virtual call, 2 targets", 10000000, Virtual2); Time("interface call, 2 targets", 10000000, Interface2); Time("interface call, 12 methods", 12000000, Interface12); Time("generic interface method", 3000000, Generic);
        Time("throw, same method", 100000, Local); Time("throw, 1 frame", 100000, One); Time("throw, 20 frames", 20000, Twenty); Time("index, same method", 50000, Index); Time("null, same method", 50000, Null);
        Time("lock", 5000000, Lock); Time("thread static", 5000000, ThreadStatic); Time("box and unbox", 5000000, Box); Time("delegate", 10000000, Delegates);
    }
}
