// Conway's Game of Life: a glider flies over a torus.
//     cargo xtask run examples/life.cs 24
using System;
using System.Text;

class Program {
    const int Width = 32, Height = 12;

    static bool[,] Next(bool[,] cells) {
        var next = new bool[Height, Width];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++) {
                int neighbours = 0;
                for (int dy = -1; dy <= 1; dy++)
                    for (int dx = -1; dx <= 1; dx++)
                        if ((dx != 0 || dy != 0) && cells[(y + dy + Height) % Height, (x + dx + Width) % Width])
                            neighbours++;
                next[y, x] = neighbours == 3 || neighbours == 2 && cells[y, x];
            }
        return next;
    }

    static void Print(bool[,] cells, int generation) {
        var text = new StringBuilder();
        text.AppendFormat("generation {0}\n", generation);
        for (int y = 0; y < Height; y++) {
            for (int x = 0; x < Width; x++) text.Append(cells[y, x] ? '#' : '.');
            text.Append('\n');
        }
        Console.Write(text);
    }

    static void Main(string[] args) {
        int generations = args.Length > 0 ? int.Parse(args[0]) : 8;
        var cells = new bool[Height, Width];
        foreach (var cell in new[] { (1, 0), (2, 1), (0, 2), (1, 2), (2, 2) }) cells[cell.Item2, cell.Item1] = true;
        for (int i = 0; i <= generations; i++) {
            if (i % 4 == 0) Print(cells, i);
            cells = Next(cells);
        }
    }
}
