using System;
class Program {
    static readonly ulong[] Values = { 0, 1, 2, uint.MaxValue, 1UL << 32, (1UL << 32) + 1, long.MaxValue, 1UL << 63, ulong.MaxValue };
    static string Try(Func<ulong> f) { try { return f().ToString(); } catch (OverflowException) { return "overflow"; } }
    static void Main() {
        foreach (ulong a in Values)
            foreach (ulong b in Values)
                Console.WriteLine(a + "," + b + ": " + Try(() => checked(a + b)) + " " + Try(() => checked(a - b)) + " " + Try(() => checked(a * b)));
    }
}
