// Dependencies: calls.lib.il
// Compiler options: -unsafe
// Every form of argument and result through a delegate's function pointer.
using System;
using System.Runtime.InteropServices;

unsafe class Program
{
    delegate long NumbersOf(sbyte a, byte b, short c, ushort d, int e, uint f, long g, ulong h, IntPtr i, int* j);
    delegate double FloatsOf(float a, double b, int c, float d, double e, double f, double g, double h, double i, double j, double k);
    delegate Large StructsOf(Small a, Mixed b, Large c, Small d);
    delegate Small SmallOf(Small a);
    delegate Mixed MixedOf(Mixed a);
    delegate int TextOf(string a, bool b, DayOfWeek c);
    [UnmanagedFunctionPointer(CallingConvention.Cdecl, CharSet = CharSet.Unicode)]
    delegate int WideOf(string a, bool b, DayOfWeek c);
    delegate string TextFrom(int a);
    delegate bool FlagOf(bool a);
    delegate void NothingOf();
    delegate sbyte NarrowOf();
    delegate float SingleOf(float x);

    static IntPtr Pointer(Delegate d) { return Marshal.GetFunctionPointerForDelegate(d); }

    static void Main()
    {
        NumbersOf numbers = (a, b, c, d, e, f, g, h, i, j) => a + b + c + d + e + f + g + (long)h + (long)i + *j;
        int target = 1000;
        Console.WriteLine(Native.Numbers(Pointer(numbers), -1, 255, -30000, 60000, -7, uint.MaxValue, long.MinValue, 5, (IntPtr)9, &target));

        FloatsOf floats = (a, b, c, d, e, f, g, h, i, j, k) => a + b * 2 + c * 3 + d * 5 + e * 7 + f + g + h * 11 + i * 13 + j * 17 + k * 19;
        Console.WriteLine(Native.Floats(Pointer(floats), 1.5f, 2.5, 3, 4.5f, 5, 6, 7, 8, 9, 10, 11));

        StructsOf structs = (a, b, c, d) => new Large { A = a.A + c.A, B = (long)(b.A * 10) + c.B, C = d.A + b.B + c.C + (long)d.B };
        Large large = Native.Structs(Pointer(structs), new Small { A = 1, B = 2 }, new Mixed { A = 1.5, B = 4 },
            new Large { A = 10, B = 20, C = 30 }, new Small { A = 5, B = 6 });
        Console.WriteLine(large.A + " " + large.B + " " + large.C);

        SmallOf small = a => new Small { A = a.A * 2, B = a.B + 1 };
        Small s = Native.SmallBack(Pointer(small), new Small { A = 21, B = 0.5f });
        Console.WriteLine(s.A + " " + s.B);
        MixedOf mixed = a => new Mixed { A = a.A * 2, B = a.B + 1 };
        Mixed m = Native.MixedBack(Pointer(mixed), new Mixed { A = 0.25, B = long.MaxValue - 1 });
        Console.WriteLine(m.A + " " + m.B);

        IntPtr text = Marshal.StringToHGlobalAnsi("h\u00e4llo");
        IntPtr wide = Marshal.StringToHGlobalUni("\u4e2d\u6587!");
        TextOf textOf = (a, b, c) => { Console.WriteLine(a + "|" + b + "|" + c); return a == null ? -1 : a.Length; };
        WideOf wideOf = (a, b, c) => { Console.WriteLine(a + "|" + b + "|" + c); return a.Length; };
        Console.WriteLine(Native.Text(Pointer(textOf), text, 256, 5));
        Console.WriteLine(Native.Text(Pointer(textOf), IntPtr.Zero, 0, 0));
        Console.WriteLine(Native.Text(Pointer(wideOf), wide, -1, 6));
        TextFrom from = a => a < 0 ? null : new string('x', a);
        Console.WriteLine(Marshal.PtrToStringAnsi(Native.TextBack(Pointer(from), 5)));
        Console.WriteLine(Native.TextBack(Pointer(from), -1) == IntPtr.Zero);

        FlagOf flag = a => !a;
        Console.WriteLine(Native.Flag(Pointer(flag), 2) + " " + Native.Flag(Pointer(flag), 0));
        NothingOf nothing = () => Console.WriteLine("called");
        Native.Nothing(Pointer(nothing));
        NarrowOf narrow = () => -100;
        Console.WriteLine(Native.Narrow(Pointer(narrow)));
        SingleOf single = x => x * 0.5f;
        Console.WriteLine(Native.Single(Pointer(single), 3));

        int depth = 0;
        NothingOf nested = null;
        nested = () => { if (++depth < 50) Native.Nothing(Pointer(nested)); else GC.Collect(); };
        Native.Nothing(Pointer(nested));
        Console.WriteLine(depth);
        foreach (var d in new Delegate[] { numbers, floats, structs, small, mixed, textOf, wideOf, from, flag, nothing, narrow, single, nested })
            GC.KeepAlive(d);
    }
}
