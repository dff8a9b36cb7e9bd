using System;
using System.Collections.Generic;
class Program {
    static void Main() {
        var list = new List<int> { 5, 3, 8 };
        list.Add(1); list.AddRange(new[] { 9, 2 }); list.Insert(2, 100); list.Remove(8); list.RemoveAt(0);
        Console.WriteLine(string.Join(",", list) + " " + list.Count);
        list.Sort();
        Console.WriteLine(string.Join(",", list) + " " + list.BinarySearch(9) + " " + list.BinarySearch(4));
        list.Reverse();
        Console.WriteLine(string.Join(",", list) + " " + list.IndexOf(3) + " " + list.Contains(7));
        list.Sort((a, b) => (a % 3).CompareTo(b % 3) * 1000 + a.CompareTo(b));
        Console.WriteLine(string.Join(",", list));
        Console.WriteLine(list.Find(x => x > 2) + " " + list.FindIndex(x => x == 100) + " " + list.Exists(x => x < 0) + " " + list.TrueForAll(x => x > 0) + " " + string.Join(",", list.FindAll(x => x % 2 == 0)));
        Console.WriteLine(list.RemoveAll(x => x > 5) + " " + string.Join(",", list.ConvertAll(x => "n" + x)));
        try { list[10] = 1; } catch (ArgumentOutOfRangeException e) { Console.WriteLine(e.ParamName); }
        try { foreach (int x in list) list.Add(x); } catch (InvalidOperationException) { Console.WriteLine("modified"); }
        var strings = new List<string>(100) { "b", null, "a" };
        strings.Sort();
        Console.WriteLine(strings.Capacity + " " + (strings[0] == null) + strings[1] + strings[2]);
        list.Clear();
        Console.WriteLine(list.Count);
        var range = new List<int>();
        for (int i = 0; i < 1000; i++) range.Add(i);
        range.RemoveRange(100, 800);
        Console.WriteLine(range.Count + " " + range[150] + " " + range.GetRange(98, 4)[2]);
        int[] array = range.ToArray();
        Console.WriteLine(array.Length + " " + array[199]);
        IList<int> view = range.AsReadOnly();
        try { view.Add(1); } catch (NotSupportedException) { Console.WriteLine("read only"); }
    }
}
