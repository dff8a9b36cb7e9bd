using System;
class Program {
    static readonly uint[] Values = { 0, 1, 2, 65535, 65536, 65537, 0x7fffffff, 0x80000000, uint.MaxValue };
    static string Try(Func<uint> f) { try { return f().ToString(); } catch (OverflowException) { return "overflow"; } }
    static void Main() {
        foreach (uint a in Values) {
            Console.WriteLine(a + " inc " + Try(() => { uint x = a; checked { ++x; } return x; }) + " dec " + Try(() => { uint x = a; checked { --x; } return x; }));
            foreach (uint b in Values)
                Console.WriteLine(a + "," + b + ": " + Try(() => checked(a + b)) + " " + Try(() => checked(a - b)) + " " + Try(() => checked(a * b)));
        }
    }
}
