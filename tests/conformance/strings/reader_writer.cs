using System;
using System.IO;
using System.Text;
class Program {
    static void Main() {
        var w = new StringWriter();
        w.Write("a"); w.Write(1); w.Write('c'); w.Write(2.5); w.Write(true); w.Write("{0}-{1}", 1, 2); w.WriteLine(); w.WriteLine("second {0}", 2); w.Write(new[] { 'x', 'y' }); w.Write((object)null); w.WriteLine(7m);
        Console.Write(w.ToString());
        var r = new StringReader("line one\nline two\r\n\nlast");
        Console.WriteLine((char)r.Peek() + " " + (char)r.Read() + " " + r.ReadLine());
        string line; while ((line = r.ReadLine()) != null) Console.WriteLine("[" + line + "]");
        Console.WriteLine(r.Read() + " " + new StringReader("all of it").ReadToEnd());
        var buffer = new char[5];
        var r2 = new StringReader("abcdefgh");
        int n; while ((n = r2.Read(buffer, 0, 3)) > 0) Console.Write(n + new string(buffer, 0, n) + " ");
        Console.WriteLine();
        var m = new MemoryStream();
        using (var sw = new StreamWriter(m, new UTF8Encoding(false), 1024, true)) { sw.WriteLine("héllo"); sw.Write("€uro"); sw.NewLine = "\r\n"; sw.WriteLine(); }
        Console.WriteLine(m.Length + " " + BitConverter.ToString(m.ToArray()));
        m.Position = 0;
        using (var sr = new StreamReader(m)) { Console.WriteLine(sr.ReadLine() + "|" + sr.ReadToEnd().Trim() + "|" + sr.EndOfStream); }
        var bw = new MemoryStream();
        using (var b = new BinaryWriter(bw, Encoding.UTF8, true)) { b.Write(1); b.Write("str"); b.Write(2.5); b.Write(true); b.Write((byte)9); b.Write('é'); b.Write(long.MinValue); b.Write(1.5m); }
        bw.Position = 0;
        using (var b = new BinaryReader(bw)) Console.WriteLine(b.ReadInt32() + b.ReadString() + b.ReadDouble() + b.ReadBoolean() + b.ReadByte() + b.ReadChar() + b.ReadInt64() + b.ReadDecimal());
        try { new StringReader(null); } catch (ArgumentNullException) { Console.WriteLine("null"); }
    }
}
