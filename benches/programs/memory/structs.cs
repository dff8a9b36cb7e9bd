// Arrays of structs that hold references: sorted into, copied and grown.
using System;

struct Row {
    public long Key;
    public string Name;
    public object Value;
    public double Weight;
}

sealed class Table {
    public Row[] Rows = new Row[16];
    public int Count;

    public void Add(Row row) {
        if (Count == Rows.Length) {
            var larger = new Row[Rows.Length * 2];
            Array.Copy(Rows, larger, Count);
            Rows = larger;
        }
        Rows[Count++] = row;
    }
}

static class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]);
        string[] names = { "red", "green", "blue", "black", "white" };
        var lasting = new Table();
        double weight = 0;
        long keys = 0;
        for (int round = 0; round < rounds; round++) {
            var table = new Table();
            for (int i = 0; i < 20000; i++) {
                Row row;
                row.Key = i * 7 + round;
                row.Name = names[i % 5];
                row.Value = i % 4 == 0 ? (object)i : names[i % 3];
                row.Weight = i * 0.5;
                table.Add(row);
            }
            for (int i = 0; i < table.Count; i++) {
                keys += table.Rows[i].Key;
                weight += table.Rows[i].Weight;
                if (i % 200 == 0) lasting.Add(table.Rows[i]);
            }
        }
        Console.WriteLine(lasting.Count + " kept, keys " + keys + ", weight " + weight.ToString("F1"));
    }
}
