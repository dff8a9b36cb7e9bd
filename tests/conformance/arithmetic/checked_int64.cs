using System;
class Program {
    static readonly long[] Values = { 0, 1, -1, 2, -2, 3037000499, 3037000500, -3037000500, int.MaxValue, long.MaxValue, long.MaxValue - 1, long.MinValue, long.MinValue + 1 };
    static string Try(Func<long> f) { try { return f().ToString(); } catch (OverflowException) { return "overflow"; } catch (DivideByZeroException) { return "zero"; } }
    static void Main() {
        foreach (long a in Values) {
            Console.WriteLine(a + " neg " + Try(() => checked(-a)) + " inc " + Try(() => { long x = a; checked { x++; } return x; }));
            foreach (long b in Values)
                Console.WriteLine(a + "," + b + ": " + Try(() => checked(a + b)) + " " + Try(() => checked(a - b)) + " " + Try(() => checked(a * b)) + " " + Try(() => a / b) + " " + Try(() => b == -1 ? 0 : a % b));
        }
    }
}
