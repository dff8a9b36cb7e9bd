using System;
using System.Globalization;
class Program {
    static void Main() {
        var inv = CultureInfo.InvariantCulture;
        var dates = new[] { new DateTime(2024, 2, 29, 13, 5, 9, 123), new DateTime(1, 1, 1), DateTime.MaxValue, new DateTime(1999, 12, 31, 23, 59, 59, DateTimeKind.Utc), new DateTime(1970, 1, 1).AddTicks(1234567) };
        foreach (DateTime d in dates) {
            foreach (string f in new[] { "d", "D", "f", "F", "g", "G", "m", "o", "R", "s", "t", "T", "u", "y", "yyyy-MM-dd HH:mm:ss.fffffff", "dddd, dd MMMM yyyy", "h:mm tt", "%d", "ddd MMM", "yy/M/d H:m:s", "'quoted' yyyy\\y", "fff FFF", "gg", "hh.HH" })
                Console.Write(d.ToString(f, inv) + " | ");
            Console.WriteLine();
            Console.WriteLine(d.ToString() + " | " + d.DayOfWeek + " " + d.DayOfYear + " " + d.Ticks + " " + d.Kind + " " + d.Date.ToString("s") + " " + d.TimeOfDay);
        }
        DateTime a = new DateTime(2024, 1, 31);
        Console.WriteLine(a.AddMonths(1).ToString("s") + " " + a.AddYears(-1).ToString("s") + " " + a.AddDays(30.5).ToString("s") + " " + a.AddMilliseconds(1.5).Ticks + " " + DateTime.IsLeapYear(2100) + DateTime.DaysInMonth(2024, 2));
        Console.WriteLine((new DateTime(2024, 3, 1) - a) + " " + (a < a.AddTicks(1)) + " " + a.CompareTo(a) + " " + DateTime.Compare(a, a.AddDays(-1)) + " " + a.Equals(new DateTime(2024, 1, 31)));
        foreach (string s in new[] { "2024-02-29", "2024-02-29T10:20:30", "02/29/2024", "29 Feb 2024 10:20", "2024-02-30", "10:20:30", "Thu, 29 Feb 2024 10:20:30 GMT", "x", "2024-02-29T10:20:30.1234567" }) { DateTime r; bool ok = DateTime.TryParse(s, inv, DateTimeStyles.AdjustToUniversal | DateTimeStyles.NoCurrentDateDefault, out r); Console.WriteLine(s + " " + ok + " " + r.ToString("o", inv)); }
        Console.WriteLine(DateTime.ParseExact("20240229-1020", "yyyyMMdd-HHmm", inv).ToString("s")); try { DateTime.ParseExact("2024", "yyyyMMdd", inv); } catch (FormatException e) { Console.WriteLine(e.GetType().Name); } try { new DateTime(2023, 2, 29); } catch (ArgumentOutOfRangeException) { Console.WriteLine("range"); } try { DateTime.MaxValue.AddDays(1); } catch (ArgumentOutOfRangeException) { Console.WriteLine("max"); }
        Console.WriteLine(new DateTimeOffset(2024, 1, 1, 12, 0, 0, TimeSpan.FromHours(-5)).ToString("o", inv) + " " + new DateTimeOffset(2024, 1, 1, 12, 0, 0, TimeSpan.FromHours(2)).UtcDateTime.ToString("s") + " " + DateTimeOffset.FromUnixTimeSeconds(86400).ToString("u", inv) + " " + TimeZoneInfo.Utc.Id + " " + new GregorianCalendar().GetWeekOfYear(a, CalendarWeekRule.FirstFourDayWeek, DayOfWeek.Monday));
    }
}
