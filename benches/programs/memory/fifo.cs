// A queue as a linked list in local variables: 300,000 messages live, the oldest dies when a new
// one comes. Whoever takes a stale word of a stack for a reference keeps the whole list after it.
using System;

sealed class Message {
    public Message Next;
    public readonly long Number;
    public readonly int[] Body;
    public Message(long number) { Number = number; Body = new int[8]; Body[0] = (int)number; }
}

static class Program {
    static void Main(string[] args) {
        long total = long.Parse(args[0]);
        var oldest = new Message(0);
        Message newest = oldest;
        int waiting = 1;
        long sum = 0;
        for (long i = 1; i < total; i++) {
            newest.Next = new Message(i);
            newest = newest.Next;
            waiting++;
            if (waiting > 300000) {
                sum += oldest.Number + oldest.Body[0];
                oldest = oldest.Next;
                waiting--;
            }
        }
        Console.WriteLine(waiting + " waiting, sum " + sum);
    }
}
