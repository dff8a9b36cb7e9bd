using System;
class Program {
    static int PopCount(uint v) { int c = 0; for (; v != 0; v &= v - 1) c++; return c; }
    static uint Rotate(uint v, int n) { return (v << n) | (v >> (32 - n)); }
    static ulong Rotate64(ulong v, int n) { return (v << n) | (v >> (64 - n)); }
    static int LeadingZeros(ulong v) { int n = 0; for (int i = 63; i >= 0 && (v >> i & 1) == 0; i--) n++; return n; }
    static uint Reverse(uint v) { uint r = 0; for (int i = 0; i < 32; i++) { r = r << 1 | v & 1; v >>= 1; } return r; }
    static void Main() {
        for (int n = -2; n < 68; n += 5)
            Console.WriteLine(n + ": " + (1 << n) + " " + (-1 >> n) + " " + (0xffffffffu >> n) + " " + (1L << n) + " " + (long.MinValue >> n) + " " + (ulong.MaxValue >> n));
        foreach (uint v in new uint[] { 0, 1, 0xf0f0f0f0, 0xdeadbeef, uint.MaxValue })
            Console.WriteLine(PopCount(v) + " " + Rotate(v, 7).ToString("x8") + " " + Reverse(v).ToString("x8") + " " + Rotate64((ulong)v << 17, 41).ToString("x16") + " " + LeadingZeros(v));
        uint hash = 2166136261;
        foreach (char c in "fnv-1a hash of a string") hash = (hash ^ c) * 16777619;
        Console.WriteLine(hash);
        ulong state = 88172645463325252;
        for (int i = 0; i < 5; i++) { state ^= state << 13; state ^= state >> 7; state ^= state << 17; Console.WriteLine(state); }
        uint crc = uint.MaxValue;
        foreach (char c in "123456789") { crc ^= c; for (int k = 0; k < 8; k++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1; }
        Console.WriteLine((~crc).ToString("X8"));
    }
}
