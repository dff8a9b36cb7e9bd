// Buffers pinned for a while, as for input and output, among much that dies young.
using System;
using System.Runtime.InteropServices;

static class Program {
    static void Main(string[] args) {
        int rounds = int.Parse(args[0]);
        var handles = new GCHandle[1000];
        long sum = 0;
        uint random = 7;
        for (int i = 0; i < rounds; i++) {
            random = random * 1664525 + 1013904223;
            int slot = (int)(random >> 10) % handles.Length;
            if (handles[slot].IsAllocated) {
                IntPtr address = handles[slot].AddrOfPinnedObject();
                sum += Marshal.ReadByte(address) + Marshal.ReadByte(address, 100);
                handles[slot].Free();
            }
            var buffer = new byte[256 + (random >> 21)];
            buffer[0] = (byte)i;
            buffer[100] = 1;
            handles[slot] = GCHandle.Alloc(buffer, GCHandleType.Pinned);
            object chain = null;
            for (int k = 0; k < 30; k++) chain = new object[] { chain, null };
            if (chain != null) sum++;
        }
        foreach (GCHandle handle in handles) if (handle.IsAllocated) handle.Free();
        Console.WriteLine("sum " + sum);
    }
}
