using System;
class Program {
    static void Main() {
        decimal[] values = { 0m, 1m, -1m, 0.1m, 1.10m, 123456789.987654321m, -0.0000000001m, 79228162514264337593543950335m, 1m / 3m, 2.5m, -2.5m };
        foreach (decimal a in values) {
            Console.WriteLine(a + " " + -a + " " + decimal.Truncate(a) + " " + decimal.Floor(a) + " " + decimal.Round(a) + " " + Math.Round(a, 2) + " " + a.ToString("F3") + " " + string.Join(",", decimal.GetBits(a)));
            foreach (decimal b in values) {
                string s = a + "," + b + ":";
                try { s += " " + (a + b); } catch (OverflowException) { s += " over"; }
                try { s += " " + (a * b); } catch (OverflowException) { s += " over"; }
                try { s += " " + (a / b); } catch (OverflowException) { s += " over"; } catch (DivideByZeroException) { s += " zero"; }
                try { s += " " + (a % b); } catch (OverflowException) { s += " over"; } catch (DivideByZeroException) { s += " zero"; }
                Console.WriteLine(s + " " + a.CompareTo(b) + (a == b) + (a < b));
            }
        }
        Console.WriteLine((int)3.99m + " " + (long)-3.99m + " " + (double)0.1m + " " + (decimal)0.1 + " " + (decimal)1e10f + " " + (char)65m);
        Console.WriteLine(decimal.Parse("1,234.50", System.Globalization.CultureInfo.InvariantCulture) + " " + 1.50m.GetHashCode().Equals(1.5m.GetHashCode()) + " " + (1.50m == 1.5m));
        Console.WriteLine(Math.Round(1.5m) + " " + Math.Round(-1.5m, MidpointRounding.AwayFromZero) + " " + decimal.Negate(5m) + " " + decimal.Remainder(7m, 2.5m) + " " + decimal.ToOACurrency(1.5m));
    }
}
