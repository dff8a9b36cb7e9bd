using System;
class Program {
    static int Main(string[] args) {
        Console.WriteLine(args.Length);
        for (int i = 0; i < args.Length; i++)
            Console.WriteLine(i + ": [" + args[i] + "]");
        return args.Length;
    }
}
