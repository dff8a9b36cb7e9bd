// Pancake flips over all permutations: small int arrays, bounds checks, branches.
using System;
class Program {
    static void Main(string[] args) {
        int n = int.Parse(args[0]);
        int[] perm = new int[n], start = new int[n], count = new int[n];
        for (int i = 0; i < n; i++) start[i] = i;
        int maxFlips = 0, checksum = 0, index = 0, r = n;
        while (true) {
            for (; r != 1; r--) count[r - 1] = r;
            if (start[0] != 0) {
                for (int i = 0; i < n; i++) perm[i] = start[i];
                int flips = 0;
                for (int first = perm[0]; first != 0; first = perm[0]) {
                    for (int lo = 0, hi = first; lo < hi; lo++, hi--) { int t = perm[lo]; perm[lo] = perm[hi]; perm[hi] = t; }
                    flips++;
                }
                if (flips > maxFlips) maxFlips = flips;
                checksum += (index & 1) == 0 ? flips : -flips;
            }
            while (true) {
                if (r == n) { Console.WriteLine(checksum + "\n" + maxFlips); return; }
                int first = start[0];
                for (int i = 0; i < r; i++) start[i] = start[i + 1];
                start[r] = first;
                if (--count[r] > 0) break;
                r++;
            }
            index++;
        }
    }
}
