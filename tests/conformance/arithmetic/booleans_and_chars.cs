using System;
class Program {
    static bool Say(bool b, string s) { Console.Write(s); return b; }
    static void Main() {
        foreach (bool a in new[] { false, true })
            foreach (bool b in new[] { false, true })
                Console.WriteLine(a + " " + b + " " + (a & b) + (a | b) + (a ^ b) + (!a) + (a == b) + (a != b) + (a && b) + (a || b) + (a ? b : !b));
        Console.WriteLine(Say(false, "1") && Say(true, "2") || Say(true, "3") && !Say(false, "4"));
        Console.WriteLine(Say(true, "a") | Say(true, "b") & Say(false, "c"));
        for (char c = '\0'; c < 128; c++)
            if (char.IsLetterOrDigit(c) != (char.IsLetter(c) || char.IsDigit(c)) || char.IsPunctuation(c) && char.IsSymbol(c)) Console.WriteLine("odd " + (int)c);
        foreach (char c in "aZ5 _-$é漢\t\n€ß")
            Console.WriteLine((int)c + " " + char.IsLetter(c) + char.IsDigit(c) + char.IsWhiteSpace(c) + char.IsUpper(c) + char.IsLower(c) + char.IsPunctuation(c) + char.IsSymbol(c) + char.IsControl(c) + " " + (int)char.ToUpperInvariant(c) + " " + char.GetUnicodeCategory(c));
        Console.WriteLine(char.GetNumericValue('7') + " " + (char)('a' + 3) + " " + (char.Parse("q") < 'r') + " " + 'a'.CompareTo('c') + " " + 'x'.GetHashCode() + " " + true.GetHashCode());
        Console.WriteLine(bool.Parse("TRUE") + " " + bool.TrueString + " " + true.CompareTo(false));
        bool ok; Console.WriteLine(bool.TryParse("yes", out ok) + " " + ok);
    }
}
