using System;
using System.Collections;
using System.Collections.Generic;
class Person : IComparable<Person> { public string Name; public int Age; public int CompareTo(Person o) { return Age.CompareTo(o.Age); } public override string ToString() { return Name + Age; } }
class ByName : IComparer<Person> { public int Compare(Person a, Person b) { return string.CompareOrdinal(a.Name, b.Name); } }
class Descending : IComparer { public int Compare(object a, object b) { return ((IComparable)b).CompareTo(a); } }
class Program {
    static void Main() {
        int[] a = new int[1000]; uint s = 12345;
        for (int i = 0; i < a.Length; i++) { s = s * 1103515245 + 12345; a[i] = (int)(s >> 8) % 500; }
        int[] b = (int[])a.Clone();
        Array.Sort(a);
        bool ok = true; for (int i = 1; i < a.Length; i++) ok &= a[i - 1] <= a[i];
        Console.WriteLine(ok + " " + a[0] + " " + a[500] + " " + a[999] + " " + a[Array.BinarySearch(a, a[300])].Equals(a[300]) + " " + Array.BinarySearch(a, 100000) + " " + (Array.BinarySearch(a, -1) == ~0));
        Array.Sort(b, (x, y) => y.CompareTo(x));
        Console.WriteLine(b[0] + " " + b[999]);
        double[] d = { 2.5, double.NaN, -1, double.PositiveInfinity, 0, double.NegativeInfinity };
        Array.Sort(d); Console.WriteLine(string.Join(" ", d));
        var p = new[] { new Person { Name = "bo", Age = 30 }, new Person { Name = "al", Age = 50 }, new Person { Name = "cy", Age = 20 } };
        Array.Sort(p); Console.WriteLine(string.Join<Person>(" ", p));
        Array.Sort(p, new ByName()); Console.WriteLine(string.Join<Person>(" ", p));
        string[] keys = { "c", "a", "b" }; int[] items = { 3, 1, 2 };
        Array.Sort(keys, items, StringComparer.Ordinal); Console.WriteLine(string.Join("", keys) + string.Join("", items));
        object[] o = { 3, 1, 2 }; Array.Sort(o, new Descending()); Console.WriteLine(string.Join("", o));
        int[] part = { 9, 8, 7, 6, 5, 4 }; Array.Sort(part, 1, 4); Console.WriteLine(string.Join("", part));
        Array.Reverse(part, 2, 3); Console.WriteLine(string.Join("", part));
        try { Array.Sort(new object[] { 1, "a" }); } catch (InvalidOperationException e) { Console.WriteLine(e.InnerException.GetType().Name); }
        Console.WriteLine(Array.IndexOf(part, 5) + " " + Array.LastIndexOf(new[] { 1, 2, 1 }, 1) + " " + Array.Find(part, x => x < 6) + " " + Array.FindIndex(part, x => x == 4) + " " + Array.Exists(part, x => x == 0) + " " + string.Join(",", Array.FindAll(part, x => x % 2 == 0)) + " " + string.Join(",", Array.ConvertAll(part, x => x * 0.5)) + " " + Array.TrueForAll(part, x => x > 0) + " " + Array.FindLast(part, x => x > 5));
    }
}
