using System;
class Cell { public int Value; public Cell Next; public Cell(int v, Cell n) { Value = v; Next = n; } public int Sum() { return Next == null ? Value : Value + Next.Sum(); } }
class Program {
    static void Main() {
        Cell list = null;
        for (int i = 1; i <= 10; i++) list = new Cell(i, list);
        Console.WriteLine(list.Sum());
        Cell reversed = null;
        while (list != null) { Cell next = list.Next; list.Next = reversed; reversed = list; list = next; }
        Console.WriteLine(reversed.Value);
        Console.WriteLine(reversed.Next.Next.Value);
        Console.WriteLine(reversed.Sum());
    }
}
