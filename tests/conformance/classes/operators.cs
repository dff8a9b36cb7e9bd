using System;
struct Complex : IEquatable<Complex> {
    public readonly double Re, Im;
    public Complex(double re, double im) { Re = re; Im = im; }
    public static Complex operator +(Complex a, Complex b) { return new Complex(a.Re + b.Re, a.Im + b.Im); }
    public static Complex operator -(Complex a, Complex b) { return new Complex(a.Re - b.Re, a.Im - b.Im); }
    public static Complex operator -(Complex a) { return new Complex(-a.Re, -a.Im); }
    public static Complex operator *(Complex a, Complex b) { return new Complex(a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re); }
    public static bool operator ==(Complex a, Complex b) { return a.Equals(b); }
    public static bool operator !=(Complex a, Complex b) { return !a.Equals(b); }
    public static implicit operator Complex(double d) { return new Complex(d, 0); }
    public static explicit operator double(Complex c) { if (c.Im != 0) throw new InvalidCastException("not real"); return c.Re; }
    public bool Equals(Complex o) { return Re == o.Re && Im == o.Im; }
    public override bool Equals(object o) { return o is Complex && Equals((Complex)o); }
    public override int GetHashCode() { return Re.GetHashCode() ^ Im.GetHashCode(); }
    public override string ToString() { return Re + (Im < 0 ? "-" : "+") + Math.Abs(Im) + "i"; }
}
class Bits {
    public int V; public Bits(int v) { V = v; }
    public static Bits operator &(Bits a, Bits b) { Console.Write("& "); return new Bits(a.V & b.V); }
    public static Bits operator |(Bits a, Bits b) { Console.Write("| "); return new Bits(a.V | b.V); }
    public static bool operator true(Bits b) { Console.Write("true? "); return b.V != 0; }
    public static bool operator false(Bits b) { Console.Write("false? "); return b.V == 0; }
    public static Bits operator ++(Bits b) { return new Bits(b.V + 1); }
    public static Bits operator <<(Bits b, int n) { return new Bits(b.V << n); }
    public static Bits operator ~(Bits b) { return new Bits(~b.V); }
    public static bool operator !(Bits b) { return b.V == 0; }
    public static bool operator <(Bits a, Bits b) { return a.V < b.V; }
    public static bool operator >(Bits a, Bits b) { return a.V > b.V; }
    public static implicit operator string(Bits b) { return "bits:" + b.V; }
}
class Program {
    static void Main() {
        Complex a = new Complex(1, 2), b = 3.5;
        Console.WriteLine(a + b + " | " + a * b + " | " + (a - b) + " | " + -a + " | " + (a * new Complex(0, 1)) + " | " + (a == b) + (a != b) + (a == new Complex(1, 2)));
        Console.WriteLine((double)b); try { Console.WriteLine((double)a); } catch (InvalidCastException e) { Console.WriteLine(e.Message); }
        a += 1; a *= a; Console.WriteLine(a);
        Bits x = new Bits(6), y = new Bits(3), z = new Bits(0);
        Console.WriteLine((x & y).V + " " + (x | y).V);
        Console.WriteLine((x && z) ? "T" : "F"); Console.WriteLine((x || z) ? "T" : "F"); if (z) Console.WriteLine("?"); else Console.WriteLine("zero");
        Bits old = x++; Console.WriteLine(old.V + " " + x.V + " " + (x << 3).V + " " + (~x).V + " " + !z + (x > y) + (x < y));
        string s = x; Console.WriteLine(s);
        DateTime d = new DateTime(2020, 1, 1) + TimeSpan.FromHours(36); Console.WriteLine((d - new DateTime(2020, 1, 1)).TotalDays + " " + (d > DateTime.MinValue));
    }
}
