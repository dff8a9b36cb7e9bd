using System;
using System.Text;
class Program {
    static void Main() {
        var b = new StringBuilder();
        for (int i = 0; i < 20000; i++) { b.Append((char)('a' + i % 26)); if (i % 100 == 99) b.Append('\n'); }
        string s = b.ToString();
        int hash = 17; foreach (char c in s) hash = unchecked(hash * 31 + c);
        Console.WriteLine(s.Length + " " + hash);
        for (int i = 0; i < 500; i++) b.Insert(i * 7, "<" + i + ">");
        for (int i = 0; i < 300; i++) b.Remove(i * 11, 3);
        b.Replace("abc", "[ABC]").Replace('z', 'Z', 100, 5000);
        s = b.ToString(); hash = 17; foreach (char c in s) hash = unchecked(hash * 31 + c);
        Console.WriteLine(s.Length + " " + hash + " " + s.Substring(1000, 60).Replace("\n", "/"));
        string t = ""; for (int i = 0; i < 1000; i++) t += i; Console.WriteLine(t.Length + " " + t.Substring(t.Length - 10));
        string x = new string('x', 100000); Console.WriteLine(x.Length + " " + x.IndexOf('y') + " " + (x + "y").IndexOf('y') + " " + x.Replace("xx", "y").Length + " " + x.ToUpperInvariant().GetHashCode().Equals(new string('X', 100000).GetHashCode()));
    }
}
