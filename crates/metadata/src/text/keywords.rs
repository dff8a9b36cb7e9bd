//! Words that `ilasm` reads as something else than a name.

use crate::il::Opcode;

/// True when the word alone is not a name in assembler text.
pub(super) fn is_reserved(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok() || Opcode::ALL.iter().any(|opcode| opcode.name() == word)
}

/// Keywords and second names of opcodes, sorted.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "abstract", "aggressiveinlining", "algorithm", "alignment", "ansi", "any", "array", "as",
    "assembly", "assert", "at", "auto", "autochar", "beforefieldinit", "bestfit", "blob",
    "blob_object", "bool", "brnull", "brzero", "bstr", "bytearray", "byvalstr", "callmostderived",
    "carray", "catch", "cdecl", "cf", "char", "charmaperror", "cil", "class", "clsid",
    "compilercontrolled", "conf.ovf.u1.un", "currency", "custom", "date", "decimal", "default",
    "demand", "deny", "disablejitoptimizer", "enablejittracking", "endfault", "enum", "error",
    "explicit", "extends", "extern", "false", "famandassem", "family", "famorassem", "fastcall",
    "fault", "field", "filetime", "filter", "final", "finally", "fixed", "float", "float32",
    "float64", "forwarder", "forwardref", "fromunmanaged", "fullorigin", "handler", "hidebysig",
    "hresult", "idispatch", "il", "implements", "implicitcom", "implicitres", "import", "in", "inf",
    "inheritcheck", "init", "initonly", "instance", "int", "int16", "int32", "int64", "int8",
    "interface", "internalcall", "is", "iunknown", "lasterr", "lateinit", "lcid", "ldelem.any",
    "ldelem.u8", "ldind.u8", "legacy", "library", "linkcheck", "literal", "lpstr", "lpstruct",
    "lptstr", "lpvoid", "lpwstr", "managed", "marshal", "method", "modopt", "modreq", "nan",
    "native", "nested", "newslot", "noappdomain", "noinlining", "nomachine", "nomangle",
    "nometadata", "noncasdemand", "noncasinheritance", "noncaslinkdemand", "nooptimization",
    "noprocess", "not_in_gc_heap", "notserialized", "null", "nullref", "object", "objectref", "off",
    "ole", "on", "opt", "optil", "out", "permitonly", "pinned", "pinvokeimpl", "prejitdeny",
    "prejitgrant", "preservesig", "private", "privatescope", "property", "ptr", "public",
    "publickey", "readonly", "record", "refany", "reqmin", "reqopt", "reqrefuse", "reqsecobj",
    "request", "retargetable", "retval", "rtspecialname", "runtime", "safearray", "sealed",
    "sequential", "serializable", "specialname", "static", "stdcall", "stelem.any", "storage",
    "stored_object", "stream", "streamed_object", "strict", "string", "struct", "synchronized",
    "syschar", "sysstring", "tbstr", "thiscall", "tls", "to", "true", "type", "typedref", "uint",
    "uint16", "uint32", "uint64", "uint8", "unicode", "unmanaged", "unmanagedexp", "unsigned",
    "userdefined", "value", "valuetype", "vararg", "variant", "vbbyrefstr", "vector", "virtual",
    "void", "wchar", "winapi", "with",
];

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, is_reserved};

    #[test]
    fn keywords_are_sorted_and_opcodes_are_reserved() {
        assert!(KEYWORDS.is_sorted());
        assert!(is_reserved("class") && is_reserved("add") && is_reserved("ldelem.any"));
        assert!(!is_reserved("Class"));
    }
}
