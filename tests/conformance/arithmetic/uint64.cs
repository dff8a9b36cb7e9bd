using System;
class Program {
    static readonly ulong[] Values = { 0, 1, 2, 10, 63, 64, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, (1UL << 63) + 1, ulong.MaxValue, ulong.MaxValue - 1 };
    static void Main() {
        foreach (ulong a in Values) {
            Console.WriteLine("~" + ~a + " >>1=" + (a >> 1) + " <<3=" + (a << 3) + " >>63=" + (a >> 63));
            foreach (ulong b in Values) {
                Console.Write(a + "," + b + ": " + unchecked(a + b) + " " + unchecked(a - b) + " " + unchecked(a * b) + " " + (a & b) + " " + (a | b) + " " + (a ^ b) + " " + (a << (int)b) + " " + (a >> (int)b));
                if (b != 0) Console.Write(" " + a / b + " " + a % b);
                Console.WriteLine(" " + (a < b) + (a <= b) + (a == b) + (a != b) + (a > b) + (a >= b));
            }
        }
    }
}
