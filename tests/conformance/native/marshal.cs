// Structures, texts, arrays and handles between managed and native memory.
using System;
using System.Runtime.InteropServices;

[StructLayout(LayoutKind.Sequential)]
struct Mixed { public byte b; public int i; public double d; public short s; }

[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Ansi)]
struct Texts
{
    public bool flag;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 8)] public string name;
    public string text;
    [MarshalAs(UnmanagedType.ByValArray, SizeConst = 3)] public int[] numbers;
    public Mixed inner;
    public char c;
}

[StructLayout(LayoutKind.Explicit)]
struct Union { [FieldOffset(0)] public int i; [FieldOffset(0)] public float f; [FieldOffset(8)] public byte b; }

class Auto { int x; }

[StructLayout(LayoutKind.Sequential)]
class Sequential { public int x; public long y; }

class Marshalling
{
    static void Show(Action action)
    {
        try { action(); } catch (Exception e) { Console.WriteLine(e.GetType().Name); }
    }

    static void Main()
    {
        foreach (var type in new[] { typeof(Mixed), typeof(Texts), typeof(Union), typeof(int), typeof(Sequential), typeof(bool), typeof(char) })
            Console.WriteLine(type.Name + " " + Marshal.SizeOf(type));
        Console.WriteLine(Marshal.OffsetOf(typeof(Texts), "text") + " " + Marshal.OffsetOf(typeof(Mixed), "d"));
        Show(() => Marshal.SizeOf(typeof(Auto)));

        var block = Marshal.AllocHGlobal(256);
        var texts = new Texts { flag = true, name = "abcdefghijk", text = "hello ü", numbers = new[] { 1, 2, 3 }, inner = new Mixed { b = 1, i = 2, d = 3.5, s = 4 }, c = 'x' };
        Marshal.StructureToPtr(texts, block, false);
        var back = (Texts)Marshal.PtrToStructure(block, typeof(Texts));
        Console.WriteLine(back.flag + back.name + back.text + back.numbers[2] + back.inner.d + back.inner.s + back.c);
        Marshal.DestroyStructure(block, typeof(Texts));
        Marshal.WriteInt32(block, 0x3f800000);
        Console.WriteLine(((Union)Marshal.PtrToStructure(block, typeof(Union))).f);
        var sequential = new Sequential();
        Marshal.WriteInt64(block, 8, 77);
        Marshal.PtrToStructure(block, sequential);
        Console.WriteLine(sequential.y);

        byte[] source = { 1, 2, 3, 4, 5 }, target = new byte[5];
        Marshal.Copy(source, 1, block, 3);
        Marshal.Copy(block, target, 0, 3);
        Console.WriteLine(BitConverter.ToString(target));
        Show(() => Marshal.Copy(block, target, 3, 3));
        var ansi = Marshal.StringToHGlobalAnsi("grüß");
        Console.WriteLine(Marshal.PtrToStringAnsi(ansi) + Marshal.PtrToStringAnsi(ansi, 2));
        Marshal.FreeHGlobal(ansi);
        var wide = Marshal.StringToHGlobalUni("wide€");
        Console.WriteLine(Marshal.PtrToStringUni(wide));
        Marshal.FreeHGlobal(wide);
        var bstr = Marshal.StringToBSTR("bstr");
        Console.WriteLine(Marshal.PtrToStringBSTR(bstr));
        Marshal.FreeBSTR(bstr);
        Marshal.FreeHGlobal(Marshal.ReAllocHGlobal(block, (IntPtr)4096));

        var pinned = GCHandle.Alloc(source, GCHandleType.Pinned);
        Console.WriteLine(Marshal.ReadByte(pinned.AddrOfPinnedObject(), 2));
        pinned.Free();
        var handle = GCHandle.Alloc("x");
        handle.Target = "y";
        Console.WriteLine(handle.Target);
        handle.Free();
        Show(() => Console.WriteLine(handle.Target));
        int[] ints = { 1, 2, 3 };
        var bytes = new byte[12];
        Buffer.BlockCopy(ints, 0, bytes, 0, 12);
        Console.WriteLine(bytes[4] + " " + Buffer.ByteLength(ints));
        Show(() => Buffer.BlockCopy(new string[1], 0, bytes, 0, 1));
        Show(() => Buffer.BlockCopy(ints, 8, bytes, 0, 12));
    }
}
