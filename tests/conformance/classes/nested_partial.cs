using System;
using System.Collections.Generic;
partial class Outer { int secret = 7; partial void Hook(string s); public void Run() { Hook("ran"); Unhooked(); } partial void Unhooked(); }
partial class Outer {
    partial void Hook(string s) { Console.WriteLine("hook " + s + secret); }
    public class Inner { readonly Outer o; public Inner(Outer o) { this.o = o; } public int Peek() { return o.secret++; } public class Deep { public const string Name = "deep"; public enum Kind { A, B } } }
    struct Hidden { public int X; } static Hidden hidden = new Hidden { X = 3 };
    public static int FromHidden { get { return hidden.X; } }
}
class Generic<T> { public class Nested { public T Value; } public class Other<U> { public string Describe() { return typeof(T).Name + "," + typeof(U).Name; } } public struct Iter { public int N; } }
static class Constants { public const int A = 5, B = A * 2 + 1; public const string S = "con" + "cat"; public const double D = 1e3 / 3; public const char C = 'x'; public const long L = 1L << 40; public const decimal M = 1.5m; public static readonly DateTime Start = new DateTime(2000, 1, 1); public const object Null = null; public const DayOfWeek Day = DayOfWeek.Sunday; }
namespace Deep.Name.Space { class Thing { public override string ToString() { return GetType().FullName + "|" + GetType().Namespace; } } namespace More { class Thing : Space.Thing { } } }
class Program {
    static void Main() {
        var o = new Outer(); o.Run();
        var i = new Outer.Inner(o); Console.WriteLine(i.Peek() + " " + i.Peek() + " " + Outer.Inner.Deep.Name + Outer.Inner.Deep.Kind.B + Outer.FromHidden);
        Console.WriteLine(new Generic<int>.Nested { Value = 4 }.Value + new Generic<string>.Other<long>().Describe() + new Generic<int>.Iter().N);
        Console.WriteLine(typeof(Outer.Inner.Deep.Kind) + " " + typeof(Generic<int>.Other<string>) + " " + typeof(Generic<>.Nested).Name);
        Console.WriteLine(Constants.B + Constants.S + Constants.D.ToString("F3") + Constants.C + Constants.L + Constants.M + Constants.Start.Year + (Constants.Null == null) + Constants.Day);
        Console.WriteLine(new Deep.Name.Space.Thing() + " " + new Deep.Name.Space.More.Thing());
    }
}
