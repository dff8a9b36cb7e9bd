using System;
using System.Text;
class Program {
    static bool[,] Step(bool[,] g) { int h = g.GetLength(0), w = g.GetLength(1); var n = new bool[h, w]; for (int y = 0; y < h; y++) for (int x = 0; x < w; x++) { int k = 0; for (int dy = -1; dy <= 1; dy++) for (int dx = -1; dx <= 1; dx++) if ((dy | dx) != 0 && g[(y + dy + h) % h, (x + dx + w) % w]) k++; n[y, x] = k == 3 || k == 2 && g[y, x]; } return n; }
    static string Show(bool[,] g) { var b = new StringBuilder(); for (int y = 0; y < g.GetLength(0); y++) { for (int x = 0; x < g.GetLength(1); x++) b.Append(g[y, x] ? '#' : '.'); b.Append('\n'); } return b.ToString(); }
    static void Main() { var g = new bool[12, 24]; foreach (var p in new[] { (1, 2), (2, 3), (3, 1), (3, 2), (3, 3), (6, 10), (6, 11), (6, 12), (5, 18), (5, 19), (6, 18), (6, 19) }) g[p.Item1, p.Item2] = true; for (int i = 0; i < 40; i++) { if (i % 13 == 0) Console.WriteLine("generation " + i + "\n" + Show(g)); g = Step(g); } int alive = 0; foreach (bool b in g) if (b) alive++; Console.WriteLine(alive); }
}
