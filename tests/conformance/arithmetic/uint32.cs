using System;
class Program {
    static readonly uint[] Values = { 0, 1, 2, 7, 31, 32, 33, 1000, 0x7fffffff, 0x80000000, 0x80000001, uint.MaxValue, uint.MaxValue - 1 };
    static void Main() {
        foreach (uint a in Values) {
            Console.WriteLine("~" + ~a + " >>1=" + (a >> 1) + " <<3=" + (a << 3) + " >>31=" + (a >> 31) + " -" + (-a));
            foreach (uint b in Values) {
                Console.Write(a + "," + b + ": " + unchecked(a + b) + " " + unchecked(a - b) + " " + unchecked(a * b) + " " + (a & b) + " " + (a | b) + " " + (a ^ b) + " " + (a << (int)b) + " " + (a >> (int)b));
                if (b != 0) Console.Write(" " + a / b + " " + a % b);
                Console.WriteLine(" " + (a < b) + (a <= b) + (a == b) + (a != b) + (a > b) + (a >= b));
            }
        }
    }
}
