// checked and unchecked: contexts, constants, casts between all widths, compound assignment, increments, in lambdas and loops.
using System;

static class Program
{
    static string Try(Func<object> f) { try { return f().ToString(); } catch (OverflowException) { return "overflow"; } catch (Exception e) { return e.GetType().Name; } }

    static void Main()
    {
        int big = int.MaxValue, min = int.MinValue, zero = 0; long lb = long.MaxValue; uint ub = uint.MaxValue; ulong ulb = ulong.MaxValue; byte b = 255; sbyte sb = -128; short sh = 32767; char c = '\uffff'; double d = 1e20, nan = double.NaN, edge = 2147483647.9; float f = -1.5f; decimal m = decimal.MaxValue;
        Console.WriteLine(Try(() => checked(big + 1)) + Try(() => unchecked(big + 1)) + " " + Try(() => checked(min - 1)) + " " + Try(() => checked(-min)) + " " + Try(() => checked(big * 2)) + " " + Try(() => checked(lb + 1)) + " " + Try(() => checked(lb * lb)) + " " + Try(() => checked(ub + 1)) + Try(() => checked(ulb * 2)));
        Console.WriteLine(Try(() => checked((byte)big)) + Try(() => unchecked((byte)big)) + " " + Try(() => checked((sbyte)b)) + Try(() => unchecked((sbyte)b)) + " " + Try(() => checked((uint)min)) + Try(() => unchecked((uint)min)) + " " + Try(() => checked((ulong)sb)) + " " + Try(() => checked((short)c)) + " " + Try(() => checked((char)sh)) + " " + Try(() => checked((int)ub)));
        Console.WriteLine(Try(() => checked((int)d)) + " " + Try(() => checked((long)d)) + " " + Try(() => checked((byte)f)) + " " + Try(() => checked((sbyte)f)) + " " + Try(() => checked((ulong)d)) + " " + Try(() => checked((int)nan)) + " " + Try(() => m + 1) + " " + Try(() => (int)m) + " " + Try(() => (long)-1.9m));
        Console.WriteLine(Try(() => { checked { byte x = b; x++; return x; } }) + Try(() => { unchecked { byte x = b; x++; return x; } }) + " " + Try(() => { checked { sh += 1; return sh; } }) + " " + Try(() => { checked { sbyte x = sb; x--; return x; } }) + " " + Try(() => { checked { char x = c; x++; return (int)x; } }));
        Console.WriteLine(Try(() => big / zero) + " " + Try(() => min / -1 + zero) + " " + Try(() => 5.0 / zero) + " " + Try(() => lb % (long)zero) + " " + Try(() => 1m / zero) + " " + Try(() => checked((uint)zero - 1u)));
        Console.WriteLine(Try(() => { checked { int i = 1; for (int k = 0; k < 40; k++) i *= 3; return i; } }) + " " + Try(() => { unchecked { int i = 1; for (int k = 0; k < 40; k++) i *= 3; return i; } }));
        unchecked { const int k = (int)0xFFFFFFFF; const byte kb = (byte)300; Console.WriteLine(k + " " + kb + " " + (short)70000 + " " + (ulong)-1); }
        int[] a = new int[3]; try { checked { a[(int)(uint)(zero - 1)] = 1; } } catch (Exception e) { Console.WriteLine(e.GetType().Name); }
        Console.WriteLine(Try(() => checked((IntPtr)5).ToInt32()) + " " + Try(() => new IntPtr(1L << 40).ToInt32()) + " " + Try(() => Convert.ToByte(300)) + " " + Try(() => Math.Abs(min)) + " " + Try(() => checked((int)edge)) + " " + Try(() => checked((int)(-edge - 1))));
    }
}
