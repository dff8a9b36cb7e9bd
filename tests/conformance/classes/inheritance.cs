using System;
abstract class Shape {
    protected readonly string name;
    protected Shape(string name) { this.name = name; Console.WriteLine("Shape(" + name + ")"); }
    public abstract double Area { get; }
    public virtual string Describe() { return name + " of area " + Area.ToString("F2"); }
    public override string ToString() { return "<" + Describe() + ">"; }
}
class Circle : Shape {
    double r;
    public Circle(double r) : base("circle") { this.r = r; }
    public override double Area { get { return Math.PI * r * r; } }
}
class Rectangle : Shape {
    protected double w, h;
    public Rectangle(double w, double h) : this("rectangle", w, h) { }
    protected Rectangle(string name, double w, double h) : base(name) { this.w = w; this.h = h; }
    public override double Area { get { return w * h; } }
    public override string Describe() { return base.Describe() + " " + w + "x" + h; }
}
sealed class Square : Rectangle {
    public Square(double side) : base("square", side, side) { }
    public new string Describe() { return "hidden"; }
    public override string ToString() { return "Square" + base.ToString(); }
}
class Program {
    static void Main() {
        Shape[] shapes = { new Circle(1.5), new Rectangle(2, 3), new Square(4) };
        foreach (Shape s in shapes) {
            Console.WriteLine(s);
            Console.WriteLine(s.Describe() + " " + (s is Rectangle) + " " + (s as Square != null) + " " + s.GetType().Name + " " + s.GetType().BaseType.Name);
        }
        Console.WriteLine(((Square)shapes[2]).Describe());
        try { Circle c = (Circle)shapes[1]; } catch (InvalidCastException) { Console.WriteLine("invalid cast"); }
    }
}
