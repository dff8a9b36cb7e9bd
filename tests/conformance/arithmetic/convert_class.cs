using System;
class Program {
    static string Try(Func<object> f) { try { object o = f(); return o + ":" + o.GetType().Name; } catch (Exception e) { return e.GetType().Name; } }
    static void Main() {
        object[] values = { 0, 1, -1, 255, 256, 3.5, 2.5, -0.5, 1e20, "12", "x", "", true, 'A', 7m, (byte)9, long.MaxValue, 1.5f, null };
        foreach (object v in values)
            Console.WriteLine((v ?? "null") + " | " + Try(() => Convert.ToInt32(v)) + " " + Try(() => Convert.ToByte(v)) + " " + Try(() => Convert.ToInt64(v)) + " " + Try(() => Convert.ToDouble(v)) + " " + Try(() => Convert.ToBoolean(v)) + " " + Try(() => Convert.ToChar(v)) + " " + Try(() => Convert.ToDecimal(v)) + " " + Try(() => Convert.ToString(v)));
        foreach (int b in new[] { 2, 8, 10, 16 })
            Console.WriteLine(Convert.ToString(255, b) + " " + Convert.ToString(-1L, b) + " " + Convert.ToInt32("101", b) + " " + Convert.ToString((byte)200, b));
        byte[] data = new byte[50];
        for (int i = 0; i < data.Length; i++) data[i] = (byte)(i * 37);
        string encoded = Convert.ToBase64String(data);
        Console.WriteLine(encoded + " " + Convert.FromBase64String(encoded).Length + " " + Convert.FromBase64String(encoded)[49]);
        Console.WriteLine(Convert.ToBase64String(new byte[] { 1 }) + " " + Convert.ToBase64String(new byte[] { 1, 2 }) + " " + Try(() => Convert.FromBase64String("a")));
        Console.WriteLine(Convert.ChangeType("17", typeof(int)) + " " + Convert.ChangeType(3, typeof(string)) + " " + Convert.ChangeType(65, typeof(char)) + " " + Convert.GetTypeCode(3.5) + " " + Convert.IsDBNull(DBNull.Value));
    }
}
