// Unicode normalization.
using System;
using System.Text;

class Normalizing
{
    static void Main()
    {
        string[] texts = { "abc", "café", "cafe\u0301", "Å", "\u212b", "ǘ", "e\u0301\u0323", "\u1e69", "한글", "\u1112\u1161\u11ab", "²½", "q\u0301\u0307" };
        foreach (var text in texts)
            foreach (NormalizationForm form in Enum.GetValues(typeof(NormalizationForm)))
            {
                Console.Write(form + " " + text.IsNormalized(form));
                foreach (var c in text.Normalize(form)) Console.Write(" " + ((int)c).ToString("x4"));
                Console.WriteLine();
            }
    }
}
