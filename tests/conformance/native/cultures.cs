// Cultures: names, numbers, dates, patterns, regions.
using System;
using System.Globalization;
using System.Threading;

class Cultures
{
    static void Main()
    {
        string[] names = { "", "en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "ja-JP", "pt-BR", "nl-NL", "sv-SE", "pl-PL", "ru-RU", "zh-CN", "tr-TR", "de-CH", "ar-SA", "th-TH" };
        var when = new DateTime(2024, 3, 5, 14, 7, 9);
        foreach (var name in names)
        {
            var c = new CultureInfo(name);
            Console.WriteLine("== {0}|{1}|{2}|{3}|{4}|{5}", c.Name, c.EnglishName, c.NativeName, c.LCID, c.Parent.Name, c.TextInfo.ListSeparator);
            Console.WriteLine(string.Format(c, "{0:N2}|{1:C}|{2:P1}|{3}|{4:E3}|{5:C}", 1234567.891, -1234.5, 0.256, -1.5, 12345.678, 99.9m));
            foreach (var format in "dDtTfFgGmMyYrsu")
                Console.WriteLine(format + ": " + when.ToString(format.ToString(), c));
            Console.WriteLine(string.Join(",", c.DateTimeFormat.DayNames));
            Console.WriteLine(string.Join(",", c.DateTimeFormat.AbbreviatedMonthNames));
            Console.WriteLine(c.DateTimeFormat.FirstDayOfWeek + " " + c.Calendar.GetType().Name);
            Console.WriteLine(string.Join(";", c.DateTimeFormat.GetAllDateTimePatterns('d')));
            Console.WriteLine(double.Parse((-1234.5).ToString(c), c));
        }
        Console.WriteLine("i".ToUpper(new CultureInfo("tr-TR")));
        Console.WriteLine(string.Compare("ä", "z", new CultureInfo("sv-SE"), CompareOptions.None));
        Console.WriteLine(string.Compare("ä", "z", new CultureInfo("de-DE"), CompareOptions.None));
        foreach (var name in new[] { "DE", "US", "JP", "BR" })
        {
            var r = new RegionInfo(name);
            Console.WriteLine("{0}|{1}|{2}|{3}|{4}", r.EnglishName, r.CurrencySymbol, r.ISOCurrencySymbol, r.ThreeLetterISORegionName, r.GeoId);
        }
        foreach (var action in new Action[] { () => new CultureInfo("xx-YY"), () => new CultureInfo(99999), () => new RegionInfo("QQ") })
        {
            try { action(); } catch (Exception e) { Console.WriteLine(e.GetType().Name); }
        }
        Console.WriteLine(new CultureInfo(1031).Name + " " + CultureInfo.CreateSpecificCulture("de").Name);
        Thread.CurrentThread.CurrentCulture = new CultureInfo("de-DE");
        Console.WriteLine(3.14);
    }
}
