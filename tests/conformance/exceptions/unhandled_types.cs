using System;
class MyException : Exception { public MyException(string s, Exception i) : base(s, i) { } }
class Program { static void Main() { Console.WriteLine("start"); try { throw new FormatException("inner message"); } catch (FormatException e) { throw new MyException("outer message", e); } } }
