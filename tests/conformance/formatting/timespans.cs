using System;
using System.Globalization;
class Program {
    static void Main() {
        foreach (TimeSpan t in new[] { TimeSpan.Zero, new TimeSpan(1, 2, 3), new TimeSpan(1, 2, 3, 4, 5), TimeSpan.FromTicks(1), TimeSpan.MaxValue, TimeSpan.MinValue, TimeSpan.FromDays(-1.5), TimeSpan.FromMilliseconds(1500), TimeSpan.FromHours(25.25) }) {
            Console.WriteLine(t + " | " + t.ToString("c") + " | " + t.ToString("g", CultureInfo.InvariantCulture) + " | " + t.ToString("G", CultureInfo.InvariantCulture) + " | " + t.ToString(@"d\.hh\:mm\:ss\.fff") + " | " + t.Days + "," + t.Hours + "," + t.Minutes + "," + t.Seconds + "," + t.Milliseconds + " " + t.Ticks + " " + t.TotalHours.ToString("F4"));
            if (t != TimeSpan.MinValue) Console.WriteLine(t.Negate() + " " + t.Duration());
        }
        foreach (string s in new[] { "1:02:03", "1.02:03:04.5", "-00:00:01", "5", "25:00", "1:2", "x", "00:00:00.1234567" }) { TimeSpan r; Console.WriteLine(s + " " + TimeSpan.TryParse(s, CultureInfo.InvariantCulture, out r) + " " + r); }
        TimeSpan a = TimeSpan.FromMinutes(90), b = TimeSpan.FromSeconds(30); Console.WriteLine((a + b) + " " + (a - b) + " " + (a > b) + " " + -a + " " + a.CompareTo(b) + " " + a.Add(b).Subtract(b).Equals(a) + " " + (a == TimeSpan.FromHours(1.5))); try { TimeSpan.MaxValue.Add(b); } catch (OverflowException) { Console.WriteLine("overflow"); }
    }
}
