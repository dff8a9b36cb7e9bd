using System;
class Program {
    static void Main() {
        string s = "The quick brown fox";
        Console.WriteLine(s.Length + " " + s[4] + " " + s.Substring(4) + "|" + s.Substring(4, 5));
        Console.WriteLine(s.IndexOf('q') + " " + s.IndexOf("brown") + " " + s.IndexOf("cat") + " " + s.LastIndexOf('o') + " " + s.IndexOf('o', 13) + " " + s.IndexOfAny(new[] { 'x', 'k' }));
        Console.WriteLine(s.ToUpper() + " " + s.ToLower() + " " + s.ToUpperInvariant());
        Console.WriteLine(s.Replace("quick", "slow") + " " + s.Replace('o', '0'));
        Console.WriteLine(s.StartsWith("The") + " " + s.EndsWith("fox") + " " + s.Contains("row") + " " + s.StartsWith("the", StringComparison.OrdinalIgnoreCase));
        Console.WriteLine(s.Insert(4, "very ") + "|" + s.Remove(3) + "|" + s.Remove(3, 6));
        Console.WriteLine("  trim me ".Trim() + "|" + "  left".TrimStart() + "|" + "right  ".TrimEnd() + "|" + "xxaxx".Trim('x'));
        Console.WriteLine("ab".PadLeft(5) + "|" + "ab".PadRight(5) + "|" + "ab".PadLeft(5, '*') + "|");
        Console.WriteLine(string.Join(", ", "a,b,,c".Split(',')) + "|" + string.Join("-", "a,b,,c".Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries)));
        Console.WriteLine(string.Join("+", "one two  three".Split(null)) + " " + string.Join("+", "a::b::c".Split(new[] { "::" }, 2, StringSplitOptions.None)));
        Console.WriteLine(string.Concat("a", "b", "c", "d") + string.Concat(1, 'x', null, 2.5) + new string('z', 3) + new string(new[] { 'a', 'b', 'c' }, 1, 2));
        Console.WriteLine(string.IsNullOrEmpty("") + " " + string.IsNullOrEmpty(null) + " " + string.IsNullOrWhiteSpace(" \t") + " " + string.IsNullOrWhiteSpace("x"));
        string a = null;
        Console.WriteLine(a + "x" + a + (a == null) + ("" == string.Empty));
        char[] letters = s.ToCharArray();
        Array.Reverse(letters);
        Console.WriteLine(new string(letters));
        Console.WriteLine(string.Compare("a", "b", StringComparison.Ordinal) < 0);
        Console.WriteLine("abc".Equals("ABC") + " " + "abc".Equals("ABC", StringComparison.OrdinalIgnoreCase) + " " + ("ab" + "c" == "abc"));
        foreach (char c in "héllo€") Console.Write((int)c + " ");
        Console.WriteLine();
        Console.WriteLine("héllo€ 漢字 😀");
        Console.WriteLine("😀".Length + " " + char.IsSurrogatePair("😀", 0) + " " + char.ConvertToUtf32("😀", 0));
    }
}
