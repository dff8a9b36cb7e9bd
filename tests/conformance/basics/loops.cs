using System;
class Program {
    static void Main() {
        int sum = 0;
        for (int i = 0; i < 10; i++) { if (i == 3) continue; if (i == 8) break; sum += i; }
        Console.WriteLine(sum);
        int n = 27, steps = 0;
        while (n != 1) { n = (n & 1) == 0 ? n / 2 : 3 * n + 1; steps++; }
        Console.WriteLine(steps);
        int d = 5;
        do { Console.Write(d + " "); } while (--d > 0);
        Console.WriteLine();
        for (int i = 0, j = 10; i < j; i += 2, j--) Console.Write(i + "," + j + ";");
        Console.WriteLine();
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                if (j == 2) goto next;
                Console.Write(i * 10 + j + " ");
                continue;
            next:
                Console.Write("| ");
            }
        Console.WriteLine();
    }
}
