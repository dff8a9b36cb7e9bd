using System;
class Quiet : Exception { public override string ToString() { return "Quiet!"; } public override string StackTrace { get { return "no trace"; } } }
class Program {
    static void Main() {
        Console.WriteLine(new Exception("never thrown"));
        Console.WriteLine(new ArgumentException("text", "name", new FormatException("why")));
        Console.WriteLine(new Quiet() + " " + new Quiet().StackTrace);
        Console.WriteLine(new AggregateException(new Exception("a"), new Exception("b")).ToString().Split('\n')[0]);
        try { throw new Quiet(); } catch (Exception e) { Console.WriteLine(e); }
        Console.WriteLine(new Exception(null).Message);
        Console.WriteLine(new Exception("").Message.Length);
        Console.WriteLine(new Exception("m", new Exception("n", new Exception("o"))).GetBaseException().Message);
    }
}
