using System;
using System.Collections.Generic;
class Temperature {
    double celsius;
    public double Celsius { get { return celsius; } set { if (value < -273.15) throw new ArgumentOutOfRangeException("value"); celsius = value; } }
    public double Fahrenheit { get { return celsius * 9 / 5 + 32; } set { Celsius = (value - 32) * 5 / 9; } }
    public bool Freezing => celsius <= 0;
    public static int Count { get; private set; }
    public Temperature() { Count++; }
    public string Label { get; protected internal set; } = "none";
}
class Grid {
    readonly Dictionary<(int, int), string> cells = new Dictionary<(int, int), string>();
    public string this[int x, int y] { get { string s; return cells.TryGetValue((x, y), out s) ? s : "."; } set { cells[(x, y)] = value; } }
    public string this[string name] { get { var p = name.Split(','); return this[int.Parse(p[0]), int.Parse(p[1])]; } }
    public int this[double d] => (int)(d * 10);
}
abstract class Shape { public abstract int Sides { get; } public virtual string Name { get { return "shape"; } set { Console.WriteLine("ignored " + value); } } }
class Square : Shape { public override int Sides => 4; public override string Name { get { return "square/" + base.Name; } } }
class Program {
    static void Main() {
        var t = new Temperature { Celsius = 100 };
        Console.WriteLine(t.Fahrenheit + " " + t.Freezing + " " + t.Label);
        t.Fahrenheit = 32; t.Celsius -= 5; t.Label += "!";
        Console.WriteLine(t.Celsius + " " + t.Freezing + " " + Temperature.Count + t.Label);
        try { t.Celsius = -300; } catch (ArgumentOutOfRangeException e) { Console.WriteLine(e.ParamName); }
        var g = new Grid(); g[1, 2] = "X"; g[1, 2] += "Y";
        Console.WriteLine(g[1, 2] + g[0, 0] + g["1,2"] + g[2.5]);
        Shape s = new Square(); s.Name = "new";
        Console.WriteLine(s.Sides + s.Name);
    }
}
