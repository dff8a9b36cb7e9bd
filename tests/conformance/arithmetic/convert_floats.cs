using System;
class Program {
    static string Try(Func<object> f) { try { return f().ToString(); } catch (OverflowException) { return "over"; } }
    static void Main() {
        // In range: defined for unchecked conversions.
        foreach (double d in new[] { 0.0, 0.5, 0.99, -0.99, 1.5, -1.5, 2.5, 100.999, -100.999 })
            Console.WriteLine(d + " -> " + (sbyte)d + " " + (short)d + " " + (int)d + " " + (long)d + " " + (float)d + " " + (int)(float)d + " " + (char)(int)Math.Abs(d + 65));
        foreach (double d in new[] { 1e9, -1e9, 2147483647.0, -2147483648.0, 1e18, -1e18, 4e9 })
            Console.WriteLine(d + " -> " + (long)d + " " + (decimal)d);
        Console.WriteLine((uint)4e9 + " " + (ulong)1.8e19 + " " + (ulong)1e10 + " " + (uint)3.99);
        // Checked: overflow is defined everywhere.
        foreach (double d in new[] { 0.0, -0.5, -1.0, 127.9, 128.0, -128.9, -129.0, 255.9, 256.0, 32768.0, 65535.5, 65536.0, 2147483647.5, 2147483648.0, -2147483648.5, -2147483649.0, 4294967295.5, 4294967296.0, 9.3e18, -9.3e18, 1.9e19, 1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity }) {
            checked {
                Console.WriteLine(d + " => " + Try(() => checked((sbyte)d)) + " " + Try(() => checked((byte)d)) + " " + Try(() => checked((short)d)) + " " + Try(() => checked((ushort)d)) + " " + Try(() => checked((int)d)) + " " + Try(() => checked((uint)d)) + " " + Try(() => checked((long)d)) + " " + Try(() => checked((ulong)d)) + " " + Try(() => checked((decimal)d)));
            }
        }
        double huge = 1e40, tiny = 1e-50; Console.WriteLine((float)huge + " " + (float)tiny + " " + (float)-huge); float f = 16777217f;
        Console.WriteLine(f + " " + (double)16777217 + " " + (float)16777217 + " " + (float)long.MaxValue + " " + (double)ulong.MaxValue + " ");
    }
}
