using System;
using System.Runtime.InteropServices;
[StructLayout(LayoutKind.Explicit)] struct Union { [FieldOffset(0)] public int I; [FieldOffset(0)] public float F; [FieldOffset(0)] public byte B0; [FieldOffset(1)] public byte B1; [FieldOffset(2)] public short H1; [FieldOffset(8)] public long L; [FieldOffset(8)] public double D; }
[StructLayout(LayoutKind.Explicit, Size = 32)] struct Sized { [FieldOffset(4)] public int A; [FieldOffset(24)] public object O; }
[StructLayout(LayoutKind.Sequential, Pack = 1)] struct Packed { public byte A; public int B; public long C; }
[StructLayout(LayoutKind.Sequential)] struct Normal { public byte A; public int B; public long C; public byte D; }
class Program {
    static void Main() {
        var u = new Union { F = 1.5f }; Console.WriteLine(u.I.ToString("x") + " " + u.B0 + " " + u.B1 + " " + u.H1); u.B1 = 0x12; Console.WriteLine(u.I.ToString("x8") + " " + u.F); u.D = -0.5; Console.WriteLine(u.L.ToString("x")); u.L = 0; Console.WriteLine(u.D);
        var s = new Sized { A = 5, O = "ref" }; var t = s; t.O = null; Console.WriteLine(s.A + "" + s.O + (t.O == null)); Console.WriteLine(Marshal.SizeOf(typeof(Packed)) + " " + Marshal.SizeOf(typeof(Normal)) + " " + Marshal.SizeOf(typeof(Union)) + " " + Marshal.OffsetOf(typeof(Packed), "C") + " " + Marshal.OffsetOf(typeof(Normal), "C"));
        var p = new Packed { A = 1, B = 2, C = 3 }; var arr = new Packed[3]; arr[1] = p; arr[2] = arr[1]; arr[2].B = 9; Console.WriteLine(arr[1].B + arr[2].B + arr[2].C + arr[0].A); object o = u; Console.WriteLine(((Union)o).B1);
    }
}
