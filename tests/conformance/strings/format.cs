using System;
class Money : IFormattable {
    decimal amount; public Money(decimal a) { amount = a; }
    public string ToString(string format, IFormatProvider provider) { return "$" + amount.ToString(format ?? "F2", provider) + "[" + (format ?? "null") + "]"; }
    public override string ToString() { return ToString(null, null); }
}
class Program {
    static void Main() {
        Console.WriteLine(string.Format("{0} {1} {0}", "a", 2));
        Console.WriteLine("[{0,10}] [{0,-10}] [{1,6:F2}] [{1,-8:F1}] [{2:X}]", "right", 3.14159, 48879);
        Console.WriteLine("{{{0}}} {1}", "braces", null);
        Console.WriteLine("{0:N2} {0:000000.00} {0:0.0e+00} {0:#,##0}", 12345.678);
        Console.WriteLine("{0} {0:F0} {0:weird}", new Money(12.5m) is object ? (object)new Money(12.34m) : null);
        Console.WriteLine("{0:d} {0:yyyy} {0:HH:mm:ss}", new DateTime(2020, 2, 3, 4, 5, 6));
        Console.WriteLine("{0} {1} {2} {3} {4}", 1, 2L, 3f, 4.5, 'c');
        int n = 7; string s = "in";
        Console.WriteLine($"{s}terpolated {n + 1} {n:D3} {n,5}|{n,-5}| {{literal}} {(n > 5 ? "big" : "small")}");
        Console.WriteLine($"{n:X4}{s,4}{1.5:F3}" + $@"C:\{s}");
        foreach (string bad in new[] { "{0", "}", "{1}", "{x}", "{-1}" })
            try { Console.WriteLine(string.Format(bad, 1)); } catch (FormatException) { Console.WriteLine("bad format " + bad); }
        try { string.Format(null, 1); } catch (ArgumentNullException) { Console.WriteLine("null format"); }
        Console.WriteLine(string.Format("{0}{1}{2}{3}{4}{5}", 1, 2, 3, 4, 5, 6) + string.Format("{0}", new object[] { 1 }) + string.Format("no holes"));
        Console.WriteLine("{0,20:yyyy-MM-dd}|{1,-12:P0}|{2,12:C}|", new DateTime(1999, 12, 31), 0.5, 3);
        Console.WriteLine("{0:E}|{1:e2}|{2:G4}|{3:R}", 12345.6789, 0.000123, 123456.0, 0.1);
    }
}
