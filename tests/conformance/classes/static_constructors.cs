using System;
class Log { public static void Say(string s) { Console.WriteLine(s); } public static int Value(string s, int v) { Say("init " + s); return v; } }
class Explicit { public static int A = Log.Value("Explicit.A", 1); static Explicit() { Log.Say("Explicit cctor, A=" + A); B = 5; } public static int B = Log.Value("Explicit.B", 2); public static void Touch() { Log.Say("Explicit.Touch"); } }
class Base { static Base() { Log.Say("Base cctor"); } public static int X = 1; public Base() { Log.Say("Base ctor"); } }
class Derived : Base { static Derived() { Log.Say("Derived cctor"); } public static int Y = 2; public Derived() { Log.Say("Derived ctor"); } }
class Generic<T> { public static int Count; static Generic() { Log.Say("Generic<" + typeof(T).Name + "> cctor"); } public static void Bump() { Count++; } }
class CycleA { public static int V = CycleB.V + 1; static CycleA() { Log.Say("A done " + V); } }
class CycleB { public static int V = CycleA.V + 10; static CycleB() { Log.Say("B done " + V); } }
class Failing { static Failing() { throw new InvalidOperationException("cctor failed"); } public static int F; }
struct S { public static int N = Log.Value("S.N", 9); static S() { Log.Say("S cctor"); } public int M() { return N; } }
class Program {
    static Program() { Log.Say("Program cctor"); }
    static void Main() {
        Log.Say("Main");
        Explicit.Touch();
        Console.WriteLine(Explicit.A + " " + Explicit.B);
        new Derived();
        new Derived();
        Console.WriteLine(Base.X + Derived.Y);
        Generic<int>.Bump(); Generic<string>.Bump(); Generic<int>.Bump();
        Console.WriteLine(Generic<int>.Count + " " + Generic<string>.Count);
        Console.WriteLine(CycleA.V + " " + CycleB.V);
        for (int i = 0; i < 2; i++)
            try { Failing.F = 1; } catch (TypeInitializationException e) { Console.WriteLine(e.TypeName + ": " + e.InnerException.Message); }
        Console.WriteLine(S.N);
    }
}
