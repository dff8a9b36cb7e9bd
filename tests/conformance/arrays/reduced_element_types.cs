// Vectors whose elements differ in sign only, or are enumerations of such, seen through each other's interfaces.
using System;
using System.Collections.Generic;
using System.Linq;

enum Colour : byte { Red, Green = 200 }

class Program
{
    static void Show<T>(object array)
    {
        var list = array as IList<T>;
        if (list == null) { Console.WriteLine("no list of " + typeof(T)); return; }
        foreach (T item in list) Console.Write(item + " ");
        Console.WriteLine(list.Count + " " + list[1] + " " + list.IndexOf(list[1]) + " " + list.Contains(list[0]));
        Console.WriteLine(string.Join(",", list.Select(c => c.ToString()).ToArray()));
        list[0] = list[1];
        Console.WriteLine(((IEnumerable<T>)array).First());
    }

    static void Main()
    {
        Show<uint>(new int[] { -1, 2, 3 });
        Show<int>(new uint[] { 4000000000, 2 });
        Show<sbyte>(new byte[] { 255, 7 });
        Show<byte>(new Colour[] { Colour.Green, Colour.Red });
        Show<Colour>(new byte[] { 200, 0 });
        Show<long>(new ulong[] { ulong.MaxValue, 1 });
        Show<long>(new int[] { 1, 2 });
        Show<object>(new int[] { 1, 2 });
        Show<object>(new string[] { "a", "b" });
        Show<IEnumerable<char>>(new string[] { "c", "d" });
    }
}
