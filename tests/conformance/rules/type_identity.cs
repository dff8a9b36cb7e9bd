// Compiler options: -unsafe
// One Type object per type: typeof, GetType, generic instances made in several ways, arrays, by-refs, pointers, nested; names and base types.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

class G<T> { public class N<U> { } public T[] Arr; public List<T> Lst; public T Get<M>(M m, ref T t, out T[] ts) { ts = null; return t; } public static Type Own() { return typeof(T); } public static Type Self() { return typeof(G<T>); } }

static class Program
{
    static Type Of<T>() { return typeof(T); }
    static unsafe void Main()
    {
        Console.WriteLine(ReferenceEquals(typeof(int), 5.GetType()) + " " + ReferenceEquals(typeof(List<string>), new List<string>().GetType()) + " " + ReferenceEquals(Of<List<string>>(), typeof(List<>).MakeGenericType(typeof(string))) + " " + ReferenceEquals(typeof(int[]), new int[0].GetType()) + " " + ReferenceEquals(typeof(int).MakeArrayType(), Of<int[]>()) + " " + ReferenceEquals(typeof(int).MakeArrayType(2), new int[1, 1].GetType()));
        Console.WriteLine(ReferenceEquals(G<string>.Own(), typeof(string)) + " " + ReferenceEquals(G<string>.Self(), typeof(G<>).MakeGenericType(typeof(string))) + " " + (G<object>.Self() == G<string>.Self()) + " " + G<int[]>.Self() + " " + ReferenceEquals(Type.GetType("System.Collections.Generic.Dictionary`2[System.String,System.Int32]"), typeof(Dictionary<string, int>)));
        var m = typeof(G<>).GetMethod("Get"); var c = typeof(G<DateTime>).GetMethod("Get"); Console.WriteLine(string.Join("; ", m.GetParameters().Select(p => p.ParameterType.ToString())) + " | " + string.Join("; ", c.GetParameters().Select(p => p.ParameterType.ToString())) + " | " + c.MakeGenericMethod(typeof(byte)).GetParameters()[0].ParameterType + " " + m.ReturnType.IsGenericParameter + m.ReturnType.GenericParameterPosition);
        Console.WriteLine(typeof(G<>).GetField("Arr").FieldType + " " + typeof(G<char>).GetField("Arr").FieldType + " " + typeof(G<char>).GetField("Lst").FieldType + " " + typeof(G<>.N<>) + " " + typeof(G<int>.N<string>) + " " + typeof(G<int>.N<string>).DeclaringType + " " + typeof(G<int>.N<string>).FullName.Length);
        foreach (var t in new[] { typeof(int), typeof(int*), typeof(int).MakeByRefType(), typeof(int[][,]), typeof(string), typeof(void), typeof(Nullable<>), typeof(int?), typeof(Enum), typeof(DayOfWeek), typeof(Action<,>), typeof(IList<>), typeof(Dictionary<,>.KeyCollection), typeof(Array), typeof(ValueType), typeof(TypedReference) })
            Console.WriteLine(t + " " + t.Name + " " + t.BaseType + " " + (t.IsValueType ? "v" : "") + (t.IsClass ? "c" : "") + (t.IsInterface ? "i" : "") + (t.IsPrimitive ? "p" : "") + (t.IsPointer ? "*" : "") + (t.IsByRef ? "&" : "") + (t.IsArray ? "a" : "") + (t.IsSealed ? "s" : "") + (t.IsAbstract ? "A" : "") + (t.IsGenericType ? "g" : "") + (t.ContainsGenericParameters ? "o" : "") + " " + Type.GetTypeCode(t) + " " + t.Attributes);
        Console.WriteLine(typeof(IEnumerable<object>).IsAssignableFrom(typeof(List<string>)) + " " + typeof(List<object>).IsAssignableFrom(typeof(List<string>)) + " " + typeof(object).IsSubclassOf(typeof(object)) + " " + typeof(Exception).IsInstanceOfType(new ArgumentException()) + " " + typeof(Enum).IsAssignableFrom(typeof(DayOfWeek)) + " " + typeof(int?).IsAssignableFrom(typeof(int)) + " " + typeof(uint[]).IsAssignableFrom(typeof(int[])) + " " + typeof(long).IsAssignableFrom(typeof(int)));
        Console.WriteLine(string.Join(",", typeof(List<int>).GetInterfaces().Select(i => i.Name).OrderBy(n => n, StringComparer.Ordinal)) + " " + typeof(int[]).GetInterfaces().Length + " " + typeof(Dictionary<int, string>).GetInterface("IDictionary`2") + " " + typeof(List<int>).GetGenericTypeDefinition() + " " + typeof(Dictionary<int, List<string>>).GetGenericArguments()[1]);
        var h = typeof(G<int>).TypeHandle; Console.WriteLine(Type.GetTypeFromHandle(h) + " " + h.Equals(typeof(G<int>).TypeHandle) + " " + MethodBase.GetMethodFromHandle(c.MethodHandle, typeof(G<DateTime>).TypeHandle).DeclaringType + " " + FieldInfo.GetFieldFromHandle(typeof(G<long>).GetField("Arr").FieldHandle, typeof(G<long>).TypeHandle).FieldType + " " + typeof(G<>).GetGenericArguments()[0].DeclaringType + " " + MethodBase.GetCurrentMethod().Name);
    }
}
