using System;
using System.Collections.Generic;
namespace Shapes {
    public interface IShape { double Area(); }
    public abstract class Shape : IShape { public static int Created; public static event Action<Shape> OnCreate; protected Shape() { Created++; if (OnCreate != null) OnCreate(this); } public abstract double Area(); protected virtual string Kind { get { return "shape"; } } public override string ToString() { return Kind; } public static void Fail() { throw new ShapeException("failed ", 42); } }
    public class Square : Shape { double s; public Square(double s) { this.s = s; } public override double Area() { return s * s; } }
    public class ShapeException : Exception { public int Code; public ShapeException(string m, int c) : base(m) { Code = c; } }
    public static class Registry<T> { static readonly List<T> items = new List<T>(); public static int Add(T t) { items.Add(t); return items.Count; } }
    public struct Point { public int X, Y; public Point Moved(int d) { return new Point { X = X + d, Y = Y + d }; } }
    public enum Kinds { First = 1, Second = 5 }
}
