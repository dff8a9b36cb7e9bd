using System;
interface IA { string Name(); }
interface IB { string Name(); int Count { get; set; } }
interface IC : IA, IB { event Action Fired; string this[int i] { get; } }
class One : IA, IB {
    string IA.Name() { return "IA.Name"; }
    string IB.Name() { return "IB.Name"; }
    public string Name() { return "One.Name"; }
    public int Count { get; set; }
}
class Two : IC {
    public virtual string Name() { return "Two.Name"; }
    int IB.Count { get { return 7; } set { Console.WriteLine("set " + value); } }
    public event Action Fired;
    public string this[int i] { get { if (Fired != null) Fired(); return "item" + i; } }
}
class Three : Two, IA {
    string IA.Name() { return "Three's IA.Name"; }
    public override string Name() { return "Three.Name"; }
}
class Four : Two { public override string Name() { return "Four.Name"; } }
struct Value : IA, IComparable<Value> {
    public int X;
    public string Name() { X++; return "Value" + X; }
    public int CompareTo(Value other) { return X.CompareTo(other.X); }
}
class Program {
    static void Main() {
        var one = new One();
        Console.WriteLine(one.Name() + " " + ((IA)one).Name() + " " + ((IB)one).Name());
        IB b = one; b.Count += 5; b.Count++;
        Console.WriteLine(one.Count);
        IC c = new Two();
        c.Fired += () => Console.Write("fired ");
        Console.WriteLine(((IA)c).Name() + " " + ((IB)c).Name() + " " + c[3]);
        ((IB)c).Count = ((IB)c).Count + 1;
        Two three = new Three(), four = new Four();
        Console.WriteLine(three.Name() + " | " + ((IA)three).Name() + " | " + ((IB)three).Name() + " | " + ((IA)four).Name());
        var v = new Value { X = 10 };
        IA boxed = v;
        Console.WriteLine(boxed.Name() + " " + boxed.Name() + " " + v.X + " " + v.Name() + " " + v.X);
        Console.WriteLine(v.CompareTo(new Value { X = 5 }) + " " + ((IComparable<Value>)v).CompareTo(v));
        object o = one;
        Console.WriteLine((o is IA) + " " + (o is IC) + " " + (o as IComparable == null));
        try { var bad = (IC)o; } catch (InvalidCastException) { Console.WriteLine("no IC"); }
    }
}
