using System;
using System.IO;
using System.Text;
class Program {
    static void Main() {
        File.WriteAllText("a.txt", "line one\nline two\nünïcode €\n");
        Console.WriteLine(File.Exists("a.txt") + " " + File.Exists("b.txt") + " " + new FileInfo("a.txt").Length);
        foreach (string line in File.ReadAllLines("a.txt")) Console.WriteLine("[" + line + "]");
        File.AppendAllText("a.txt", "appended");
        Console.WriteLine(File.ReadAllText("a.txt").Length);
        File.Copy("a.txt", "b.txt"); File.Move("b.txt", "c.txt"); Console.WriteLine(File.Exists("b.txt") + " " + File.ReadAllBytes("c.txt").Length);
        using (var w = new StreamWriter("d.txt", false, new UTF8Encoding(true))) for (int i = 0; i < 1000; i++) w.WriteLine(i);
        using (var r = new StreamReader("d.txt")) { int sum = 0; string line; while ((line = r.ReadLine()) != null) sum += int.Parse(line); Console.WriteLine(sum + " " + r.CurrentEncoding.WebName); }
        using (var s = new FileStream("e.bin", FileMode.Create, FileAccess.ReadWrite)) {
            for (int i = 0; i < 300; i++) s.WriteByte((byte)i);
            s.Seek(-10, SeekOrigin.End); Console.WriteLine(s.ReadByte() + " " + s.Position + " " + s.Length);
            s.Position = 100; var buffer = new byte[50]; Console.WriteLine(s.Read(buffer, 10, 20) + " " + buffer[10] + " " + buffer[29] + " " + buffer[30]);
            s.SetLength(120); Console.WriteLine(s.Length + " " + s.CanSeek + s.CanWrite);
        }
        try { File.ReadAllText("none.txt"); } catch (FileNotFoundException e) { Console.WriteLine(Path.GetFileName(e.FileName)); }
        try { File.ReadAllText("no/dir/x.txt"); } catch (DirectoryNotFoundException) { Console.WriteLine("no folder"); }
        try { new FileStream("a.txt", FileMode.CreateNew); } catch (IOException) { Console.WriteLine("exists"); }
        File.Delete("a.txt"); File.Delete("never-there"); Console.WriteLine(File.Exists("a.txt"));
    }
}
