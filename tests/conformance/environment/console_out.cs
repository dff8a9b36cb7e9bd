using System;
using System.IO;
class Program {
    static void Main() {
        Console.Write(1); Console.Write(2L); Console.Write(3u); Console.Write(4ul); Console.Write(1.5f); Console.Write(2.5); Console.Write(3.5m); Console.Write('c'); Console.Write(true); Console.Write("s"); Console.Write((object)null); Console.Write(new[] { 'a', 'b' }); Console.Write("{0}{1}", 1, 2); Console.Write(new[] { 'x', 'y', 'z' }, 1, 1);
        Console.WriteLine();
        Console.WriteLine(1); Console.WriteLine(2L); Console.WriteLine(3u); Console.WriteLine(4ul); Console.WriteLine(1.5f); Console.WriteLine(2.5); Console.WriteLine(3.5m); Console.WriteLine('c'); Console.WriteLine(false); Console.WriteLine((string)null); Console.WriteLine((object)null); Console.WriteLine(new[] { 'a', 'b' }); Console.WriteLine("{0} {1} {2} {3} {4}", 1, 2, 3, 4, 5);
        TextWriter old = Console.Out;
        var capture = new StringWriter();
        Console.SetOut(capture);
        Console.WriteLine("captured");
        Console.SetOut(old);
        Console.WriteLine("[" + capture.ToString().Trim() + "]");
        Console.SetIn(new StringReader("in one\nin two"));
        Console.WriteLine(Console.ReadLine() + "/" + Console.ReadLine() + "/" + (Console.ReadLine() == null));
        Stream raw = Console.OpenStandardOutput();
        Console.Out.Flush();
        raw.Write(new byte[] { 0x72, 0x61, 0x77, 0x0a }, 0, 4);
        raw.Flush();
        for (int i = 0; i < 500; i++) Console.Write(i % 50 == 49 ? ".\n" : ".");
        Console.WriteLine(new string('=', 5000).Length);
        Console.Write(new string('-', 3000)); Console.WriteLine();
    }
}
