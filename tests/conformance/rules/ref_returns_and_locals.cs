// References to locals, fields, elements and statics: ref locals, ref returns, ref readonly, ref extension, generic pick, out in patterns.
using System;

struct Big { public long A, B, C, D; public long Sum() { return A + B + C + D; } }
class Store { int[] items = { 1, 2, 3, 4 }; public Big Inner; static string text = "s"; public ref int this[int i] { get { return ref items[i]; } } public ref Big Ref() { return ref Inner; } public static ref string Text() { return ref text; } public int Total() { int t = 0; foreach (var i in items) t += i; return t; } }

static class Program
{
    static ref T Pick<T>(bool first, ref T a, ref T b) { if (first) return ref a; return ref b; }
    static ref int Find(int[] a, int v) { for (int i = 0; i < a.Length; i++) if (a[i] == v) return ref a[i]; throw new Exception("none"); }
    static long Read(ref Big b) { return b.Sum() + b.A; }
    static void Fill(out Big b, out int n) { b = new Big { A = 1, D = 4 }; n = (int)b.Sum(); }
    static void Twice(ref int a, ref int b) { a++; b *= 2; a += b; }
    static void Swap<T>(ref T a, ref T b) { var t = a; a = b; b = t; }

    static void Main()
    {
        var s = new Store(); s[1] = 20; s[2]++; ref int r = ref s[3]; r += 6; Console.WriteLine(s.Total() + " " + s[3]);
        s.Ref().A = 7; ref Big b = ref s.Ref(); b.B = 8; var copy = b; copy.C = 100; Console.WriteLine(s.Inner.Sum() + " " + copy.Sum());
        Store.Text() += "t"; Console.WriteLine(Store.Text());
        int x = 1, y = 2; Pick(false, ref x, ref y) = 50; Pick(true, ref x, ref y)++; Console.WriteLine(x + " " + y);
        var arr = new[] { 5, 6, 7 }; Find(arr, 6) = 60; Console.WriteLine(string.Join(",", arr)); try { Find(arr, 1)++; } catch (Exception e) { Console.WriteLine(e.Message); }
        Fill(out var big, out int n); Console.WriteLine(big.Sum() + " " + n + " " + Read(ref big) + " " + Read(ref s.Inner));
        Twice(ref x, ref x); Console.WriteLine(x); Twice(ref arr[0], ref arr[2]); Console.WriteLine(string.Join(",", arr));
        string a = "a", c = "c"; Swap(ref a, ref c); Swap(ref arr[0], ref arr[1]); Swap(ref s.Inner, ref big); Console.WriteLine(a + c + arr[0] + " " + s.Inner.Sum() + " " + big.Sum());
        object o = 5; ref object ro = ref o; ro = "changed"; Console.WriteLine(o);
        var grid = new int[2, 2]; ref int cell = ref grid[1, 0]; cell = 9; GC.Collect(); cell++; Console.WriteLine(grid[1, 0]);
        for (int i = 0; i < 3; i++) { ref int e = ref arr[i]; e = e * e; } Console.WriteLine(arr[2]);
    }
}
