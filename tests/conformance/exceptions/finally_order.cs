using System;
class Program {
    static int n; static int Step(string s) { Console.Write(s + " "); return ++n; }
    static int ReturnInTry() { try { return Step("try"); } finally { Step("finally"); } }
    static int Nested() { try { try { try { return Step("a"); } finally { Step("b"); } } finally { Step("c"); } } finally { Step("d"); } }
    static int Modified() { int x = 1; try { return x; } finally { x = 2; Step("x"); } }
    static string Loop() { string r = ""; for (int i = 0; i < 5; i++) { try { if (i == 1) continue; if (i == 3) break; r += i; } catch { r += "c"; } finally { r += "f" + i; } } return r; }
    static string Goto() { string r = ""; int i = 0; again: try { i++; r += "t" + i; if (i < 3) goto again; if (i == 3) goto done; } finally { r += "f"; } done: return r; }
    static void Throwing() { try { try { throw new Exception("1"); } catch (Exception e) { Step("c" + e.Message); throw new Exception("2"); } finally { Step("f1"); } } catch (Exception e) { Step("c" + e.Message); try { throw; } catch (Exception e2) { Step(ReferenceEquals(e, e2) ? "same" : "other"); } } finally { Step("f2"); } }
    static int Swallow() { try { try { throw new Exception("lost"); } finally { Step("f"); } } catch { return -1; } }
    static void Replace() { try { throw new Exception("old"); } finally { try { throw new FormatException("handled in finally"); } catch (FormatException) { Step("h"); } } }
    static bool Leave(int k) { for (int i = 0; ; i++) try { for (int j = 0; ; j++) try { if (i * j == k) return true; if (j > k) break; } finally { n += j; } } finally { n += 1000 * i; } }
    static void Main() { Console.WriteLine(ReturnInTry()); Console.WriteLine(Nested()); Console.WriteLine(Modified()); Console.WriteLine(Loop()); Console.WriteLine(Goto()); Throwing(); Console.WriteLine(); Console.WriteLine(Swallow()); try { Replace(); } catch (Exception e) { Console.WriteLine(e.Message); } n = 0; Console.WriteLine(Leave(6) + " " + n); try { using (new D("outer")) using (new D("inner")) throw new Exception("u"); } catch (Exception e) { Console.WriteLine(e.Message); } using (D none = null) { Console.WriteLine("null using"); } try { try { throw new Exception("first"); } finally { throw new Exception("second"); } } catch (Exception e) { Console.WriteLine(e.Message + (e.InnerException == null)); } lock ("l") { try { Step("locked"); } finally { Step("unlocked"); } } Console.WriteLine(); try { Console.WriteLine(Checked(int.MaxValue)); } catch (OverflowException) { Console.WriteLine("overflow " + n); } }
    static int Checked(int x) { try { return checked(x + 1); } finally { n = -1; } } class D : IDisposable { string s; public D(string s) { this.s = s; } public void Dispose() { Console.Write("dispose " + s + " "); } }
}
