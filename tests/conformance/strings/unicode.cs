using System;
using System.Text;
using System.Globalization;
class Program {
    static void Main() {
        foreach (string s in new[] { "plain", "naïve café", "Ελληνικά", "日本語", "😀 emoji 👍", "\u0000\u0001", "" }) {
            byte[] utf8 = Encoding.UTF8.GetBytes(s), utf16 = Encoding.Unicode.GetBytes(s), ascii = Encoding.ASCII.GetBytes(s), utf32 = Encoding.UTF32.GetBytes(s), be = Encoding.BigEndianUnicode.GetBytes(s);
            Console.WriteLine(s.Length + " " + utf8.Length + " " + utf16.Length + " " + ascii.Length + " " + utf32.Length + " " + BitConverter.ToString(utf8));
            Console.WriteLine((Encoding.UTF8.GetString(utf8) == s) + " " + (Encoding.Unicode.GetString(utf16) == s) + " " + (Encoding.UTF32.GetString(utf32) == s) + " " + (Encoding.BigEndianUnicode.GetString(be) == s) + " " + Encoding.ASCII.GetString(ascii).Replace("\0", "0").Replace("\u0001", "1"));
        }
        Console.WriteLine(Encoding.UTF8.GetString(new byte[] { 0x41, 0xff, 0x42, 0xc3, 0x43, 0xe2, 0x82 }).Replace("\ufffd", "?"));
        Console.WriteLine(Encoding.UTF8.GetByteCount("€") + " " + Encoding.UTF8.GetMaxByteCount(10) + " " + Encoding.UTF8.GetPreamble().Length + " " + Encoding.UTF8.WebName + " " + Encoding.GetEncoding("iso-8859-1").GetBytes("é")[0]);
        try { new UTF8Encoding(false, true).GetString(new byte[] { 0xff }); } catch (DecoderFallbackException) { Console.WriteLine("strict"); }
        Decoder d = Encoding.UTF8.GetDecoder();
        var chars = new char[4];
        int n = d.GetChars(new byte[] { 0xe2, 0x82 }, 0, 2, chars, 0);
        n += d.GetChars(new byte[] { 0xac }, 0, 1, chars, n);
        Console.WriteLine(n + " " + chars[0]);
        string text = "e\u0301x😀";
        TextElementEnumerator e = StringInfo.GetTextElementEnumerator(text);
        while (e.MoveNext()) Console.Write(e.GetTextElement().Length + " ");
        Console.WriteLine(new StringInfo(text).LengthInTextElements);
        Console.WriteLine("STRASSE İ".ToLowerInvariant() + " " + "straße ı".ToUpperInvariant() + " " + char.IsHighSurrogate(text[3]) + char.IsLowSurrogate(text[4]) + " " + char.ConvertFromUtf32(0x1F600) + " \x41\u00e9\U0001F44D");
    }
}
