using System;
delegate int Op(int a, int b);
class Counter {
    int n;
    public int Next(int a, int b) { n += a * b; return n; }
    public static int Add(int a, int b) { return a + b; }
    public virtual string Who() { return "Counter"; }
}
class Sub : Counter { public override string Who() { return "Sub"; } public Func<string> Base() { return base.Who; } }
class Program {
    static void Main() {
        Op op = Counter.Add;
        Console.WriteLine(op(2, 3) + " " + op.Invoke(4, 5));
        var c = new Counter();
        Op next = c.Next;
        next(2, 3);
        Console.WriteLine(next(1, 1) + " " + (next.Target == c) + " " + next.Method.Name + " " + (op.Target == null));
        Op both = op + next + op;
        Console.WriteLine(both(10, 1) + " " + both.GetInvocationList().Length);
        both -= op;
        Console.WriteLine(both(0, 0) + " " + both.GetInvocationList().Length);
        both -= next; both -= op;
        Console.WriteLine(both == null);
        Counter s = new Sub();
        Func<string> who = s.Who;
        Console.WriteLine(who() + " " + ((Sub)s).Base()());
        Console.WriteLine((new Op(Counter.Add) == op) + " " + new Op(c.Next).Equals(next) + " " + (new Op(new Counter().Next) == next));
        int captured = 1;
        Action bump = () => captured *= 2;
        bump += () => captured += 3;
        bump(); bump();
        Console.WriteLine(captured);
        Func<int, Func<int, int>> adder = x => y => x + y;
        Console.WriteLine(adder(3)(4));
        var actions = new Action[3];
        for (int i = 0; i < 3; i++) { int j = i; actions[i] = () => Console.Write(i + "/" + j + " "); }
        foreach (var a in actions) a();
        Console.WriteLine();
        Op nothing = null;
        try { nothing(1, 2); } catch (NullReferenceException) { Console.WriteLine("null delegate"); }
        Func<string, string> upper = string.Intern;
        Console.WriteLine(upper("x") + " " + ((Func<object, string>)(o => o.ToString()))(5));
    }
}
