// Calls and casts whose object was made in the same method: the compiler knows its class.
using System;
using System.Collections.Generic;

interface IShape { string Name(); }
interface INamed { string Name(); }
interface IOut<out T> { T Get(); }

class Base : IShape {
    public virtual string Name() { return "Base"; }
    public virtual string Hidden() { return "Base.Hidden"; }
    public virtual string Generic<T>() { return "Base<" + typeof(T).Name + ">"; }
    public override string ToString() { return "{" + Name() + "}"; }
}

class Middle : Base, INamed {
    public override string Name() { return "Middle"; }
    public new virtual string Hidden() { return "Middle.Hidden"; }
    string INamed.Name() { return "INamed of Middle"; }
}

class Leaf : Middle, IShape {
    public override string Name() { return "Leaf"; }
    string IShape.Name() { return "IShape of Leaf"; }
    public override string Hidden() { return "Leaf.Hidden"; }
    public override string Generic<T>() { return "Leaf<" + typeof(T).Name + ">"; }
}

class Strings : IOut<string> { public string Get() { return "covariant"; } }

class Box<T> : IOut<T> {
    T value;
    public Box(T v) { value = v; }
    public virtual T Get() { return value; }
    public bool IsBoxOfStrings() { object o = new Box<T>(value); return o is Box<string>; }
}

struct Point : IShape { public int X; public string Name() { X++; return "Point " + X; } }

class Failing : Base { public Failing() { throw new InvalidOperationException("constructor"); } }

class Program {
    static Base made;

    static Base Pick(int n) {
        // The class is not known behind the join.
        Base b = new Base();
        if (n == 1) b = new Middle();
        if (n == 2) b = new Leaf();
        return b;
    }

    static string Joined(int n) {
        Base b = new Base();
        if (n == 1) b = new Middle();
        return b.Name() + " " + ((IShape)b).Name();
    }

    static void Main() {
        Console.WriteLine(new Base().Name());
        Base b = new Leaf();
        Console.WriteLine(b.Name() + ", " + b.Hidden() + ", " + ((Middle)b).Hidden() + ", " + b);
        Console.WriteLine(((IShape)b).Name() + ", " + ((INamed)b).Name() + ", " + b.Generic<int>() + ", " + b.Generic<string>());
        IShape s = new Middle();
        Console.WriteLine(s.Name() + ", " + ((INamed)s).Name());
        Console.WriteLine(Joined(0) + ", " + Joined(1) + ", " + Pick(0) + Pick(1) + Pick(2));

        object o = new Middle();
        Console.WriteLine((o is Base) + " " + (o is Leaf) + " " + (o is IShape) + " " + (o is INamed) + " " + (o is string) + " " + (o is IComparable));
        Console.WriteLine((o as Leaf) == null ? "no leaf" : "leaf");
        try { Console.WriteLine((Leaf)o); } catch (InvalidCastException) { Console.WriteLine("invalid cast"); }
        try { Console.WriteLine((IOut<object>)o); } catch (InvalidCastException) { Console.WriteLine("invalid cast"); }

        IOut<object> covariant = new Strings();
        Console.WriteLine(covariant.Get());
        object strings = new Strings(), ints = new Box<int>(7), texts = new Box<string>("text");
        Console.WriteLine((strings is IOut<object>) + " " + (strings is IOut<IComparable>) + " " + (ints is IOut<object>) + " " + (texts is IOut<object>) + " " + (ints is Box<int>) + " " + (ints is Box<uint>));
        Console.WriteLine(((IOut<int>)ints).Get() + " " + ((IOut<object>)texts).Get());
        Console.WriteLine(new Box<int>(1).IsBoxOfStrings() + " " + new Box<string>("a").IsBoxOfStrings() + " " + new Box<object>("a").IsBoxOfStrings());

        IShape boxed = new Point();
        Console.WriteLine(boxed.Name() + ", " + boxed.Name() + ", " + (boxed is Point) + ", " + (boxed is ValueType));
        object number = 5;
        Console.WriteLine(number.ToString() + number.GetHashCode() + number.Equals(5) + (number is int) + (number is uint) + (number is IComparable<int>));
        object day = DayOfWeek.Friday;
        Console.WriteLine(day + " " + (day is int) + " " + (day is Enum) + " " + (day is DayOfWeek));

        try { Base f = new Failing(); Console.WriteLine(f.Name()); } catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
        IEnumerable<int> list = new List<int> { 1, 2, 3 };
        int sum = 0;
        foreach (int i in list) sum += i;
        IDictionary<string, int> map = new Dictionary<string, int>();
        map["a"] = sum;
        Console.WriteLine(sum + " " + map["a"] + " " + map.ContainsKey("b") + " " + (list is ICollection<int>) + " " + (list is ICollection<string>));
        Exception error = new ArgumentNullException("name");
        Console.WriteLine((error is ArgumentException) + " " + (error is SystemException) + " " + (error.Message.Length > 0));
        made = new Leaf();
        Console.WriteLine(made.Name());
        Action<object> contra = x => Console.WriteLine("contra " + x);
        object action = contra;
        Console.WriteLine((action is Action<string>) + " " + (action is Action<int>));
        ((Action<string>)action)("variant");
        int calls = 0;
        for (int i = 0; i < 10; i++) { Base each = i % 2 == 0 ? (Base)new Middle() : new Leaf(); calls += each.Name().Length; }
        Console.WriteLine(calls);
    }
}
