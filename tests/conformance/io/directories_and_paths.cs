using System;
using System.IO;
using System.Linq;
class Program {
    static void Main() {
        Directory.CreateDirectory("x/y/z"); File.WriteAllText("x/1.txt", "1"); File.WriteAllText("x/2.log", "22"); File.WriteAllText("x/y/3.txt", "333");
        Console.WriteLine(string.Join(" ", Directory.GetFiles("x").OrderBy(f => f, StringComparer.Ordinal)) + " | " + string.Join(" ", Directory.GetFiles("x", "*.txt", SearchOption.AllDirectories).OrderBy(f => f, StringComparer.Ordinal)) + " | " + string.Join(" ", Directory.GetDirectories("x")));
        Console.WriteLine(Directory.Exists("x/y") + " " + Directory.Exists("x/1.txt") + " " + new DirectoryInfo("x").GetFiles().Sum(f => f.Length) + " " + Directory.EnumerateFileSystemEntries("x").Count());
        try { Directory.Delete("x"); } catch (IOException) { Console.WriteLine("not empty"); }
        Directory.Move("x/y", "x/moved"); Console.WriteLine(File.ReadAllText("x/moved/3.txt")); Directory.Delete("x", true); Console.WriteLine(Directory.Exists("x"));
        foreach (string p in new[] { "/a/b/c.txt", "rel/file", "noext", "dir/", "", "/", "a.tar.gz", ".hidden" }) Console.WriteLine("[" + Path.GetFileName(p) + "] [" + Path.GetExtension(p) + "] [" + Path.GetFileNameWithoutExtension(p) + "] [" + (p == "" ? "-" : Path.GetDirectoryName(p)) + "] " + Path.IsPathRooted(p) + " " + Path.HasExtension(p));
        Console.WriteLine(Path.Combine("a", "b", "c") + " " + Path.Combine("a", "/b") + " " + Path.ChangeExtension("f.txt", ".md") + " " + Path.GetFullPath("/a/./b/../c") + " " + Path.DirectorySeparatorChar + Path.PathSeparator + " " + (Path.GetFullPath("q").EndsWith("/q")) + " " + (Path.GetTempPath().Length > 0) + " " + (Path.GetRandomFileName().Length));
        try { Path.Combine("a", null); } catch (ArgumentNullException) { Console.WriteLine("null"); }
    }
}
