using System;
using System.Collections.Generic;
class Button {
    public event EventHandler Clicked;
    public event Action<string> Named = delegate { };
    EventHandler custom; public int Subscribers;
    public event EventHandler Custom { add { Subscribers++; custom += value; Console.Write("+ "); } remove { Subscribers--; custom -= value; Console.Write("- "); } }
    public static event Action Global;
    public void Click() { if (Clicked != null) Clicked(this, EventArgs.Empty); Named("clicked"); custom?.Invoke(this, null); Global?.Invoke(); }
    public virtual void Reset() { Clicked = null; }
}
class Window {
    readonly List<string> log = new List<string>();
    public void Handle(object sender, EventArgs e) { log.Add(sender.GetType().Name + (e == EventArgs.Empty)); }
    public override string ToString() { return string.Join(",", log); }
}
class Program {
    static void Main() {
        var b = new Button(); var w = new Window();
        b.Clicked += w.Handle; b.Clicked += w.Handle; b.Clicked += (s, e) => Console.Write("lambda ");
        b.Click(); Console.WriteLine(w);
        b.Clicked -= w.Handle; b.Click(); Console.WriteLine(w);
        b.Clicked -= w.Handle; b.Clicked -= w.Handle; b.Click(); Console.WriteLine(w);
        EventHandler h = (s, e) => Console.Write("custom ");
        b.Custom += h; b.Custom += h; b.Click(); Console.WriteLine(b.Subscribers);
        b.Custom -= h; b.Click(); Console.WriteLine(b.Subscribers);
        b.Named += s => Console.Write("[" + s + "] "); Action g = () => Console.Write("global "); Button.Global += g; b.Click(); Button.Global -= g; b.Reset(); b.Click(); Console.WriteLine();
        int calls = 0; Action self = null; self = () => { calls++; if (calls < 3) self(); }; self(); Console.WriteLine(calls);
        Action multi = () => calls++; multi += () => { throw new InvalidOperationException("stop"); }; multi += () => calls += 100; try { multi(); } catch (InvalidOperationException e) { Console.WriteLine(e.Message + calls); }
    }
}
