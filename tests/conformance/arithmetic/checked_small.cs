using System;
class Program {
    static string Try(Func<object> f) { try { return f().ToString(); } catch (OverflowException) { return "overflow"; } }
    static void Main() {
        foreach (byte a in new byte[] { 0, 1, 100, 200, 255 })
            foreach (byte b in new byte[] { 0, 1, 100, 255 })
                Console.WriteLine(a + "," + b + " " + Try(() => checked((byte)(a + b))) + " " + Try(() => checked((byte)(a - b))) + " " + Try(() => checked((byte)(a * b))) + " " + Try(() => checked((sbyte)(a + b))) + " " + Try(() => checked((char)(a - b))));
        foreach (short a in new short[] { 0, 1, -1, 200, short.MaxValue, short.MinValue })
            foreach (short b in new short[] { 0, 1, -1, 200, short.MaxValue })
                Console.WriteLine(a + "," + b + " " + Try(() => checked((short)(a + b))) + " " + Try(() => checked((short)(a - b))) + " " + Try(() => checked((short)(a * b))) + " " + Try(() => checked((ushort)(a * b))));
        byte x = 255; sbyte s = -128; short h = short.MaxValue; ushort u = 0; char c = char.MaxValue;
        Console.WriteLine(Try(() => { checked { return ++x; } }) + Try(() => { checked { return --s; } }) + Try(() => { checked { return h += 1; } }) + Try(() => { checked { return u -= 1; } }) + Try(() => { checked { return c++; } }));
    }
}
