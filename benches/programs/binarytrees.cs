// Many short-lived trees beside a long-lived one: allocation and collection.
using System;
sealed class Node {
    readonly Node left, right;
    Node(Node left, Node right) { this.left = left; this.right = right; }
    public static Node Make(int depth) { return depth == 0 ? new Node(null, null) : new Node(Make(depth - 1), Make(depth - 1)); }
    public int Check() { return left == null ? 1 : 1 + left.Check() + right.Check(); }
}
class Program {
    static void Main(string[] args) {
        int max = int.Parse(args[0]);
        Console.WriteLine("stretch " + Node.Make(max + 1).Check());
        Node lasting = Node.Make(max);
        for (int depth = 4; depth <= max; depth += 4) {
            int count = 1 << (max - depth + 4), check = 0;
            for (int i = 0; i < count; i++) check += Node.Make(depth).Check();
            Console.WriteLine(count + " of depth " + depth + ": " + check);
        }
        Console.WriteLine("lasting " + lasting.Check());
    }
}
