using System;
class Program {
    static int moves;
    static int Ackermann(int m, int n) { return m == 0 ? n + 1 : n == 0 ? Ackermann(m - 1, 1) : Ackermann(m - 1, Ackermann(m, n - 1)); }
    static void Hanoi(int n, char from, char to, char via) { if (n == 0) return; Hanoi(n - 1, from, via, to); moves++; if (n == 4) Console.Write(from + ">" + to + " "); Hanoi(n - 1, via, to, from); }
    static int Tak(int x, int y, int z) { return y >= x ? z : Tak(Tak(x - 1, y, z), Tak(y - 1, z, x), Tak(z - 1, x, y)); }
    static void Main() {
        Console.WriteLine(Ackermann(2, 9) + " " + Ackermann(3, 5));
        Hanoi(6, 'a', 'c', 'b'); Console.WriteLine(moves);
        Console.WriteLine(Tak(14, 8, 3));
    }
}
