using System;
class Program { static void Main() { AppDomain.CurrentDomain.UnhandledException += (s, e) => Console.WriteLine("handler: " + ((Exception)e.ExceptionObject).Message + " " + e.IsTerminating); Console.WriteLine("start"); throw new InvalidOperationException("nobody catches"); } }
