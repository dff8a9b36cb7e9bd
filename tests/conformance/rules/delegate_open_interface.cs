// Delegates on interface methods and generic virtual methods without a target look the method up for each receiver.
using System;

interface IShape { double Area(); string Scale(int by); }
class Square : IShape { public double S = 2; public double Area() { return S * S; } public virtual string Scale(int by) { S *= by; return "square " + S; } }
class Big : Square { public override string Scale(int by) { return "big " + base.Scale(by * 10); } }
struct Dot : IShape { public int N; public double Area() { return N; } public string Scale(int by) { N += by; return "dot " + N; } }
class Gen { public virtual string Of<T>(T t) { return typeof(T).Name + t; } }
class Gen2 : Gen { public override string Of<T>(T t) { return "2" + base.Of(t); } }

static class Program
{
    static void Main()
    {
        var area = (Func<IShape, double>)Delegate.CreateDelegate(typeof(Func<IShape, double>), typeof(IShape).GetMethod("Area"));
        var scale = (Func<IShape, int, string>)Delegate.CreateDelegate(typeof(Func<IShape, int, string>), typeof(IShape).GetMethod("Scale"));
        IShape dot = new Dot { N = 1 };
        foreach (var s in new IShape[] { new Square(), new Big(), dot })
            Console.WriteLine(scale(s, 3) + " " + area(s));
        Console.WriteLine(scale(dot, 1));
        try { area(null); } catch (NullReferenceException) { Console.WriteLine("null"); }
        var of = typeof(Gen).GetMethod("Of").MakeGenericMethod(typeof(int));
        var gen = (Func<Gen, int, string>)Delegate.CreateDelegate(typeof(Func<Gen, int, string>), of);
        Console.WriteLine(gen(new Gen(), 1) + " " + gen(new Gen2(), 2));
        var virt = (Func<Square, int, string>)Delegate.CreateDelegate(typeof(Func<Square, int, string>), typeof(Square).GetMethod("Scale"));
        Console.WriteLine(virt(new Big(), 2));
        var closed = (Func<int, string>)Delegate.CreateDelegate(typeof(Func<int, string>), new Big(), typeof(IShape).GetMethod("Scale"));
        Console.WriteLine(closed(1));
    }
}
