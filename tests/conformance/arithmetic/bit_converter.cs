using System;
class Program {
    static void Main() {
        Console.WriteLine(BitConverter.IsLittleEndian);
        Console.WriteLine(BitConverter.ToString(BitConverter.GetBytes(0x12345678)) + " " + BitConverter.ToString(BitConverter.GetBytes(1.5)) + " " + BitConverter.ToString(BitConverter.GetBytes(-2L)) + " " + BitConverter.ToString(BitConverter.GetBytes('€')) + " " + BitConverter.ToString(BitConverter.GetBytes(true)) + " " + BitConverter.ToString(BitConverter.GetBytes(1.5f)) + " " + BitConverter.ToString(BitConverter.GetBytes((short)-3)));
        byte[] b = { 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xfe };
        Console.WriteLine(BitConverter.ToInt16(b, 0) + " " + BitConverter.ToInt32(b, 1) + " " + BitConverter.ToInt64(b, 2) + " " + BitConverter.ToUInt16(b, 8) + " " + BitConverter.ToUInt32(b, 6) + " " + BitConverter.ToUInt64(b, 0) + " " + BitConverter.ToDouble(b, 0).ToString("R") + " " + BitConverter.ToSingle(b, 3).ToString("R") + " " + BitConverter.ToBoolean(b, 0) + " " + (int)BitConverter.ToChar(b, 4));
        try { BitConverter.ToInt32(b, 8); } catch (ArgumentException e) { Console.WriteLine(e.GetType().Name); }
        Console.WriteLine(BitConverter.Int64BitsToDouble(0x7ff0000000000000) + " " + BitConverter.DoubleToInt64Bits(-0.0));
        var sums = new int[3];
        Buffer.BlockCopy(b, 0, sums, 1, 8);
        Console.WriteLine(string.Join(",", sums) + " " + Buffer.ByteLength(sums) + " " + Buffer.GetByte(sums, 2));
    }
}
