using System;
struct Point { public int X, Y; public Point(int x, int y) { X = x; Y = y; } public void Move(int d) { X += d; Y -= d; } public override string ToString() { return "(" + X + "," + Y + ")"; } }
struct Big { public long A, B, C, D; public string Name; }
class Program {
    static void Main() {
        var p = new Point[3];
        p[0].X = 5; p[1] = new Point(1, 2); p[1].Move(10); p[2] = p[1]; p[2].Y++;
        Console.WriteLine(string.Join(" ", p));
        foreach (Point q in p) q.Move(100);
        Console.WriteLine(string.Join(" ", p));
        for (int i = 0; i < p.Length; i++) p[i].Move(i);
        Console.WriteLine(string.Join(" ", p));
        var big = new Big[100];
        for (int i = 0; i < 100; i++) { big[i].A = i; big[i].D = i * i; big[i].Name = "n" + i; }
        Big copy = big[50]; copy.A = -1; big[51] = copy;
        long total = 0; foreach (var b in big) total += b.A + b.D + b.Name.Length;
        Console.WriteLine(total + " " + big[50].A + " " + big[51].A + big[51].Name);
        Point[,] grid = new Point[2, 2]; grid[1, 1].X = 7; grid[0, 1] = grid[1, 1]; grid[0, 1].Move(1);
        Console.WriteLine(grid[0, 1] + " " + grid[1, 1] + " " + grid[0, 0]);
        var nullable = new int?[3]; nullable[1] = 5; Console.WriteLine(nullable[0].HasValue + " " + nullable[1] + " " + (nullable[1] + 1));
        decimal[] money = { 1.5m, 2.25m }; money[0] *= money[1]; Console.WriteLine(money[0]);
        var dates = new DateTime[2]; dates[1] = dates[0].AddDays(1); Console.WriteLine(dates[1].Day);
        object boxed = p[0]; ((Point)boxed).Move(5); Console.WriteLine(boxed + " " + p[0]);
        ref Point r = ref p[2]; r.X = 1000; Console.WriteLine(p[2].X);
        var pairs = new (int, string)[2]; pairs[0] = (1, "one"); pairs[1].Item2 = "two"; Console.WriteLine(pairs[0] + " " + pairs[1]);
    }
}
