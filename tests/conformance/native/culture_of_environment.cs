// The culture comes from LANG and LC_ALL.
using System;
using System.Globalization;

class CultureOfEnvironment
{
    static void Main()
    {
        Console.WriteLine(CultureInfo.CurrentCulture.Name + " " + CultureInfo.CurrentUICulture.Name + " " + RegionInfo.CurrentRegion.Name);
        Console.WriteLine(1234.5.ToString("N1") + " " + new DateTime(2024, 3, 5).ToShortDateString());
    }
}
