// A small shop: records, grouping, exceptions, formatting.
//     cargo xtask run examples/orders.cs
using System;
using System.Collections.Generic;
using System.Linq;

class Order {
    public readonly string Customer;
    public readonly DateTime Date;
    readonly List<(string item, int count, decimal price)> lines = new List<(string item, int count, decimal price)>();

    public Order(string customer, DateTime date) {
        Customer = customer;
        Date = date;
    }

    public decimal Total => lines.Sum(line => line.count * line.price);

    public Order Add(string item, int count, decimal price) {
        if (count <= 0) throw new ArgumentOutOfRangeException(nameof(count), count, "nobody orders that");
        lines.Add((item, count, price));
        return this;
    }
}

class Program {
    static IEnumerable<Order> Orders() {
        var start = new DateTime(2024, 1, 30);
        yield return new Order("Ada", start).Add("lamp", 2, 19.90m).Add("chair", 1, 149m);
        yield return new Order("Grace", start.AddDays(1)).Add("desk", 1, 420.50m);
        yield return new Order("Ada", start.AddDays(2)).Add("book", 12, 8.25m);
        yield return new Order("Alan", start.AddDays(3)).Add("paper tape", 1000, 0.02m);
    }

    static int Main() {
        var byCustomer =
            from order in Orders()
            group order by order.Customer into orders
            orderby orders.Sum(order => order.Total) descending
            select new { Name = orders.Key, Count = orders.Count(), Sum = orders.Sum(order => order.Total) };

        Console.WriteLine("{0,-8}{1,7}{2,12}", "customer", "orders", "total");
        foreach (var customer in byCustomer)
            Console.WriteLine("{0,-8}{1,7}{2,12:N2}", customer.Name, customer.Count, customer.Sum);

        foreach (var month in Orders().GroupBy(order => order.Date.Month))
            Console.WriteLine($"month {month.Key}: {month.Count()} orders, {month.Sum(order => order.Total):F2}");

        try {
            new Order("Eve", DateTime.MinValue).Add("nothing", 0, 1);
        } catch (ArgumentOutOfRangeException e) when (e.ParamName == "count") {
            Console.WriteLine("refused: " + e.ActualValue + " of them");
        }
        return 0;
    }
}
