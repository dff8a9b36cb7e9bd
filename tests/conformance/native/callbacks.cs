// Compiler options: -unsafe
// Delegates as C function pointers: the C library calls back.
using System;
using System.Runtime.InteropServices;

unsafe class Program
{
    delegate int Compare(int* a, int* b);
    delegate int CompareRef(ref double a, ref double b);

    [DllImport("libc")] static extern void qsort(int[] items, IntPtr count, IntPtr size, Compare compare);
    [DllImport("libc")] static extern void qsort(double[] items, IntPtr count, IntPtr size, CompareRef compare);
    [DllImport("libc", EntryPoint = "bsearch")]
    static extern IntPtr Find(ref int key, int[] items, IntPtr count, IntPtr size, IntPtr compare);

    delegate void Nothing();
    delegate float Single(float x);

    static int calls;

    static int Backwards(int* a, int* b)
    {
        if (++calls % 16 == 0) GC.Collect();
        return b[0].CompareTo(a[0]);
    }

    static void Main()
    {
        var items = new int[200];
        for (int i = 0; i < items.Length; i++) items[i] = i * 7919 % 1000;
        qsort(items, (IntPtr)items.Length, (IntPtr)4, Backwards);
        for (int i = 1; i < items.Length; i++) if (items[i - 1] < items[i]) Console.WriteLine("not sorted at " + i);
        Console.WriteLine(items[0] + " " + items[199]);

        var doubles = new[] { 3.5, -1, 2.25, 100 };
        int seen = 0;
        qsort(doubles, (IntPtr)4, (IntPtr)8, (ref double a, ref double b) => { seen++; return a.CompareTo(b); });
        Console.WriteLine(string.Join(" ", doubles) + " " + (seen > 2));

        Compare order = (a, b) => *b - *a;
        int key = items[17];
        Console.WriteLine(Find(ref key, items, (IntPtr)items.Length, (IntPtr)4, Marshal.GetFunctionPointerForDelegate(order)) != IntPtr.Zero);
        GC.KeepAlive(order);

        Nothing nothing = () => Console.WriteLine("called");
        IntPtr pointer = Marshal.GetFunctionPointerForDelegate(nothing);
        Console.WriteLine(pointer == Marshal.GetFunctionPointerForDelegate(nothing));
        Console.WriteLine(ReferenceEquals(nothing, Marshal.GetDelegateForFunctionPointer(pointer, typeof(Nothing))));
        GC.KeepAlive(nothing);

        int distinct = 0;
        IntPtr last = IntPtr.Zero;
        for (int i = 0; i < 5000; i++)
        {
            int n = i;
            Single each = x => x + n;
            IntPtr address = Marshal.GetFunctionPointerForDelegate(each);
            if (address != last) distinct++;
            last = address;
            if (i % 1000 == 0) GC.Collect();
            GC.KeepAlive(each);
        }
        Console.WriteLine(distinct);
    }
}
