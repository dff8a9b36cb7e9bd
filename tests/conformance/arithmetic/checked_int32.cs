using System;
class Program {
    static readonly int[] Values = { 0, 1, -1, 2, -2, 46340, 46341, -46341, int.MaxValue, int.MaxValue - 1, int.MinValue, int.MinValue + 1 };
    static string Try(Func<int> f) {
        try { return f().ToString(); } catch (OverflowException) { return "overflow"; } catch (DivideByZeroException) { return "zero"; }
    }
    static void Main() {
        foreach (int a in Values) {
            Console.WriteLine(a + " neg " + Try(() => checked(-a)) + " inc " + Try(() => { int x = a; checked { x++; } return x; }) + " dec " + Try(() => { int x = a; checked { x--; } return x; }));
            foreach (int b in Values)
                Console.WriteLine(a + "," + b + ": " + Try(() => checked(a + b)) + " " + Try(() => checked(a - b)) + " " + Try(() => checked(a * b)) + " " + Try(() => a / b));
        }
    }
}
