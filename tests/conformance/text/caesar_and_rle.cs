using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
class Program {
    static string Caesar(string s, int k) { return new string(s.Select(c => char.IsUpper(c) ? (char)('A' + (c - 'A' + k + 26) % 26) : char.IsLower(c) ? (char)('a' + (c - 'a' + k + 26) % 26) : c).ToArray()); }
    static string Rle(string s) { var b = new StringBuilder(); for (int i = 0; i < s.Length;) { int j = i; while (j < s.Length && s[j] == s[i]) j++; if (j - i > 1) b.Append(j - i); b.Append(s[i]); i = j; } return b.ToString(); }
    static string Unrle(string s) { var b = new StringBuilder(); int n = 0; foreach (char c in s) if (char.IsDigit(c)) n = n * 10 + c - '0'; else { b.Append(c, Math.Max(n, 1)); n = 0; } return b.ToString(); }
    static int Levenshtein(string a, string b) { var d = new int[a.Length + 1, b.Length + 1]; for (int i = 0; i <= a.Length; i++) d[i, 0] = i; for (int j = 0; j <= b.Length; j++) d[0, j] = j; for (int i = 1; i <= a.Length; i++) for (int j = 1; j <= b.Length; j++) d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)); return d[a.Length, b.Length]; }
    static string Roman(int n) { string r = ""; foreach (var p in new[] { (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I") }) while (n >= p.Item1) { r += p.Item2; n -= p.Item1; } return r; }
    static IEnumerable<string> Anagrams(string[] w) { return w.GroupBy(x => new string(x.OrderBy(c => c).ToArray())).Where(g => g.Count() > 1).Select(g => string.Join("=", g)); }
    static void Main() { string s = "Hello, World!"; Console.WriteLine(Caesar(s, 3) + " " + Caesar(Caesar(s, 13), -13)); string r = Rle("aaabccddddde"); Console.WriteLine(r + " " + Unrle(r) + " " + Unrle(Rle(new string('x', 120)))); Console.WriteLine(Levenshtein("kitten", "sitting") + " " + Levenshtein("", "abc") + " " + Levenshtein("same", "same")); foreach (int n in new[] { 1, 4, 9, 14, 40, 90, 400, 1994, 2024, 3999 }) Console.Write(Roman(n) + " "); Console.WriteLine(); Console.WriteLine(string.Join(" ", Anagrams("listen silent enlist google elbow below cat act".Split(' ')))); string p = "A man, a plan, a canal: Panama"; string letters = new string(p.Where(char.IsLetter).Select(char.ToLowerInvariant).ToArray()); Console.WriteLine(letters.SequenceEqual(letters.Reverse())); }
}
