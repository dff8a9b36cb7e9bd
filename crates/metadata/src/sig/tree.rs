//! A ready-made type model: a tree.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{ArrayShape, Error, MethodSig, TypeBuilder};
use crate::{ElementType, Token};

/// A type as a signature spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeTree {
    /// A type without anything more.
    Primitive(ElementType),
    /// A class or value type.
    Class {
        /// `TypeDef`, `TypeRef` or `TypeSpec`.
        token: Token,
        /// As the signature says.
        is_value_type: bool,
    },
    /// A vector.
    SzArray(Box<Self>),
    /// An array with a shape.
    Array(Box<Self>, ArrayShape),
    /// An unmanaged pointer.
    Pointer(Box<Self>),
    /// A managed pointer.
    ByRef(Box<Self>),
    /// A generic instance.
    GenericInst(Box<Self>, Vec<Self>),
    /// A generic parameter of the type.
    Var(u32),
    /// A generic parameter of the method.
    MVar(u32),
    /// A function pointer.
    FnPtr(Box<MethodSig<Self>>),
    /// A type with a custom modifier.
    Modified {
        /// `modreq`, otherwise `modopt`.
        required: bool,
        /// The modifier.
        modifier: Token,
        /// The type.
        ty: Box<Self>,
    },
    /// A local that does not move.
    Pinned(Box<Self>),
}

/// Builds [`TypeTree`]s.
#[derive(Clone, Copy, Debug, Default)]
pub struct TreeBuilder;

impl TypeBuilder for TreeBuilder {
    type Type = TypeTree;
    type Error = Error;

    fn primitive(&mut self, element: ElementType) -> Result<TypeTree, Error> {
        Ok(TypeTree::Primitive(element))
    }

    fn class(&mut self, token: Token, is_value_type: bool) -> Result<TypeTree, Error> {
        Ok(TypeTree::Class {
            token,
            is_value_type,
        })
    }

    fn sz_array(&mut self, element: TypeTree) -> Result<TypeTree, Error> {
        Ok(TypeTree::SzArray(Box::new(element)))
    }

    fn array(&mut self, element: TypeTree, shape: ArrayShape) -> Result<TypeTree, Error> {
        Ok(TypeTree::Array(Box::new(element), shape))
    }

    fn pointer(&mut self, target: TypeTree) -> Result<TypeTree, Error> {
        Ok(TypeTree::Pointer(Box::new(target)))
    }

    fn by_ref(&mut self, target: TypeTree) -> Result<TypeTree, Error> {
        Ok(TypeTree::ByRef(Box::new(target)))
    }

    fn generic_inst(
        &mut self,
        definition: TypeTree,
        args: Vec<TypeTree>,
    ) -> Result<TypeTree, Error> {
        Ok(TypeTree::GenericInst(Box::new(definition), args))
    }

    fn var(&mut self, number: u32) -> Result<TypeTree, Error> {
        Ok(TypeTree::Var(number))
    }

    fn mvar(&mut self, number: u32) -> Result<TypeTree, Error> {
        Ok(TypeTree::MVar(number))
    }

    fn fn_ptr(&mut self, sig: MethodSig<TypeTree>) -> Result<TypeTree, Error> {
        Ok(TypeTree::FnPtr(Box::new(sig)))
    }

    fn modified(
        &mut self,
        required: bool,
        modifier: Token,
        ty: TypeTree,
    ) -> Result<TypeTree, Error> {
        Ok(TypeTree::Modified {
            required,
            modifier,
            ty: Box::new(ty),
        })
    }

    fn pinned(&mut self, ty: TypeTree) -> Result<TypeTree, Error> {
        Ok(TypeTree::Pinned(Box::new(ty)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec;

    use super::{TreeBuilder, TypeTree};
    use crate::sig::{Error, SigFlags, read_locals, read_method, read_method_spec, read_type};
    use crate::{ElementType, TableId, Token};

    const INT: TypeTree = TypeTree::Primitive(ElementType::I4);

    #[test]
    fn a_generic_instance_method_with_a_function_pointer() {
        // instance T[] M<T>(List`1<!!0>, method int32 *(int32))
        let blob = [
            0x30, 1, 2, 0x1D, 0x1E, 0, 0x15, 0x12, 0x05, 1, 0x1E, 0, 0x1B, 0x00, 1, 0x08, 0x08,
        ];
        let sig = read_method(&blob, &mut TreeBuilder).unwrap();
        assert!(sig.flags.has_this() && sig.flags.is_generic());
        assert_eq!(sig.generic_param_count, 1);
        assert_eq!(sig.ret, TypeTree::SzArray(Box::new(TypeTree::MVar(0))));
        let list = TypeTree::Class {
            token: Token::new(TableId::TypeRef, 1),
            is_value_type: false,
        };
        assert_eq!(
            sig.params[0],
            TypeTree::GenericInst(Box::new(list), vec![TypeTree::MVar(0)])
        );
        let TypeTree::FnPtr(inner) = &sig.params[1] else {
            panic!("a function pointer")
        };
        assert_eq!(
            (inner.flags, &inner.ret, inner.params.as_slice()),
            (SigFlags(0), &INT, &[INT][..])
        );
    }

    #[test]
    fn a_vararg_call_has_a_sentinel() {
        let sig = read_method(&[0x05, 2, 0x01, 0x08, 0x41, 0x0E], &mut TreeBuilder).unwrap();
        assert_eq!((sig.params.len(), sig.sentinel), (2, Some(1)));
        assert!(read_method(&[0x05, 2, 0x01, 0x41, 0x08, 0x41, 0x0E], &mut TreeBuilder).is_err());
    }

    #[test]
    fn locals_may_be_pinned_and_other_types_not() {
        let locals = read_locals(&[0x07, 2, 0x45, 0x10, 0x08, 0x08], &mut TreeBuilder).unwrap();
        assert_eq!(
            locals,
            [
                TypeTree::Pinned(Box::new(TypeTree::ByRef(Box::new(INT)))),
                INT
            ]
        );
        assert_eq!(
            read_type(&[0x45, 0x08], &mut TreeBuilder),
            Err(Error::BadElementType(0x45))
        );
    }

    #[test]
    fn an_array_shape_keeps_signed_bounds() {
        let ty = read_type(&[0x14, 0x08, 2, 1, 3, 2, 0, 0x7B], &mut TreeBuilder).unwrap();
        let TypeTree::Array(_, shape) = ty else {
            panic!("an array")
        };
        assert_eq!(
            (shape.rank, shape.sizes, shape.lower_bounds),
            (2, vec![3], vec![0, -3])
        );
        assert_eq!(
            read_type(&[0x14, 0x08, 0], &mut TreeBuilder),
            Err(Error::BadArrayShape)
        );
        assert_eq!(
            read_type(&[0x14, 0x08, 1, 2, 1, 1], &mut TreeBuilder),
            Err(Error::BadArrayShape)
        );
    }

    #[test]
    fn hostile_depth_and_counts_fail_quickly() {
        assert_eq!(
            read_type(&[0x1D; 100_000], &mut TreeBuilder),
            Err(Error::TooDeep)
        );
        assert_eq!(
            read_locals(&[0x07, 0xDF, 0xFF, 0xFF, 0xFF, 8], &mut TreeBuilder),
            Err(Error::Truncated)
        );
        assert_eq!(
            read_method_spec(&[0x0A, 0], &mut TreeBuilder),
            Err(Error::BadCount(0))
        );
        let nested: alloc::vec::Vec<u8> = [0x15, 0x12, 5, 1].repeat(10_000);
        assert_eq!(read_type(&nested, &mut TreeBuilder), Err(Error::TooDeep));
        let pinned = [&[0x07, 1][..], &[0x45; 100_000]].concat();
        assert_eq!(read_locals(&pinned, &mut TreeBuilder), Err(Error::TooDeep));
    }
}
