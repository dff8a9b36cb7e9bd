// Loops over arrays whose bounds checks can and cannot be dropped: the exception comes at the same
// index, after the same side effects, as without any reasoning about ranges.
using System;
class LoopBounds {
    static int log;
    static int Up(int[] a, int n) { int s = 0; for (int i = 0; i < n; i++) { log = i; s += a[i]; } return s; }
    static int UpLength(int[] a) { int s = 0; for (int i = 0; i < a.Length; i++) { log = i; s += a[i]; } return s; }
    static int UpInclusive(int[] a) { int s = 0; for (int i = 0; i <= a.Length; i++) { log = i; s += a[i]; } return s; }
    static int UpFrom(int[] a, int from) { int s = 0; for (int i = from; i < a.Length; i++) { log = i; s += a[i]; } return s; }
    static int Down(int[] a) { int s = 0; for (int i = a.Length - 1; i >= 0; i--) { log = i; s += a[i]; } return s; }
    static int DownTooFar(int[] a) { int s = 0; for (int i = a.Length - 1; i >= -1; i--) { log = i; s += a[i]; } return s; }
    static int Neighbours(int[] a) { int s = 0; for (int i = 0; i < a.Length; i++) { log = i; s += a[i] - a[i + 1]; } return s; }
    static int NeighboursInside(int[] a) { int s = 0; for (int i = 1; i < a.Length - 1; i++) { log = i; s += a[i - 1] - 2 * a[i] + a[i + 1]; } return s; }
    static int ByTwo(int[] a) { int s = 0; for (int i = 0; i < a.Length; i += 2) { log = i; s += a[i] * a[i + 1]; } return s; }
    static int Wraps(int[] a, int from) { int s = 0, i = from; do { log = i; if (i < a.Length) s += a[i & 3]; i += 0x40000000; } while (i != from); return s; }
    static int WrapsAround(int[] a) { int s = 0; for (int i = int.MaxValue - 2; i > 0 || i < a.Length; i++) { log = i; if (i < 0) { s += a[i]; } if (s > 100) break; } return s; }
    static int TwoEnds(int[] a) { int lo = 0, hi = a.Length - 1, n = 0; while (lo < hi) { int t = a[lo]; a[lo] = a[hi]; a[hi] = t; lo++; hi--; n++; } return n; }
    static int Replaced(int[] a, int[] b) { int s = 0; for (int i = 0; i < a.Length; i++) { log = i; s += a[i]; if (i == 1) a = b; } return s; }
    static int Changed(int[] a) { int s = 0; for (int i = 0; i < a.Length; i++) { log = i; if (s == 3) i = -2; s += a[i]; } return s; }
    static int Shift(int[] a, int count) { int s = 0; for (int i = 0; i < count; i++) { log = i; a[i] = a[i + 1]; s += a[i]; } return s; }
    static int Unsigned(int[] a, int i) { if ((uint)i < (uint)a.Length) return a[i]; return -1; }
    static int Constants(int[] a) { if (a.Length > 3) return a[0] + a[1] + a[2] + a[3]; return a[1]; }
    static int NotNull(int[] a, int[] b, int n) { int s = 0; for (int i = 0; i < n; i++) { log = i; s += a[i]; log = 100 + i; s += b[i]; } return s; }
    static int Rectangle(int[,] a, int n, int m) { int s = 0; for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) { log = i * 100 + j; s += a[i, j]; } return s; }
    static int Characters(string t) { int s = 0; for (int i = 0; i < t.Length; i++) s = s * 31 + t[i]; return s; }
    static int Binary(int[] a, int v) { int lo = 0, hi = a.Length - 1; while (lo <= hi) { int mid = (lo + hi) >> 1; if (a[mid] == v) return mid; if (a[mid] < v) lo = mid + 1; else hi = mid - 1; } return ~lo; }
    static int InTry(int[] a, int n) { int s = 0, i = 0; try { for (; i < n; i++) s += a[i]; } catch (IndexOutOfRangeException) { s += 1000 * i; } return s; }
    static void Say(string name, Func<int> f) {
        log = -1;
        try { Console.WriteLine(name + " " + f() + " log " + log); }
        catch (Exception e) { Console.WriteLine(name + " " + e.GetType().Name + " log " + log); }
    }
    static void Main() {
        int[] a = { 1, 2, 3, 4 }, empty = { };
        for (int round = 0; round < 2; round++) {
            Say("up", () => Up(a, 4)); Say("up 5", () => Up(a, 5)); Say("up empty", () => Up(empty, 1)); Say("up null", () => Up(null, 1)); Say("up none", () => Up(null, 0));
            Say("length", () => UpLength(a)); Say("length null", () => UpLength(null)); Say("inclusive", () => UpInclusive(a));
            Say("from 2", () => UpFrom(a, 2)); Say("from -1", () => UpFrom(a, -1)); Say("from 9", () => UpFrom(a, 9));
            Say("down", () => Down(a)); Say("down empty", () => Down(empty)); Say("too far", () => DownTooFar(a));
            Say("neighbours", () => Neighbours(a)); Say("inside", () => NeighboursInside(a)); Say("by two", () => ByTwo(a)); Say("by two odd", () => ByTwo(new[] { 1, 2, 3 }));
            Say("wraps", () => Wraps(a, 1)); Say("around", () => WrapsAround(a)); Say("ends", () => TwoEnds((int[])a.Clone()));
            Say("replaced", () => Replaced(a, empty)); Say("replaced longer", () => Replaced(new[] { 1, 2 }, a)); Say("changed", () => Changed(a));
            Say("shift 3", () => Shift((int[])a.Clone(), 3)); Say("shift 4", () => Shift((int[])a.Clone(), 4));
            Say("unsigned", () => Unsigned(a, 3) + Unsigned(a, 4) + Unsigned(a, -1)); Say("constants", () => Constants(a)); Say("constants short", () => Constants(new[] { 1 }));
            Say("b null", () => NotNull(a, null, 4)); Say("b short", () => NotNull(a, new[] { 7 }, 4)); Say("a short", () => NotNull(new[] { 7 }, null, 4));
            Say("rectangle", () => Rectangle(new int[2, 3], 2, 3)); Say("rectangle 2,4", () => Rectangle(new int[2, 3], 2, 4)); Say("rectangle 3,3", () => Rectangle(new int[2, 3], 3, 3));
            Say("based", () => Rectangle((int[,])Array.CreateInstance(typeof(int), new[] { 2, 2 }, new[] { 1, 0 }), 3, 2));
            Say("characters", () => Characters("bounds")); Say("binary", () => Binary(a, 3) + Binary(a, 9)); Say("try", () => InTry(a, 4)); Say("try 6", () => InTry(a, 6));
        }
    }
}
