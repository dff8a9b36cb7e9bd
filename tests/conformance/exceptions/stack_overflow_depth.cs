using System;
class Program {
    static int Deep(int n) { return n == 0 ? 0 : 1 + Deep(n - 1); }
    static int Thrower(int n) { if (n == 0) throw new Exception("from the deep"); return Thrower(n - 1) + 1; }
    static int Finally(int n, ref int count) { if (n == 0) throw new Exception("f"); try { return Finally(n - 1, ref count) + 1; } finally { count++; } }
    static void Main() { Console.WriteLine(Deep(10000)); try { Thrower(3000); } catch (Exception e) { Console.WriteLine(e.Message); } int c = 0; try { Finally(1000, ref c); } catch (Exception e) { Console.WriteLine(e.Message + c); } }
}
