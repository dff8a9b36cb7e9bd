using System;
class Program {
    static string Try(Func<object> f) { try { return f().ToString(); } catch (OverflowException) { return "over"; } }
    static void Main() {
        foreach (long v in new long[] { 0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 65535, 65536, int.MaxValue, int.MinValue, 2147483648, -2147483649, uint.MaxValue, 4294967296, long.MaxValue, long.MinValue }) {
            unchecked { Console.WriteLine(v + " -> " + (sbyte)v + " " + (byte)v + " " + (short)v + " " + (ushort)v + " " + (int)v + " " + (uint)v + " " + (ulong)v + " " + (int)(char)v); }
            checked {
                Console.WriteLine("   " + Try(() => checked((sbyte)v)) + " " + Try(() => checked((byte)v)) + " " + Try(() => checked((short)v)) + " " + Try(() => checked((ushort)v)) + " " + Try(() => checked((int)v)) + " " + Try(() => checked((uint)v)) + " " + Try(() => checked((ulong)v)) + " " + Try(() => checked((int)(char)v)));
            }
            int i = unchecked((int)v); uint u = unchecked((uint)v); ulong w = unchecked((ulong)v);
            Console.WriteLine("   " + (long)i + " " + (long)u + " " + unchecked((ulong)i) + " " + (ulong)u + " " + (double)v + " " + (float)v + " " + (double)w + " " + (float)u + " " + (double)u);
            checked {
                Console.WriteLine("   " + Try(() => checked((sbyte)i)) + " " + Try(() => checked((uint)i)) + " " + Try(() => checked((ulong)i)) + " " + Try(() => checked((int)u)) + " " + Try(() => checked((short)u)) + " " + Try(() => checked((long)w)) + " " + Try(() => checked((int)w)) + " " + Try(() => checked((uint)w)) + " " + Try(() => checked((byte)w)));
            }
        }
    }
}
