// Compiler options: -unsafe
// Explicit and sequential layouts: overlapping scalars, packing, sizes, nested structures, fields of classes.
using System;
using System.Runtime.InteropServices;

[StructLayout(LayoutKind.Explicit)] struct Union { [FieldOffset(0)] public int I; [FieldOffset(0)] public float F; [FieldOffset(0)] public byte B0; [FieldOffset(1)] public byte B1; [FieldOffset(2)] public short Hi; }
[StructLayout(LayoutKind.Explicit, Size = 24)] struct Sized { [FieldOffset(4)] public int A; [FieldOffset(16)] public long B; }
[StructLayout(LayoutKind.Sequential, Pack = 1)] struct Packed { public byte A; public int B; public short C; public long D; }
[StructLayout(LayoutKind.Sequential, Pack = 2)] struct Packed2 { public byte A; public int B; public byte C; public double D; }
[StructLayout(LayoutKind.Sequential)] struct Nested { public byte A; public Packed P; public Union U; public byte Z; }
[StructLayout(LayoutKind.Sequential, Size = 100)] struct Large { public int A; }
struct Auto { public byte A; public long B; public byte C; public int D; }
[StructLayout(LayoutKind.Explicit)] struct Refs { [FieldOffset(0)] public object O; [FieldOffset(8)] public int I; [FieldOffset(12)] public int J; [FieldOffset(8)] public long L; }
[StructLayout(LayoutKind.Explicit)] class Klass { [FieldOffset(0)] public int I; [FieldOffset(2)] public short S; [FieldOffset(8)] public string Text; }
[StructLayout(LayoutKind.Sequential)] class KSeq { public byte B; public int I; public byte C; public long L; }
unsafe struct Fixed { public fixed byte Bytes[10]; public fixed int Ints[3]; public short S; }

static unsafe class Program
{
    static void Main()
    {
        var u = new Union { F = 1.5f };
        Console.WriteLine(u.I + " " + u.B0 + " " + u.B1 + " " + u.Hi);
        u.Hi = 0x4000; u.B1 = 7; Console.WriteLine(u.I + " " + u.F);
        Console.WriteLine(sizeof(Union) + " " + sizeof(Sized) + " " + sizeof(Packed) + " " + sizeof(Packed2) + " " + sizeof(Nested) + " " + sizeof(Large) + " " + sizeof(Auto) + " " + sizeof(Fixed));
        Nested n = new Nested(); byte* b = (byte*)&n;
        Console.WriteLine(((byte*)&n.P - b) + " " + ((byte*)&n.P.B - b) + " " + ((byte*)&n.P.D - b) + " " + ((byte*)&n.U - b) + " " + (&n.Z - b));
        Packed2 p; b = (byte*)&p; Console.WriteLine(((byte*)&p.B - b) + " " + (&p.C - b) + " " + ((byte*)&p.D - b));
        var arr = new Packed[3]; arr[1].D = -1; arr[2].A = 9; fixed (Packed* q = arr) Console.WriteLine(((byte*)&q[1] - (byte*)q) + " " + q[1].D + " " + q[2].A);
        var r = new Refs { O = "text", L = 0x100000002 }; Console.WriteLine(r.O + " " + r.I + " " + r.J);
        var box = (object)r; GC.Collect(); Console.WriteLine(((Refs)box).O + " " + ((Refs)box).L);
        var k = new Klass { I = 0x10002, Text = "k" }; Console.WriteLine(k.S + " " + k.Text);
        var f = new Fixed(); f.Ints[2] = 5; f.Bytes[9] = 3; f.S = 4; var g = f; Console.WriteLine(g.Ints[2] + g.Bytes[9] + g.S);
        Console.WriteLine(Marshal.SizeOf(typeof(Sized)) + " " + Marshal.SizeOf(typeof(Packed)) + " " + Marshal.OffsetOf(typeof(Nested), "U") + " " + Marshal.SizeOf(typeof(KSeq)));
        var o = new Large { A = 1 }; object lo = o; Console.WriteLine(((Large)lo).A);
    }
}
