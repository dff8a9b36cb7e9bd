using System;
class Program {
    static int Main() {
        int n = int.Parse(Console.ReadLine());
        long total = 0; int bad = 0;
        for (int i = 0; i < n; i++) {
            int v; string line = Console.ReadLine();
            if (int.TryParse(line, out v)) total += v; else { bad++; Console.WriteLine("bad: " + line); }
        }
        Console.WriteLine("total " + total);
        return bad;
    }
}
