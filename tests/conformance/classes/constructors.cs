using System;
class A {
    int x = Log("A.x"); static int Log(string s) { Console.Write(s + " "); return 1; }
    public A() { Console.Write("A() "); Virtual(); }
    public A(int n) : this() { Console.Write("A(int) "); }
    protected virtual void Virtual() { Console.Write("A.Virtual "); }
}
class B : A {
    readonly int y = Init(); readonly string s;
    static int Init() { Console.Write("B.y "); return 42; }
    public B() : base(1) { s = "set"; Console.Write("B() "); Virtual(); }
    public B(string t) : this() { s = t; }
    protected override void Virtual() { Console.Write("B.Virtual(" + y + "," + (s ?? "null") + ") "); }
    public override string ToString() { return s; }
}
class Optional { public string T; public Optional(int a = 1, string b = "b", params int[] rest) { T = a + b + rest.Length; } }
class Private { Private() { } public static Private Make() { return new Private(); } public int N = 3; }
class Init { public int P { get; set; } = 5; public string Q { get; } = "q"; public int[] Items = { 1, 2 }; public Init Inner { get; set; } }
class Program {
    static void Main() {
        new A(); Console.WriteLine();
        new A(5); Console.WriteLine();
        new B(); Console.WriteLine();
        Console.WriteLine(new B("given"));
        Console.WriteLine(new Optional().T + new Optional(5).T + new Optional(b: "named").T + new Optional(1, "x", 1, 2, 3).T);
        Console.WriteLine(Private.Make().N);
        var i = new Init { P = 7, Inner = new Init { P = 8 } };
        Console.WriteLine(i.P + i.Q + i.Inner.P + i.Items[1] + (i.Inner.Inner == null));
    }
}
