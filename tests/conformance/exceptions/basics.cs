using System;
class Custom : Exception {
    public int Code;
    public Custom(string message, int code, Exception inner = null) : base(message, inner) { Code = code; }
}
class Program {
    static int Try(int n) {
        try {
            Console.Write("try ");
            if (n == 1) throw new InvalidOperationException("one");
            if (n == 2) throw new Custom("two", 22);
            if (n == 3) return 3;
            if (n == 4) throw new Custom("four", 44, new FormatException("inner"));
        } catch (InvalidOperationException e) {
            Console.Write("IOE(" + e.Message + ") ");
            return -1;
        } catch (Custom e) when (e.Code == 22) {
            Console.Write("filtered " + e.Code + " ");
        } catch (Exception e) {
            Console.Write(e.GetType() + "/" + e.InnerException.Message + " ");
        } finally {
            Console.Write("finally ");
        }
        return 0;
    }
    static void Main() {
        for (int i = 0; i < 5; i++) Console.WriteLine(Try(i));
        try {
            try { throw new Custom("first", 1); }
            catch (Custom e) { Console.Write("rethrow "); throw; }
            finally { Console.Write("inner finally "); }
        } catch (Custom e) { Console.WriteLine("outer " + e.Message); }
        try {
            try { throw new Custom("first", 1); }
            finally { throw new Custom("second", 2); }
        } catch (Custom e) { Console.WriteLine(e.Message); }
        int x = 0;
        while (true) {
            try { x++; if (x < 3) continue; break; }
            finally { Console.Write("f" + x + " "); }
        }
        Console.WriteLine();
        try { throw null; } catch (NullReferenceException) { Console.WriteLine("throw null"); }
    }
}
