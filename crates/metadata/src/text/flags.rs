//! Attribute bits as keywords, each followed by a space.

use alloc::string::String;

use crate::{
    CodeType, FieldAttributes, GenericParamAttributes, MemberAccess, MethodAttributes,
    MethodImplAttributes, PInvokeAttributes, PInvokeCallConv, ParamAttributes, StringFormat,
    TypeAttributes, TypeLayout, TypeVisibility,
};

/// Joins the keywords whose condition holds.
fn words(words: &[(bool, &str)]) -> String {
    let mut text = String::new();
    for (holds, word) in words {
        if *holds {
            text += word;
            text.push(' ');
        }
    }
    text
}

pub(super) const fn visibility(flags: TypeAttributes) -> &'static str {
    match flags.visibility() {
        TypeVisibility::NotPublic => "private",
        TypeVisibility::Public => "public",
        TypeVisibility::NestedPublic => "nested public",
        TypeVisibility::NestedPrivate => "nested private",
        TypeVisibility::NestedFamily => "nested family",
        TypeVisibility::NestedAssembly => "nested assembly",
        TypeVisibility::NestedFamilyAndAssembly => "nested famandassem",
        TypeVisibility::NestedFamilyOrAssembly => "nested famorassem",
    }
}

const fn access(access: MemberAccess) -> &'static str {
    match access {
        MemberAccess::CompilerControlled => "privatescope",
        MemberAccess::Private => "private",
        MemberAccess::FamilyAndAssembly => "famandassem",
        MemberAccess::Assembly => "assembly",
        MemberAccess::Family => "family",
        MemberAccess::FamilyOrAssembly => "famorassem",
        MemberAccess::Public => "public",
    }
}

pub(super) fn of_type(flags: TypeAttributes) -> String {
    words(&[
        (flags.is_interface(), "interface"),
        (true, visibility(flags)),
        (
            true,
            match flags.layout() {
                TypeLayout::Auto => "auto",
                TypeLayout::Sequential => "sequential",
                TypeLayout::Explicit => "explicit",
            },
        ),
        (
            true,
            match flags.string_format() {
                StringFormat::Unicode => "unicode",
                StringFormat::Auto => "autochar",
                StringFormat::Ansi | StringFormat::Unspecified => "ansi",
            },
        ),
        (flags.contains(TypeAttributes::ABSTRACT), "abstract"),
        (flags.contains(TypeAttributes::SEALED), "sealed"),
        (flags.contains(TypeAttributes::IMPORT), "import"),
        (flags.contains(TypeAttributes::SERIALIZABLE), "serializable"),
        (
            flags.contains(TypeAttributes::BEFORE_FIELD_INIT),
            "beforefieldinit",
        ),
        (flags.contains(TypeAttributes::SPECIAL_NAME), "specialname"),
        (
            flags.contains(TypeAttributes::RT_SPECIAL_NAME),
            "rtspecialname",
        ),
    ])
}

pub(super) fn of_method(flags: MethodAttributes) -> String {
    words(&[
        (true, access(flags.access())),
        (flags.contains(MethodAttributes::HIDE_BY_SIG), "hidebysig"),
        (flags.contains(MethodAttributes::NEW_SLOT), "newslot"),
        (
            flags.contains(MethodAttributes::SPECIAL_NAME),
            "specialname",
        ),
        (
            flags.contains(MethodAttributes::RT_SPECIAL_NAME),
            "rtspecialname",
        ),
        (flags.contains(MethodAttributes::STATIC), "static"),
        (flags.contains(MethodAttributes::ABSTRACT), "abstract"),
        (flags.contains(MethodAttributes::FINAL), "final"),
        (flags.contains(MethodAttributes::VIRTUAL), "virtual"),
        (flags.contains(MethodAttributes::STRICT), "strict"),
        (
            flags.contains(MethodAttributes::REQUIRE_SEC_OBJECT),
            "reqsecobj",
        ),
        (
            flags.contains(MethodAttributes::UNMANAGED_EXPORT),
            "unmanagedexp",
        ),
    ])
}

pub(super) fn of_impl(flags: MethodImplAttributes) -> String {
    words(&[
        (
            true,
            match flags.code_type() {
                CodeType::Il => "cil",
                CodeType::Native => "native",
                CodeType::OptIl => "optil",
                CodeType::Runtime => "runtime",
            },
        ),
        (
            true,
            if flags.contains(MethodImplAttributes::UNMANAGED) {
                "unmanaged"
            } else {
                "managed"
            },
        ),
        (
            flags.contains(MethodImplAttributes::FORWARD_REF),
            "forwardref",
        ),
        (
            flags.contains(MethodImplAttributes::PRESERVE_SIG),
            "preservesig",
        ),
        (
            flags.contains(MethodImplAttributes::INTERNAL_CALL),
            "internalcall",
        ),
        (
            flags.contains(MethodImplAttributes::SYNCHRONIZED),
            "synchronized",
        ),
        (
            flags.contains(MethodImplAttributes::NO_INLINING),
            "noinlining",
        ),
        (
            flags.contains(MethodImplAttributes::NO_OPTIMIZATION),
            "nooptimization",
        ),
        (
            flags.contains(MethodImplAttributes::AGGRESSIVE_INLINING),
            "aggressiveinlining",
        ),
    ])
}

pub(super) fn of_field(flags: FieldAttributes) -> String {
    words(&[
        (true, access(flags.access())),
        (flags.contains(FieldAttributes::STATIC), "static"),
        (flags.contains(FieldAttributes::INIT_ONLY), "initonly"),
        (flags.contains(FieldAttributes::LITERAL), "literal"),
        (
            flags.contains(FieldAttributes::NOT_SERIALIZED),
            "notserialized",
        ),
        (flags.contains(FieldAttributes::SPECIAL_NAME), "specialname"),
        (
            flags.contains(FieldAttributes::RT_SPECIAL_NAME),
            "rtspecialname",
        ),
    ])
}

pub(super) fn of_param(flags: ParamAttributes) -> String {
    words(&[
        (flags.contains(ParamAttributes::IN), "[in]"),
        (flags.contains(ParamAttributes::OUT), "[out]"),
        (flags.contains(ParamAttributes::OPTIONAL), "[opt]"),
    ])
}

pub(super) fn of_generic_param(flags: GenericParamAttributes) -> String {
    words(&[
        (flags.contains(GenericParamAttributes::COVARIANT), "+"),
        (flags.contains(GenericParamAttributes::CONTRAVARIANT), "-"),
        (
            flags.contains(GenericParamAttributes::REFERENCE_TYPE_CONSTRAINT),
            "class",
        ),
        (
            flags.contains(GenericParamAttributes::NOT_NULLABLE_VALUE_TYPE_CONSTRAINT),
            "valuetype",
        ),
        (
            flags.contains(GenericParamAttributes::DEFAULT_CONSTRUCTOR_CONSTRAINT),
            ".ctor",
        ),
    ])
}

pub(super) fn of_pinvoke(flags: PInvokeAttributes) -> String {
    let best_fit = flags.bits() & PInvokeAttributes::BEST_FIT_MASK.bits();
    let unmappable = flags.bits() & PInvokeAttributes::THROW_ON_UNMAPPABLE_MASK.bits();
    words(&[
        (flags.contains(PInvokeAttributes::NO_MANGLE), "nomangle"),
        (flags.string_format() == StringFormat::Ansi, "ansi"),
        (flags.string_format() == StringFormat::Unicode, "unicode"),
        (flags.string_format() == StringFormat::Auto, "autochar"),
        (
            flags.contains(PInvokeAttributes::SUPPORTS_LAST_ERROR),
            "lasterr",
        ),
        (
            true,
            match flags.call_conv() {
                PInvokeCallConv::PlatformApi => "winapi",
                PInvokeCallConv::Cdecl => "cdecl",
                PInvokeCallConv::StdCall => "stdcall",
                PInvokeCallConv::ThisCall => "thiscall",
                PInvokeCallConv::FastCall => "fastcall",
                PInvokeCallConv::Other => "",
            },
        ),
        (best_fit == 0x10, "bestfit:on"),
        (best_fit == 0x20, "bestfit:off"),
        (unmappable == 0x1000, "charmaperror:on"),
        (unmappable == 0x2000, "charmaperror:off"),
    ])
}

#[cfg(test)]
mod tests {
    use super::{of_impl, of_method, of_pinvoke, of_type};
    use crate::{MethodAttributes, MethodImplAttributes, PInvokeAttributes, TypeAttributes};

    #[test]
    fn bits_become_keywords() {
        assert_eq!(
            of_type(TypeAttributes::from_bits_retain(0x10_0181)),
            "public auto ansi abstract sealed beforefieldinit "
        );
        assert_eq!(
            of_method(MethodAttributes::from_bits_retain(0x1896)),
            "public hidebysig specialname rtspecialname static "
        );
        assert_eq!(
            of_impl(MethodImplAttributes::from_bits_retain(0x1008)),
            "cil managed internalcall noinlining "
        );
        assert_eq!(
            of_pinvoke(PInvokeAttributes::from_bits_retain(0x1145)),
            "nomangle unicode lasterr winapi charmaperror:on "
        );
    }
}
