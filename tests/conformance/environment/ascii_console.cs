using System;
using System.Globalization;
class Program {
    static void Main() {
        Console.WriteLine("plain ASCII");
        Console.WriteLine("é€漢".Length);
        Console.WriteLine("[é€漢]");
        Console.WriteLine(CultureInfo.CurrentCulture.Name + "|" + CultureInfo.CurrentCulture.NumberFormat.NumberDecimalSeparator + "|" + 1234.5.ToString("N1") + "|" + new DateTime(2001, 2, 3).ToString("d"));
    }
}
