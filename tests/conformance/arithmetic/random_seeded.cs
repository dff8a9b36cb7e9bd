using System;
class Program {
    static void Main() {
        foreach (int seed in new[] { 0, 1, 42, -7, int.MaxValue, int.MinValue + 1 }) {
            var r = new Random(seed);
            Console.Write(seed + ":");
            for (int i = 0; i < 5; i++) Console.Write(" " + r.Next());
            for (int i = 0; i < 5; i++) Console.Write(" " + r.Next(100));
            for (int i = 0; i < 5; i++) Console.Write(" " + r.Next(-50, 50));
            Console.Write(" " + r.NextDouble().ToString("R"));
            var bytes = new byte[6]; r.NextBytes(bytes);
            Console.WriteLine(" " + BitConverter.ToString(bytes) + " " + r.Next(int.MinValue, int.MaxValue));
        }
        var random = new Random(5);
        int[] deck = new int[52];
        for (int i = 0; i < 52; i++) deck[i] = i;
        for (int i = 51; i > 0; i--) { int j = random.Next(i + 1); int t = deck[i]; deck[i] = deck[j]; deck[j] = t; }
        Console.WriteLine(string.Join(" ", deck));
    }
}
