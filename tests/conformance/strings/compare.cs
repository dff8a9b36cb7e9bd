using System;
using System.Globalization;
class Program {
    static int S(int i) { return Math.Sign(i); }
    static void Main() {
        string[] words = { "", "a", "A", "b", "ab", "aB", "abc", "Z", "z", "10", "9", "_", "a b" };
        foreach (string x in words) {
            foreach (string y in words)
                Console.Write(S(string.CompareOrdinal(x, y)) + "" + S(string.Compare(x, y, StringComparison.OrdinalIgnoreCase)) + (x == y ? "=" : "!") + (x.Equals(y, StringComparison.OrdinalIgnoreCase) ? "=" : "!") + " ");
            Console.WriteLine();
        }
        string[] sorted = (string[])words.Clone();
        Array.Sort(sorted, StringComparer.Ordinal);
        Console.WriteLine(string.Join("|", sorted));
        Console.WriteLine(S(string.CompareOrdinal("abcdef", 2, "xcd", 1, 2)) + " " + S(string.CompareOrdinal(null, "a")) + " " + string.Compare(null, null) + " " + string.Equals(null, null) + " " + string.Equals("a", null));
        Console.WriteLine("hello".StartsWith("") + " " + "hello".EndsWith("lo", StringComparison.Ordinal) + " " + "hello".IndexOf("L", StringComparison.OrdinalIgnoreCase) + " " + "hello".LastIndexOf("l", StringComparison.Ordinal) + " " + "hello".IndexOf("") + " " + "hello".LastIndexOf('z'));
        Console.WriteLine(ReferenceEquals("lit" + "eral", "literal") + " " + ReferenceEquals(string.Intern(new string(new[] { 'x', 'y' })), "xy") + " " + (string.IsInterned(new string('q', 7)) == null));
        object o1 = "same", o2 = new string("same".ToCharArray());
        Console.WriteLine((o1 == o2) + " " + o1.Equals(o2) + " " + (o1.GetHashCode() == o2.GetHashCode()) + " " + ((string)o1 == (string)o2));
    }
}
