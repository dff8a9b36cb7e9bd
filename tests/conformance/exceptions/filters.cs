using System;
class Program {
    static bool Log(string s, bool r) { Console.Write("<" + s + ">"); return r; }
    static void Inner(int n) { try { Console.Write("in "); if (n > 0) throw new ArgumentException("arg" + n); } finally { Console.Write("inner-finally "); } }
    static int depth; static bool Depth() { Console.Write("depth" + depth + " "); return false; } static void Deep(int n) { depth = n; try { if (n == 0) throw new Exception("deep"); Deep(n - 1); } catch (Exception) when (Depth()) { Console.Write("never"); } finally { depth--; } }
    static void Main() {
        for (int i = 0; i < 4; i++) {
            try { Inner(i); Console.Write("fine "); }
            catch (ArgumentException e) when (Log("1:" + e.Message, i == 1)) { Console.Write("first "); }
            catch (ArgumentException e) when (Log("2:" + e.Message, i == 2)) { Console.Write("second "); }
            catch (Exception e) { Console.Write("last:" + e.Message + " "); }
            finally { Console.Write("outer-finally"); }
            Console.WriteLine();
        }
        try { Deep(3); } catch (Exception e) { Console.WriteLine(e.Message + " " + depth); }
        int local = 5; try { throw new InvalidOperationException(); } catch (InvalidOperationException) when (local++ == 5 && local == 6) { Console.WriteLine("local " + local); } string s = null; try { s.ToString(); } catch (NullReferenceException) when (s == null) { Console.WriteLine("trap with filter"); } try { try { throw new Exception("a"); } catch (Exception e) when (e.Message == "b") { Console.WriteLine("wrong"); } } catch (Exception e) when (e.Message == "a") { Console.WriteLine("right"); } try { try { throw new FormatException("f"); } catch (FormatException e) when (e.Message.Length == 1) { throw new Exception("wrapped", e); } } catch (Exception e) when (e.InnerException is FormatException && e.InnerException.Message == "f") { Console.WriteLine("wrapped " + e.InnerException.Message); }
    }
}
