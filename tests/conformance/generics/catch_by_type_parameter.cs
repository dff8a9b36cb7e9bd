// A clause that catches a type made of a type parameter, in code that uses the parameter for nothing else.
using System;
class A { }
class B { }
class GenExc<T> : Exception { }
class NonGen { public static void Throw() { throw new GenExc<A>(); } }
class Gen<T> {
  static Gen() { arr = new T[3]; }
  public static T[] arr;
  public void Inst() { try { NonGen.Throw(); } catch (GenExc<T>) { } }
}
class P {
 static void Work<T>() { var g = new Gen<T>(); 
   try { g.Inst(); Console.WriteLine("ok"); } catch (Exception e) { Console.WriteLine("escaped " + e.GetType()); } }
 static void Work2<T>() { var g = new Gen<T>(); g.Inst(); Console.WriteLine("ok"); }
 static void Main() {
  for (int i = 0; i < 3; i++) {
  Work<A>(); Work<B>(); Work2<A>();
  }
 } }
