// Functions of the C library: numbers, strings, buffers, structs, pointers, the last error.
// Compiler options: -unsafe
using System;
using System.Runtime.InteropServices;
using System.Text;

struct Quotient
{
    public int Quot, Rem;
}

struct LongQuotient
{
    public long Quot, Rem;
}

[StructLayout(LayoutKind.Sequential)]
struct TimeValue
{
    public long Seconds, Microseconds;
}

unsafe class Program
{
    [DllImport("libc")] static extern int abs(int value);
    [DllImport("libc")] static extern long labs(long value);
    [DllImport("libm.so.6")] static extern double pow(double x, double y);
    [DllImport("libm.so.6")] static extern float sqrtf(float x);
    [DllImport("libm.so.6", EntryPoint = "ldexp")] static extern double Scale(double x, int power);
    [DllImport("libc")] static extern UIntPtr strlen(string text);
    [DllImport("libc")] static extern int atoi(string text);
    [DllImport("libc")] static extern double strtod(string text, IntPtr end);
    [DllImport("libc")] static extern int strcmp(string a, string b);
    [DllImport("libc")] static extern Quotient div(int a, int b);
    [DllImport("libc")] static extern LongQuotient ldiv(long a, long b);
    [DllImport("libc")] static extern int gettimeofday(out TimeValue time, IntPtr zone);
    [DllImport("libc", SetLastError = true)] static extern int close(int descriptor);
    [DllImport("libc")] static extern IntPtr memset(byte[] buffer, int value, UIntPtr count);
    [DllImport("libc")] static extern int memcmp(int[] a, int[] b, UIntPtr count);
    [DllImport("libc")] static extern IntPtr malloc(UIntPtr size);
    [DllImport("libc")] static extern void free(IntPtr block);
    [DllImport("libc")] static extern byte* strcpy(byte* to, string from);
    [DllImport("libc")] static extern int snprintf(StringBuilder to, UIntPtr size, string format,
        int a, int b, int c, int d, int e, int f);
    [DllImport("libc")] static extern int toupper(int letter);
    [DllImport("libc")] static extern int no_such_function();
    [DllImport("no_such_library")] static extern int nothing();

    static void Main()
    {
        Console.WriteLine("{0} {1}", abs(-5), labs(-5000000000));
        Console.WriteLine("{0} {1} {2}", pow(2, 10), sqrtf(6.25f), Scale(0.75, 4));
        Console.WriteLine("{0} {1} {2}", strlen("héllo"), atoi("123x"), strtod("2.5", IntPtr.Zero));
        Console.WriteLine(strcmp("same", "same"));
        Quotient small = div(17, 5);
        LongQuotient large = ldiv(-17000000000, 5000000000);
        Console.WriteLine("{0} {1} {2} {3}", small.Quot, small.Rem, large.Quot, large.Rem);
        TimeValue now;
        Console.WriteLine("{0} {1}", gettimeofday(out now, IntPtr.Zero), now.Seconds > 1000000000);
        Console.WriteLine("{0} {1}", close(-1), Marshal.GetLastWin32Error());
        byte[] buffer = new byte[5];
        memset(buffer, 7, (UIntPtr)4);
        Console.WriteLine(string.Join(",", buffer));
        Console.WriteLine(memcmp(new[] { 1, 2, 3 }, new[] { 1, 2, 3 }, (UIntPtr)12));
        IntPtr block = malloc((UIntPtr)16);
        strcpy((byte*)block, "copied");
        Console.WriteLine(Marshal.PtrToStringAnsi(block));
        free(block);
        var text = new StringBuilder(64);
        int length = snprintf(text, (UIntPtr)64, "%d-%d-%d-%d-%d-%d", 1, 2, 3, 4, 5, 6);
        Console.WriteLine("{0} {1}", length, text);
        Console.WriteLine((char)toupper('q'));
        try { no_such_function(); }
        catch (EntryPointNotFoundException e) { Console.WriteLine(e.GetType().Name); }
        try { nothing(); }
        catch (DllNotFoundException e) { Console.WriteLine(e.GetType().Name); }
    }
}
