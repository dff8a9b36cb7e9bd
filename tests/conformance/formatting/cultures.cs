using System;
using System.Globalization;
using System.Threading;
class Program {
    static void Main() {
        Console.WriteLine("[" + CultureInfo.CurrentCulture.Name + "] [" + CultureInfo.InvariantCulture.Name + "] " + CultureInfo.InvariantCulture.EnglishName + " " + CultureInfo.CurrentCulture.NumberFormat.CurrencySymbol + " " + CultureInfo.CurrentCulture.TextInfo.ListSeparator);
        var n = (NumberFormatInfo)CultureInfo.InvariantCulture.NumberFormat.Clone(); n.NumberDecimalSeparator = ","; n.NumberGroupSeparator = "."; n.NegativeSign = "~"; n.CurrencySymbol = "EUR"; n.CurrencyPositivePattern = 3; n.NumberGroupSizes = new[] { 3, 2 }; n.PercentSymbol = "pct"; n.NumberDecimalDigits = 1; n.NumberNegativePattern = 0; n.NaNSymbol = "nix";
        Console.WriteLine((-1234567.891).ToString("N", n) + " " + 1234.5.ToString("C", n) + " " + 0.25.ToString("P0", n) + " " + (-5).ToString(n) + " " + double.NaN.ToString(n) + " " + 1234567.ToString("N0", n) + " " + (-1.5).ToString("F2", n) + " " + 12.5m.ToString(n));
        Console.WriteLine(double.Parse("1.234,5", n) + " " + int.Parse("~12", n)); try { n = CultureInfo.InvariantCulture.NumberFormat; n.NaNSymbol = "x"; } catch (InvalidOperationException) { Console.WriteLine("read only"); }
        var c = (CultureInfo)CultureInfo.InvariantCulture.Clone(); c.NumberFormat.NumberDecimalSeparator = "#"; c.DateTimeFormat.ShortDatePattern = "yyyy.MM.dd"; Thread.CurrentThread.CurrentCulture = c; Console.WriteLine(1.5 + " " + 2.5f + " " + 3.5m + " " + new DateTime(2001, 2, 3).ToShortDateString() + " " + string.Format("{0:N1}", 1234.5)); Console.WriteLine(1.5.ToString(CultureInfo.InvariantCulture) + " " + double.Parse("2#5")); Thread.CurrentThread.CurrentCulture = CultureInfo.InvariantCulture;
        Console.WriteLine(CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(5) + " " + CultureInfo.InvariantCulture.DateTimeFormat.AbbreviatedDayNames[3] + " " + CultureInfo.InvariantCulture.TextInfo.ToTitleCase("hello wORLD abc") + " " + CultureInfo.InvariantCulture.CompareInfo.Compare("a", "B", CompareOptions.IgnoreCase) + " " + CultureInfo.InvariantCulture.IsNeutralCulture + " " + CultureInfo.InvariantCulture.LCID);
    }
}
