using System;
class Program {
    static readonly long[] Values = { 0, 1, -1, 10, -10, 63, 64, int.MaxValue, int.MinValue, (long)int.MaxValue + 1, long.MaxValue, long.MaxValue - 1, long.MinValue, long.MinValue + 1, 0x123456789abcdef0 };
    static void Main() {
        foreach (long a in Values) {
            Console.WriteLine("-" + a + "=" + unchecked(-a) + " ~" + ~a + " >>1=" + (a >> 1) + " <<3=" + (a << 3) + " >>63=" + (a >> 63) + " u>>4=" + ((ulong)a >> 4));
            foreach (long b in Values) {
                Console.Write(a + "," + b + ": " + unchecked(a + b) + " " + unchecked(a - b) + " " + unchecked(a * b) + " " + (a & b) + " " + (a | b) + " " + (a ^ b) + " " + (a << (int)b) + " " + (a >> (int)b));
                if (b != 0 && !(a == long.MinValue && b == -1)) Console.Write(" " + a / b + " " + a % b);
                Console.WriteLine(" " + (a < b) + (a <= b) + (a == b) + (a != b) + (a > b) + (a >= b));
            }
        }
    }
}
