using System;
using System.Linq;
using System.Text.RegularExpressions;
class Program {
    static void Main() {
        Console.WriteLine(Regex.IsMatch("2024-02-29", @"^\d{4}-\d\d-\d\d$") + " " + Regex.IsMatch("x", "[^x]"));
        Match m = Regex.Match("key = value; other=2", @"(?<k>\w+)\s*=\s*(\w+)"); Console.WriteLine(m.Value + "|" + m.Groups["k"] + "|" + m.Groups[1] + "|" + m.Index + "|" + m.NextMatch().Groups["k"]);
        Console.WriteLine(string.Join(",", Regex.Matches("a1b22c333", @"\d+").Cast<Match>().Select(x => x.Value + "@" + x.Index)));
        Console.WriteLine(Regex.Replace("John Smith", @"(\w+) (\w+)", "$2, $1") + " " + Regex.Replace("abc", ".", x => ((int)x.Value[0]).ToString()) + " " + Regex.Replace("a  b   c", @"\s+", " "));
        Console.WriteLine(string.Join("|", Regex.Split("one, two;three", @"[,;]\s*")) + " " + Regex.Escape("a.b*c") + " " + new Regex("A+", RegexOptions.IgnoreCase).Match("baaaA").Length);
        foreach (string p in new[] { "a*?b", "(a|ab)(c|bcd)(d*)", @"\bfoo\b", "(?i)FOO", "x{2,3}", @"(\w)\1", "(?=f)foo(?!d)", "^$", "[a-c-[b]]+", @"\p{Lu}" }) { var r = Regex.Match("aab abcd foo xxxx Foo", p); Console.Write(r.Success ? r.Value + "@" + r.Index + " " : "- "); } Console.WriteLine(); try { new Regex("("); } catch (ArgumentException) { Console.WriteLine("bad pattern"); }
    }
}
