// Dependencies: shapes.lib.cs
using System;
using Shapes;
class Triangle : Shape { public override double Area() { return 0.5; } protected override string Kind { get { return "tri" + base.Kind; } } }
class Program { static void Main() { foreach (Shape s in new Shape[] { new Square(3), new Triangle() }) Console.WriteLine(s + " " + s.Area()); Console.WriteLine(Registry<int>.Add(1) + Registry<int>.Add(2) + Registry<string>.Add("x") + " " + typeof(Shape).Assembly.GetName().Name + " " + new Square(2).GetType().Assembly.GetName().Name); IShape i = new Square(5); Console.WriteLine(i.Area() + " " + (i is Shape) + " " + Shape.Created); Point p = new Point { X = 1, Y = 2 }; p = p.Moved(3); Console.WriteLine(p.X + "," + p.Y + " " + Kinds.Second + (int)Kinds.Second); Shape.OnCreate += s => Console.Write("<" + s.GetType().Name + "> "); new Triangle(); Console.WriteLine(); try { Shape.Fail(); } catch (ShapeException e) { Console.WriteLine(e.Message + e.Code); } } }
