using System;
enum Plain { Zero, One, Two, Ten = 10, Eleven } enum Bytes : byte { Low = 1, High = 255 } enum Longs : long { Min = long.MinValue, Big = 1L << 50 } enum Negative : sbyte { A = -5, B, C = 5 }
[Flags] enum Access { None = 0, Read = 1, Write = 2, Execute = 4, All = Read | Write | Execute, ReadWrite = Read | Write }
class Program {
    static void Main() {
        foreach (Plain p in Enum.GetValues(typeof(Plain))) Console.Write(p + "=" + (int)p + " "); Console.WriteLine((Plain)7 + " " + (Plain)(-1));
        foreach (int i in new[] { 0, 1, 2, 3, 5, 7, 8, 9 }) Console.Write((Access)i + "; "); Console.WriteLine();
        Console.WriteLine(string.Join(",", Enum.GetNames(typeof(Negative))) + " " + (Negative)(-4) + " " + Longs.Min.ToString("D") + " " + Longs.Big.ToString("X") + " " + Bytes.High.ToString("x") + " " + Access.All.ToString("F") + " " + ((Access)9).ToString("G") + " " + ((Plain)3).ToString("F"));
        Console.WriteLine(Enum.Parse(typeof(Plain), "Two") + " " + (int)(Access)Enum.Parse(typeof(Access), "read, EXECUTE", true) + " " + Enum.Parse(typeof(Plain), "11") + " " + Enum.IsDefined(typeof(Plain), 10) + Enum.IsDefined(typeof(Plain), 3) + Enum.IsDefined(typeof(Plain), "One"));
        Plain r; Console.WriteLine(Enum.TryParse("nope", out r) + " " + Enum.TryParse("Ten", out r) + r); try { Enum.Parse(typeof(Plain), "Bad"); } catch (ArgumentException) { Console.WriteLine("bad name"); }
        Access a = Access.Read; a |= Access.Write; a &= ~Access.Read; a ^= Access.Execute; Console.WriteLine(a + " " + a.HasFlag(Access.Write) + a.HasFlag(Access.Read) + " " + (a & Access.All) + " " + (a == (Access.Write | Access.Execute)));
        Plain x = Plain.Zero; x++; x += 1; Console.WriteLine(x + " " + (x - Plain.Zero) + " " + (x > Plain.One) + " " + (Plain.Ten - 1) + " " + x.CompareTo(Plain.Ten) + " " + x.Equals(Plain.Two) + " " + x.Equals(2) + " " + x.GetHashCode());
        Console.WriteLine(Enum.GetUnderlyingType(typeof(Bytes)) + " " + Enum.ToObject(typeof(Access), 6) + " " + Enum.GetName(typeof(Plain), 11) + " " + Enum.Format(typeof(Access), 3, "G") + " " + typeof(Plain).IsEnum + " " + ((object)Plain.One is Enum) + " " + Convert.ToInt32(Plain.Ten) + " " + x.GetTypeCode());
        switch (a) { case Access.Write: Console.WriteLine("w"); break; case Access.Write | Access.Execute: Console.WriteLine("wx"); break; }
        var d = new System.Collections.Generic.Dictionary<Plain, int> { { Plain.One, 1 }, { Plain.Ten, 10 } }; Console.WriteLine(d[Plain.Ten] + " " + d.ContainsKey(Plain.Two)); Console.WriteLine($"{Plain.Two} {Plain.Two:D} {Access.ReadWrite}"); Plain? n = null; Console.WriteLine((n ?? Plain.Eleven) + "" + default(Plain));
    }
}
