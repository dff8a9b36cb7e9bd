//! Coded indexes: a table tag in the low bits, a row number above (ECMA-335 II.24.2.6).

use crate::{Error, TableId, Token};

macro_rules! coded_kinds {
    ($($(#[$doc:meta])* $name:ident / $bits:literal = [$($tag:tt),* $(,)?];)*) => {
        /// The kinds of coded index.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CodedKind {
            $($(#[$doc])* $name,)*
        }

        impl CodedKind {
            /// Width of the tag, in bits.
            #[inline]
            #[must_use]
            pub const fn tag_bits(self) -> u32 {
                match self { $(Self::$name => $bits,)* }
            }

            /// The table of each tag; `None` where a tag is unused.
            #[inline]
            #[must_use]
            pub const fn tables(self) -> &'static [Option<TableId>] {
                match self { $(Self::$name => &[$(coded_kinds!(@tag $tag)),*],)* }
            }
        }
    };
    (@tag _) => { None };
    (@tag $table:ident) => { Some(TableId::$table) };
}

coded_kinds! {
    /// A type.
    TypeDefOrRef / 2 = [TypeDef, TypeRef, TypeSpec];
    /// What can have a constant.
    HasConstant / 2 = [Field, Param, Property];
    /// What can have a custom attribute.
    HasCustomAttribute / 5 = [MethodDef, Field, TypeRef, TypeDef, Param, InterfaceImpl, MemberRef, Module,
        DeclSecurity, Property, Event, StandAloneSig, ModuleRef, TypeSpec, Assembly, AssemblyRef, File,
        ExportedType, ManifestResource, GenericParam, GenericParamConstraint, MethodSpec];
    /// What can have a marshalling descriptor.
    HasFieldMarshal / 1 = [Field, Param];
    /// What can have security attributes.
    HasDeclSecurity / 2 = [TypeDef, MethodDef, Assembly];
    /// Where a referenced member lives.
    MemberRefParent / 3 = [TypeDef, TypeRef, ModuleRef, MethodDef, TypeSpec];
    /// What can have accessor methods.
    HasSemantics / 1 = [Event, Property];
    /// A method.
    MethodDefOrRef / 1 = [MethodDef, MemberRef];
    /// What can be forwarded to native code.
    MemberForwarded / 1 = [Field, MethodDef];
    /// Where an exported type or resource lives.
    Implementation / 2 = [File, AssemblyRef, ExportedType];
    /// A custom attribute's constructor.
    CustomAttributeType / 3 = [_, _, MethodDef, MemberRef, _];
    /// Where a referenced type lives.
    ResolutionScope / 2 = [Module, ModuleRef, AssemblyRef, TypeRef];
    /// What can be generic.
    TypeOrMethodDef / 1 = [TypeDef, MethodDef];
    /// Portable PDB: what can have custom debug information.
    HasCustomDebugInformation / 5 = [MethodDef, Field, TypeRef, TypeDef, Param, InterfaceImpl, MemberRef, Module,
        DeclSecurity, Property, Event, StandAloneSig, ModuleRef, TypeSpec, Assembly, AssemblyRef, File,
        ExportedType, ManifestResource, GenericParam, GenericParamConstraint, MethodSpec, Document, LocalScope,
        LocalVariable, LocalConstant, ImportScope];
}

impl CodedKind {
    /// Decodes a raw value; row 0 gives [`Token::NIL`].
    ///
    /// # Errors
    /// [`Error::BadCodedIndex`] for a tag without a table or a row number that no token can hold.
    #[inline]
    pub fn decode(self, value: u32) -> Result<Token, Error> {
        let bits = self.tag_bits();
        let rid = value >> bits;
        if rid == 0 {
            return Ok(Token::NIL);
        }
        let tag = value & ((1 << bits) - 1);
        match self.tables().get(tag as usize) {
            Some(Some(table)) if rid <= Token::MAX_RID => Ok(Token::new(*table, rid)),
            _ => Err(Error::BadCodedIndex { kind: self, value }),
        }
    }

    /// The raw value that names this row, or `None` when this kind has no tag for the table.
    #[inline]
    #[must_use]
    pub fn encode(self, token: Token) -> Option<u32> {
        if token.is_nil() {
            return Some(0);
        }
        let table = token.table();
        let tag = self
            .tables()
            .iter()
            .position(|entry| entry.is_some() && *entry == table)?;
        let rid = token.rid().checked_mul(1 << self.tag_bits())?;
        Some(rid | u32::try_from(tag).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::CodedKind;
    use crate::{TableId, Token};

    #[test]
    fn tags_round_trip_and_unused_tags_fail() {
        let token = Token::new(TableId::TypeSpec, 0x1234);
        let raw = CodedKind::TypeDefOrRef.encode(token).unwrap();
        assert_eq!(raw, 0x1234 << 2 | 2);
        assert_eq!(CodedKind::TypeDefOrRef.decode(raw), Ok(token));
        assert!(CodedKind::TypeDefOrRef.decode(7).is_err());
        assert!(CodedKind::CustomAttributeType.decode(0x08).is_err());
        assert_eq!(CodedKind::CustomAttributeType.decode(0), Ok(Token::NIL));
        assert_eq!(CodedKind::HasSemantics.encode(token), None);
    }

    #[test]
    fn a_row_number_beyond_24_bits_fails() {
        assert!(CodedKind::TypeDefOrRef.decode(0x0400_0000).is_err());
        assert!(CodedKind::HasSemantics.decode(0xFFFF_FFFF).is_err());
    }
}
