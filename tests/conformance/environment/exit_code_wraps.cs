class Program { static int Main() { System.Console.Write("no newline"); return -1; } }
