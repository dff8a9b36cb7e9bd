// MethodBase.GetCurrentMethod names the definition of a generic method.
using System;
using System.Reflection;
using System.Runtime.CompilerServices;

class Box<T>
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public MethodBase Here() { return MethodBase.GetCurrentMethod(); }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static MethodBase Both<U>() { return MethodBase.GetCurrentMethod(); }
}

class Program
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    static MethodBase Plain() { return MethodBase.GetCurrentMethod(); }

    static void Main()
    {
        Console.WriteLine(Plain());
        Console.WriteLine(new Box<string>().Here().DeclaringType);
        Console.WriteLine(new Box<int>().Here() == typeof(Box<>).GetMethod("Here"));
        Console.WriteLine(Box<int>.Both<string>() == typeof(Box<>).GetMethod("Both"));
    }
}
