using System;
class Program {
    static void Main() {
        AppDomain.CurrentDomain.ProcessExit += (s, e) => Console.WriteLine("process exit " + Environment.ExitCode);
        Environment.ExitCode = 5;
        Console.WriteLine("end of Main");
    }
}
