using System;
using System.Globalization;
class Program {
    static string Try(Func<object> f) { try { return f().ToString(); } catch (Exception e) { return e.GetType().Name; } }
    static void Main() {
        var inv = CultureInfo.InvariantCulture;
        foreach (string s in new[] { "0", "42", "-42", "+7", " 12 ", "1,234", "0x1f", "1e3", "2147483647", "2147483648", "-2147483649", "", "abc", "3.5", "99999999999999999999", null, "-0", "00012", "(5)", "5-" }) {
            int i; double d;
            Console.WriteLine("[" + s + "] " + Try(() => int.Parse(s)) + " " + Try(() => long.Parse(s)) + " " + Try(() => byte.Parse(s)) + " " + Try(() => double.Parse(s, inv)) + " " + Try(() => decimal.Parse(s, inv)) + " " + int.TryParse(s, out i) + i + " " + double.TryParse(s, NumberStyles.Any, inv, out d) + d);
        }
        Console.WriteLine(int.Parse("ff", NumberStyles.HexNumber) + " " + int.Parse("(1,234)", NumberStyles.Any, inv) + " " + long.Parse("7fffffffffffffff", NumberStyles.HexNumber) + " " + int.Parse("ffffffff", NumberStyles.HexNumber));
        foreach (string s in new[] { "NaN", "Infinity", "-Infinity", "1e400", "1e-400", ".5", "5.", "1.7976931348623157E+308", "4.9406564584124654E-324", "0.1", "123456789012345678901234567890", "2.2250738585072011e-308", "1E", "--1" })
            Console.WriteLine(s + " " + Try(() => double.Parse(s, inv)) + " " + Try(() => BitConverter.DoubleToInt64Bits(double.Parse(s, inv)).ToString("x")) + " " + Try(() => float.Parse(s, inv)));
        Console.WriteLine(ulong.Parse("18446744073709551615") + " " + Try(() => ulong.Parse("-1")) + " " + Try(() => sbyte.Parse("-128")) + " " + Try(() => sbyte.Parse("128")) + " " + Try(() => ushort.Parse("65536")));
    }
}
