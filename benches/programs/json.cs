// A JSON printer and parser in C#: strings, StringBuilder, dictionaries, boxing.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
sealed class Parser {
    readonly string s; int i;
    public Parser(string s) { this.s = s; }
    void Space() { while (i < s.Length && s[i] <= ' ') i++; }
    void Need(char c) { Space(); if (i >= s.Length || s[i] != c) throw new FormatException("expected " + c + " at " + i); i++; }
    bool Eat(char c) { Space(); if (i < s.Length && s[i] == c) { i++; return true; } return false; }
    public object Value() {
        Space();
        switch (s[i]) {
            case '{': {
                i++;
                var d = new Dictionary<string, object>();
                if (Eat('}')) return d;
                do { Space(); string key = Text(); Need(':'); d[key] = Value(); } while (Eat(','));
                Need('}');
                return d;
            }
            case '[': {
                i++;
                var l = new List<object>();
                if (Eat(']')) return l;
                do l.Add(Value()); while (Eat(','));
                Need(']');
                return l;
            }
            case '"': return Text();
            case 't': i += 4; return true;
            case 'f': i += 5; return false;
            case 'n': i += 4; return null;
            default: {
                int start = i;
                while (i < s.Length && (s[i] >= '0' && s[i] <= '9' || s[i] == '-' || s[i] == '.')) i++;
                return double.Parse(s.Substring(start, i - start), CultureInfo.InvariantCulture);
            }
        }
    }
    string Text() {
        var b = new StringBuilder();
        for (i++; s[i] != '"'; i++) { if (s[i] == '\\') { i++; b.Append(s[i] == 'n' ? '\n' : s[i]); } else b.Append(s[i]); }
        i++;
        return b.ToString();
    }
}
static class Printer {
    public static void Write(StringBuilder b, object o) {
        if (o == null) b.Append("null");
        else if (o is bool) b.Append((bool)o ? "true" : "false");
        else if (o is double) b.Append(((double)o).ToString(CultureInfo.InvariantCulture));
        else if (o is string) {
            b.Append('"');
            foreach (char c in (string)o) if (c == '\n') b.Append("\\n"); else if (c == '"' || c == '\\') b.Append('\\').Append(c); else b.Append(c);
            b.Append('"');
        } else if (o is List<object>) {
            b.Append('['); bool first = true;
            foreach (object x in (List<object>)o) { if (!first) b.Append(','); first = false; Write(b, x); }
            b.Append(']');
        } else {
            b.Append('{'); bool first = true;
            foreach (var p in (Dictionary<string, object>)o) { if (!first) b.Append(','); first = false; Write(b, p.Key); b.Append(':'); Write(b, p.Value); }
            b.Append('}');
        }
    }
}
class Program {
    static object Make(int depth, ref uint seed) {
        seed = seed * 1664525 + 1013904223;
        if (depth == 0) switch (seed >> 29) { case 0: return null; case 1: return true; case 2: return false; case 3: case 4: return (double)(seed >> 12 & 0xffff) / 16; default: return "text \"" + (seed >> 10) + "\"\n"; }
        if ((seed >> 28 & 1) == 0) { var l = new List<object>(); for (int i = 0; i < 4; i++) l.Add(Make(depth - 1, ref seed)); return l; }
        var d = new Dictionary<string, object>(); for (int i = 0; i < 4; i++) d["key" + i] = Make(depth - 1, ref seed); return d;
    }
    static void Main(string[] args) {
        uint seed = 7; object o = Make(6, ref seed);
        int rounds = int.Parse(args[0]); uint hash = 0; int length = 0;
        for (int r = 0; r < rounds; r++) {
            var b = new StringBuilder(); Printer.Write(b, o); string text = b.ToString(); length = text.Length;
            foreach (char c in text) hash = hash * 31 + c;
            o = new Parser(text).Value();
        }
        Console.WriteLine(length + " " + hash);
    }
}
