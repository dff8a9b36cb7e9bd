using System;
class Program {
    static string Dense(int n) {
        switch (n) {
            case 0: return "zero";
            case 1: return "one";
            case 2: case 3: return "two or three";
            case 4: goto case 0;
            case 5: goto default;
            default: return "other";
        }
    }
    static int Sparse(int n) {
        switch (n) {
            case -1000000: return 1;
            case int.MinValue: return 2;
            case int.MaxValue: return 3;
            case 77: return 4;
            case 78: return 5;
            case 500: return 6;
        }
        return 0;
    }
    static int Text(string s) {
        switch (s) {
            case "a": return 1;
            case "b": return 2;
            case "alpha": return 3;
            case "beta": return 4;
            case "gamma": return 5;
            case "delta": return 6;
            case "epsilon": return 7;
            case "": return 8;
            case null: return 9;
            default: return -1;
        }
    }
    static string Long(long n) {
        switch (n) {
            case 0L: return "0";
            case 1L << 40: return "2^40";
            case -5L: return "-5";
            default: return "?";
        }
    }
    static char Letter(char c) {
        switch (c) { case 'x': return 'X'; case 'y': return 'Y'; case 'z': return 'Z'; default: return '.'; }
    }
    static void Main() {
        for (int i = -1; i < 7; i++) Console.WriteLine(i + " " + Dense(i));
        foreach (int i in new[] { -1000000, int.MinValue, int.MaxValue, 77, 78, 500, 79, 0 }) Console.Write(Sparse(i) + " ");
        Console.WriteLine();
        foreach (string s in new[] { "a", "b", "alpha", "beta", "gamma", "delta", "epsilon", "", null, "omega", "A" }) Console.Write(Text(s) + " ");
        Console.WriteLine();
        foreach (long n in new[] { 0L, 1L << 40, -5L, 5L }) Console.Write(Long(n) + " ");
        Console.WriteLine();
        foreach (char c in "wxyz") Console.Write(Letter(c));
        Console.WriteLine();
    }
}
