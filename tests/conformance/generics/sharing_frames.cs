using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;

// What frames of shared code say about themselves.
class Box<T> {
    public T Value;
    [MethodImpl(MethodImplOptions.NoInlining)] public void Fail(T t) { throw new InvalidOperationException(typeof(T).Name); }
    [MethodImpl(MethodImplOptions.NoInlining)] public static void FailStatic() { var a = new T[1]; a[2] = default(T); }
    [MethodImpl(MethodImplOptions.NoInlining)] public void Deep<U>(U u, int n) { if (n == 0) Fail(Value); else new Box<U[]>().Deep(Value, n - 1); }
    [MethodImpl(MethodImplOptions.NoInlining)] public string Here() { return new StackFrame(0).GetMethod().DeclaringType + "|" + MethodBase.GetCurrentMethod().DeclaringType; }
    [MethodImpl(MethodImplOptions.NoInlining)] public static string There<U>() { return new StackFrame(0).GetMethod() + " of " + new StackFrame(0).GetMethod().DeclaringType + " is " + MethodBase.GetCurrentMethod(); }
    [MethodImpl(MethodImplOptions.NoInlining)] public static void NullAccess(Box<T> b) { b.Value.ToString(); }
}
class Catcher<E> where E : Exception {
    public static string Run(Action a) { try { a(); return "nothing"; } catch (E e) { return typeof(E).Name + " got " + e.GetType().Name; } finally { Program.Note(typeof(E).Name); } }
    public string Nested<F>(Action a) where F : Exception { try { try { a(); } catch (F f) { return "F=" + typeof(F).Name + " " + f.GetType().Name; } } catch (E) { return "E=" + typeof(E).Name; } return "none"; }
    public static string Rethrown(Action a) { try { try { a(); } catch (E) { throw; } } catch (Exception e) { return typeof(E).Name + ":" + e.GetType().Name; } return "none"; }
}
static class Program {
    static List<string> notes = new List<string>();
    public static void Note(string s) { notes.Add(s); }
    static void Trace(Action a) {
        try { a(); } catch (Exception e) {
            Console.WriteLine(e.GetType().Name + " " + (e is InvalidOperationException ? e.Message : ""));
            foreach (var f in new StackTrace(e).GetFrames()) { var m = f.GetMethod(); if (m == null) continue; if (m.DeclaringType == typeof(Program) || m.DeclaringType.DeclaringType == typeof(Program)) break; Console.WriteLine("  " + (m.DeclaringType.IsGenericType ? m.DeclaringType.GetGenericTypeDefinition() : m.DeclaringType) + " " + m.Name); }
            foreach (var line in e.StackTrace.Split('\n')) { if (line.Contains("(wrapper")) continue; if (line.Contains("Program")) break; Console.WriteLine(line.Substring(0, line.IndexOf(" [") < 0 ? line.Length : line.IndexOf(" [0x"))); }
        }
    }
    static void Main() {
        Console.WriteLine(new Box<string>().Here() + " " + new Box<object>().Here() + " " + Box<string>.There<Version>() + " " + Box<int>.There<object>() + " " + Box<object>.There<int>());
        Trace(() => new Box<string>().Fail(null)); Trace(() => new Box<object>().Fail(null)); Trace(() => Box<string>.FailStatic()); Trace(() => Box<Version>.FailStatic()); Trace(() => Box<int>.FailStatic());
        Trace(() => new Box<string>().Deep(new object(), 3)); Trace(() => new Box<int>().Deep("x", 2)); Trace(() => Box<string>.NullAccess(null)); Trace(() => Box<object>.NullAccess(new Box<object>()));
        Action arg = () => { throw new ArgumentNullException(); }; Action io = () => { throw new System.IO.FileNotFoundException(); };
        Console.WriteLine(Catcher<ArgumentException>.Run(arg) + ", " + Catcher<ArgumentNullException>.Run(arg) + ", " + Catcher<System.IO.IOException>.Run(io));
        try { Catcher<FormatException>.Run(io); } catch (System.IO.IOException e) { Console.WriteLine("through " + e.GetType().Name); }
        Console.WriteLine(new Catcher<Exception>().Nested<ArgumentException>(arg) + " " + new Catcher<Exception>().Nested<FormatException>(arg) + " " + new Catcher<ArgumentException>().Nested<System.IO.IOException>(io) + " " + new Catcher<ArgumentException>().Nested<System.IO.IOException>(arg));
        Console.WriteLine(Catcher<ArgumentException>.Rethrown(arg) + " " + Catcher<ArgumentException>.Rethrown(io) + " " + string.Join(",", notes));
    }
}
