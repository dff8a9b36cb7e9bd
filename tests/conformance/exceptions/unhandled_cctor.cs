using System;
class Bad { public static int X = int.Parse("not a number"); static Bad() { } }
class Program { static void Main() { Console.WriteLine("before"); Console.WriteLine(Bad.X); } }
