using System;
class Program {
    static void Main() {
        foreach (sbyte a in new sbyte[] { 0, 1, -1, 127, -128, 50 })
            foreach (sbyte b in new sbyte[] { 1, -1, 127, -128, 3 })
                Console.WriteLine("sbyte " + a + "," + b + " " + (a + b) + " " + unchecked((sbyte)(a + b)) + " " + unchecked((sbyte)(a * b)) + " " + unchecked((sbyte)(a - b)) + " " + a % b + " " + (a >> 2) + " " + unchecked((sbyte)(a << 2)));
        foreach (byte a in new byte[] { 0, 1, 127, 128, 255 })
            foreach (byte b in new byte[] { 1, 2, 128, 255 })
                Console.WriteLine("byte " + a + "," + b + " " + (a + b) + " " + unchecked((byte)(a + b)) + " " + unchecked((byte)(a * b)) + " " + unchecked((byte)(a - b)) + " " + a / b + " " + a % b);
        foreach (short a in new short[] { 0, 1, -1, short.MaxValue, short.MinValue })
            foreach (short b in new short[] { 1, -1, short.MaxValue, short.MinValue, 100 })
                Console.WriteLine("short " + a + "," + b + " " + (a + b) + " " + unchecked((short)(a + b)) + " " + unchecked((short)(a * b)) + " " + a / b + " " + a % b);
        foreach (ushort a in new ushort[] { 0, 1, ushort.MaxValue, 0x8000 })
            foreach (ushort b in new ushort[] { 1, ushort.MaxValue, 0x8000, 7 })
                Console.WriteLine("ushort " + a + "," + b + " " + (a + b) + " " + unchecked((ushort)(a + b)) + " " + unchecked((ushort)(a * b)) + " " + a / b + " " + a % b);
        char c = 'a';
        c++;
        c += (char)2;
        Console.WriteLine(c + " " + (int)c + " " + (c + 1) + " " + (char)(c + 1) + " " + ('z' - c));
        byte x = 250;
        x += 10; Console.WriteLine(x);
        x--; x--; x--; x--; x--; Console.WriteLine(x);
        x <<= 1; Console.WriteLine(x);
        sbyte s = 127; s++; Console.WriteLine(s);
        short h = -32768; h--; Console.WriteLine(h);
        ushort u = 0; u--; Console.WriteLine(u);
        h >>= 3; Console.WriteLine(h);
        h ^= 0x0f0f; Console.WriteLine(h);
        h |= 0x1000; Console.WriteLine(h);
        h &= 0x7ff; Console.WriteLine(h);
        h %= 100; Console.WriteLine(h);
    }
}
