// A small operating system simulation in the shape of Richards: tasks with virtual
// steps, linked packets, queues by priority, many small objects that live long.
using System;
enum Kind { Work, Device }
sealed class Packet {
    public Packet Link; public int Task; public readonly Kind Kind; public int Datum; public readonly int[] Data = new int[4];
    public Packet(Packet link, int task, Kind kind) { Link = link; Task = task; Kind = kind; }
    public Packet AppendTo(Packet queue) {
        Link = null;
        if (queue == null) return this;
        Packet p = queue;
        while (p.Link != null) p = p.Link;
        p.Link = this;
        return queue;
    }
}
abstract class Task {
    public readonly int Id, Priority; public readonly Task Next; protected readonly Scheduler S; Packet queue; bool waiting, held, runnable;
    protected Task(Scheduler s, int id, int priority, Packet queue, bool runnable) { S = s; Id = id; Priority = priority; Next = s.List; this.queue = queue; this.runnable = runnable || queue != null; s.Register(this); }
    public bool Ready { get { return !held && (runnable || waiting && queue != null); } }
    public Task Run() { Packet p = null; if (waiting || queue != null) { p = queue; if (p != null) queue = p.Link; } waiting = false; runnable = true; return Step(p); }
    public Task Accept(Packet p, Task from) { bool empty = queue == null; queue = p.AppendTo(queue); return empty && Priority > from.Priority ? this : from; }
    public Task WaitForPacket() { waiting = true; runnable = false; return this; }
    public void Hold(bool h) { held = h; }
    public bool HasWork { get { return queue != null; } }
    protected abstract Task Step(Packet p);
}
sealed class Idle : Task {
    int control = 1, count;
    public Idle(Scheduler s, int count) : base(s, 0, 0, null, true) { this.count = count; }
    protected override Task Step(Packet p) {
        if (--count == 0) { Hold(true); return null; }
        if ((control & 1) == 0) { control >>= 1; return S.Release(4); }
        control = (control >> 1) ^ 0xD008;
        return S.Release(5);
    }
}
sealed class Worker : Task {
    int target = 2, next;
    public Worker(Scheduler s, Packet q) : base(s, 1, 1000, q, false) { }
    protected override Task Step(Packet p) {
        if (p == null) return WaitForPacket();
        target = 5 - target; p.Task = target; p.Datum = 0;
        for (int i = 0; i < p.Data.Length; i++) { if (++next > 26) next = 1; p.Data[i] = 64 + next; }
        return S.Send(p, this);
    }
}
sealed class Handler : Task {
    Packet work, device;
    public Handler(Scheduler s, int id, int priority, Packet q) : base(s, id, priority, q, false) { }
    protected override Task Step(Packet p) {
        if (p != null) { if (p.Kind == Kind.Work) work = p.AppendTo(work); else device = p.AppendTo(device); }
        if (work == null) return WaitForPacket();
        Packet w = work;
        if (w.Datum >= w.Data.Length) { work = w.Link; w.Task = 1; return S.Send(w, this); }
        if (device == null) return WaitForPacket();
        Packet d = device; device = d.Link; d.Datum = w.Data[w.Datum++]; d.Task = Id + 2;
        return S.Send(d, this);
    }
}
sealed class Device : Task {
    Packet pending; long seen;
    public Device(Scheduler s, int id, int priority) : base(s, id, priority, null, false) { WaitForPacket(); }
    protected override Task Step(Packet p) {
        if (p == null) { if (pending == null) return WaitForPacket(); Packet done = pending; pending = null; done.Task = Id - 2; return S.Send(done, this); }
        pending = p; seen += p.Datum; S.Sum += seen & 7; Hold(true); return null;
    }
}
sealed class Scheduler {
    public Task List; readonly Task[] table = new Task[6]; Task current; public int Sent, Held; public long Sum;
    public void Register(Task t) { List = t; table[t.Id] = t; }
    public Task Release(int id) { Task t = table[id]; t.Hold(false); return t.Priority > current.Priority ? t : current; }
    public Task Send(Packet p, Task from) { Sent++; p.Link = null; return table[p.Task].Accept(p, from); }
    public void Run() {
        current = List;
        while (current != null) {
            if (!current.Ready) { current = current.Next; continue; }
            Task next = current.Run();
            if (next == null) { Held++; next = List; }
            current = next;
        }
    }
}
class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]); int sent = 0, held = 0; long sum = 0;
        for (int i = 0; i < rounds; i++) {
            var s = new Scheduler();
            new Idle(s, 10000);
            new Worker(s, new Packet(new Packet(null, 1, Kind.Work), 1, Kind.Work));
            new Handler(s, 2, 2000, new Packet(new Packet(new Packet(null, 4, Kind.Device), 4, Kind.Device), 4, Kind.Device));
            new Handler(s, 3, 3000, new Packet(new Packet(new Packet(null, 5, Kind.Device), 5, Kind.Device), 5, Kind.Device));
            new Device(s, 4, 4000); new Device(s, 5, 5000);
            s.Run();
            sent += s.Sent; held += s.Held; sum += s.Sum;
        }
        Console.WriteLine(sent + " " + held + " " + sum);
    }
}
