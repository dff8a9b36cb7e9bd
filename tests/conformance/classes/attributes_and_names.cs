using System;
using System.Diagnostics;
[AttributeUsage(AttributeTargets.All, AllowMultiple = true)] class TagAttribute : Attribute { public string Name; public int Level { get; set; } public Type T; public TagAttribute(string n) { Name = n; } public TagAttribute(params int[] a) { Name = "ints" + a.Length; } }
[Tag("class", Level = 3, T = typeof(string))] [Tag(1, 2, 3)] class C { [Tag("method")] public void M() { } [Obsolete("old")] public int F; }
class Derived : C { [Conditional("NEVER")] public static void Skipped(string s) { Console.WriteLine("skipped? " + s); } }
class Program {
    static void Main() {
        var tags = (TagAttribute[])typeof(C).GetCustomAttributes(typeof(TagAttribute), false); Array.Sort(tags, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (var t in tags) Console.WriteLine(t.Name + " " + t.Level + " " + (t.T == null ? "-" : t.T.Name));
        Console.WriteLine(((TagAttribute)typeof(C).GetMethod("M").GetCustomAttributes(typeof(TagAttribute), false)[0]).Name + " " + ((ObsoleteAttribute)Attribute.GetCustomAttribute(typeof(C).GetField("F"), typeof(ObsoleteAttribute))).Message);
        Console.WriteLine(Attribute.IsDefined(typeof(Derived), typeof(TagAttribute)) + " " + typeof(Derived).GetCustomAttributes(false).Length);
        Derived.Skipped("x"); Console.WriteLine(nameof(C.M) + nameof(Program) + nameof(System.Collections.Generic));
    }
}
