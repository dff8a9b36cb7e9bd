// The shape of GCBench: trees of growing depth built from the root down and from the leaves up,
// beside one long-lived tree and one long-lived array of numbers.
using System;

sealed class Tree {
    public Tree Left, Right;
    int first, second;
    public Tree() { }
    public Tree(Tree left, Tree right) { Left = left; Right = right; first = 1; second = 2; }
    public int Count() { return Left == null ? 1 : 1 + Left.Count() + Right.Count(); }
}

static class Program {
    static int Size(int depth) { return (1 << (depth + 1)) - 1; }

    static void Grow(int depth, Tree tree) {
        if (depth == 0) return;
        tree.Left = new Tree();
        tree.Right = new Tree();
        Grow(depth - 1, tree.Left);
        Grow(depth - 1, tree.Right);
    }

    static Tree Build(int depth) {
        return depth == 0 ? new Tree() : new Tree(Build(depth - 1), Build(depth - 1));
    }

    static void Main(string[] args) {
        int longest = int.Parse(args[0]);
        Console.WriteLine("stretch " + Build(longest + 2).Count());
        Tree lasting = new Tree();
        Grow(longest, lasting);
        var numbers = new double[500000];
        for (int i = 1; i < numbers.Length; i++) numbers[i] = 1.0 / i;
        for (int depth = 4; depth <= longest; depth += 2) {
            int rounds = 2 * Size(longest + 2) / Size(depth);
            long down = 0, up = 0;
            for (int i = 0; i < rounds; i++) {
                Tree tree = new Tree();
                Grow(depth, tree);
                if (tree.Left != null) down++;
            }
            for (int i = 0; i < rounds; i++)
                if (Build(depth).Right != null) up++;
            Console.WriteLine("depth " + depth + ": " + down + " down, " + up + " up");
        }
        Console.WriteLine("lasting " + lasting.Count() + " " + (numbers[1000] == 0.001));
    }
}
