using System;
using System.Collections;
class Program {
    static void Main() {
        Console.WriteLine(Environment.GetEnvironmentVariable("FERROCIL_CONFORMANCE") + "|" + (Environment.GetEnvironmentVariable("NO_SUCH_VARIABLE") == null));
        Environment.SetEnvironmentVariable("NEW_ONE", "set");
        Console.WriteLine(Environment.GetEnvironmentVariable("NEW_ONE") + " " + Environment.ExpandEnvironmentVariables("<%NEW_ONE%> %MISSING% %FERROCIL_CONFORMANCE%"));
        Environment.SetEnvironmentVariable("NEW_ONE", null);
        Console.WriteLine(Environment.GetEnvironmentVariable("NEW_ONE") == null);
        IDictionary all = Environment.GetEnvironmentVariables();
        Console.WriteLine(all.Contains("FERROCIL_CONFORMANCE") + " " + all["FERROCIL_EXTRA"]);
        Console.WriteLine((Environment.NewLine == "\n") + " " + (Environment.ProcessorCount > 0) + " " + Environment.Is64BitProcess + " " + (IntPtr.Size == 8) + " " + (Environment.TickCount != 0) + " " + Environment.OSVersion.Platform + " " + Environment.HasShutdownStarted + " " + Environment.Version);
        string[] line = Environment.GetCommandLineArgs();
        Console.WriteLine(line.Length + " " + System.IO.Path.GetFileName(line[0]) + " " + line[1]);
        Console.WriteLine(Environment.ExitCode + " " + (Environment.CurrentDirectory.Length > 1) + " " + (Environment.MachineName.Length > 0) + " " + (Environment.StackTrace.Length > 0) + " " + (Environment.WorkingSet >= 0));
    }
}
