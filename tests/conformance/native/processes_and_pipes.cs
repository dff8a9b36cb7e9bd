// Child processes with redirected streams, anonymous pipes, memory-mapped files, deflate.
using System;
using System.Diagnostics;
using System.IO;
using System.IO.Compression;
using System.IO.MemoryMappedFiles;
using System.IO.Pipes;

class ProcessesAndPipes
{
    static void Main()
    {
        var start = new ProcessStartInfo("/bin/sh", "-c \"echo out $FOO; echo err >&2; cat; exit 3\"")
        {
            RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false
        };
        start.EnvironmentVariables["FOO"] = "bar";
        using (var process = Process.Start(start))
        {
            process.StandardInput.WriteLine("typed");
            process.StandardInput.Close();
            Console.Write(process.StandardOutput.ReadToEnd());
            Console.Write(process.StandardError.ReadToEnd());
            process.WaitForExit();
            Console.WriteLine(process.ExitCode + " " + process.HasExited);
        }
        try { Process.Start("/no/such"); } catch (Exception e) { Console.WriteLine(e.GetType().Name); }
        var sleeper = Process.Start("/bin/sleep", "30");
        sleeper.Kill();
        sleeper.WaitForExit();
        Console.WriteLine(sleeper.ExitCode);

        using (var server = new AnonymousPipeServerStream(PipeDirection.Out))
        using (var client = new AnonymousPipeClientStream(PipeDirection.In, server.ClientSafePipeHandle))
        {
            server.Write(new byte[] { 1, 2, 3 }, 0, 3);
            Console.WriteLine(client.Read(new byte[5], 0, 5));
        }
        using (var map = MemoryMappedFile.CreateNew("ferrocil_case", 100))
        using (var view = map.CreateViewAccessor())
        {
            view.Write(4, 1234);
            Console.WriteLine(view.ReadInt32(4));
        }
        var data = new byte[20000];
        for (int i = 0; i < data.Length; i++) data[i] = (byte)(i * i >> 8);
        var memory = new MemoryStream();
        using (var zip = new GZipStream(memory, CompressionMode.Compress, true)) zip.Write(data, 0, data.Length);
        memory.Position = 0;
        var back = new MemoryStream();
        using (var zip = new GZipStream(memory, CompressionMode.Decompress)) zip.CopyTo(back);
        Console.WriteLine(back.Length + " " + (back.ToArray()[19999] == data[19999]));
        try { new GZipStream(new MemoryStream(new byte[] { 1, 2, 3 }), CompressionMode.Decompress).ReadByte(); }
        catch (Exception e) { Console.WriteLine(e.GetType().Name); }
    }
}
