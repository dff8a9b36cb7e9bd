using System;
class Program {
    static readonly int[] Values = { 0, 1, -1, 2, -2, 7, -7, 31, 32, 100, int.MaxValue, int.MaxValue - 1, int.MinValue, int.MinValue + 1, 0x55555555, 65536 };
    static void Main() {
        foreach (int a in Values) {
            Console.WriteLine("-" + a + "=" + unchecked(-a) + " ~" + ~a + " >>1=" + (a >> 1) + " <<3=" + (a << 3) + " >>31=" + (a >> 31) + " u>>4=" + ((uint)a >> 4));
            foreach (int b in Values) {
                Console.Write(a + "," + b + ": " + unchecked(a + b) + " " + unchecked(a - b) + " " + unchecked(a * b) + " " + (a & b) + " " + (a | b) + " " + (a ^ b) + " " + (a << b) + " " + (a >> b));
                if (b != 0 && !(a == int.MinValue && b == -1)) Console.Write(" " + a / b + " " + a % b);
                Console.WriteLine(" " + (a < b) + (a <= b) + (a == b) + (a != b) + (a > b) + (a >= b));
            }
        }
    }
}
