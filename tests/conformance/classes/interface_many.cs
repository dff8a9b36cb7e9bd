using System;
interface I1 { int A(); int B(); } interface I2 { int A(); int C(); } interface I3 : I1 { int D(); } interface I4 : I2, I3 { int E(); } interface I5 { int F(); int G(); int H(); } interface I6 { int I(); } interface I7 { int J(); } interface I8 { int K(); int L(); int M(); int N(); }
class X : I4, I5, I6, I7, I8 { int I1.A() { return 1; } public int A() { return 2; } public int B() { return 3; } public int C() { return 4; } public int D() { return 5; } public int E() { return 6; } public int F() { return 7; } public int G() { return 8; } public int H() { return 9; } public int I() { return 10; } public int J() { return 11; } public int K() { return 12; } public int L() { return 13; } public int M() { return 14; } public int N() { return 15; } }
class Y : X, I2 { int I2.C() { return 40; } public new int A() { return 20; } }
interface IG<T> { string Name(T t); } class G<T> : IG<T>, IG<T[]> { public virtual string Name(T t) { return "T:" + typeof(T).Name; } public string Name(T[] t) { return "T[]:" + typeof(T).Name; } } class H : G<int>, IG<string> { public string Name(string s) { return "string"; } public override string Name(int t) { return "H:" + base.Name(t); } }
class Program {
    static int All(object o) { var i4 = (I4)o; I1 i1 = i4; I2 i2 = i4; I3 i3 = i4; var i5 = (I5)o; var i8 = (I8)o; return i1.A() + 10 * i2.A() + 100 * i1.B() + 1000 * i2.C() + 10000 * i3.D() + 100000 * i4.E() + i5.F() + i5.G() + i5.H() + ((I6)o).I() + ((I7)o).J() + i8.K() + i8.L() + i8.M() + i8.N(); }
    static void Main() {
        Console.WriteLine(All(new X()) + " " + All(new Y()));
        int sum = 0; object[] o = { new X(), new Y() }; for (int i = 0; i < 1000; i++) sum += All(o[i & 1]); Console.WriteLine(sum);
        var h = new H(); Console.WriteLine(((IG<int>)h).Name(1) + " " + ((IG<int[]>)h).Name(null) + " " + ((IG<string>)h).Name("") + " " + (h is IG<object>) + (h is IG<long>) + " " + ((IG<string[]>)new G<string>()).Name(null));
    }
}
