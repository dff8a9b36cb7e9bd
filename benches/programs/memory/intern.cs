// Strings made at run time, cut, joined and interned: some texts are new, most are known.
using System;

static class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]);
        uint random = 5;
        int same = 0;
        long length = 0;
        string last = "";
        for (int i = 0; i < rounds; i++) {
            random = random * 1664525 + 1013904223;
            string text = "symbol" + (random >> 14) % 30000;
            string known = string.Intern(text);
            if ((object)known == (object)last) same++;
            last = known;
            length += text.Length + known.Substring(3).Length;
            if (string.IsInterned(known) == null) throw new Exception("forgotten");
        }
        Console.WriteLine(same + " same, length " + length);
    }
}
