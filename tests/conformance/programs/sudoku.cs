using System;
class Program {
    static readonly int[,] grid = new int[9, 9]; static int guesses;
    static bool Fits(int r, int c, int v) { for (int i = 0; i < 9; i++) if (grid[r, i] == v || grid[i, c] == v || grid[r / 3 * 3 + i / 3, c / 3 * 3 + i % 3] == v) return false; return true; }
    static bool Solve(int cell) {
        if (cell == 81) return true;
        int r = cell / 9, c = cell % 9;
        if (grid[r, c] != 0) return Solve(cell + 1);
        for (int v = 1; v <= 9; v++) if (Fits(r, c, v)) { guesses++; grid[r, c] = v; if (Solve(cell + 1)) return true; grid[r, c] = 0; }
        return false;
    }
    static void Main() {
        string puzzle = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";
        for (int i = 0; i < 81; i++) grid[i / 9, i % 9] = puzzle[i] == '.' ? 0 : puzzle[i] - '0';
        Console.WriteLine(Solve(0) + " " + guesses);
        for (int r = 0; r < 9; r++) { for (int c = 0; c < 9; c++) Console.Write(grid[r, c] + (c % 3 == 2 ? " " : "")); Console.WriteLine(); }
    }
}
