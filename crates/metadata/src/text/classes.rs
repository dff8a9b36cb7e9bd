//! The classes that a signature mentions.

use alloc::vec::Vec;

use crate::sig::{self, ArrayShape, MethodSig, TypeBuilder};
use crate::{ElementType, Token};

/// Calls a function for each class of a signature, in the order of the bytes, with
/// whether the signature calls it a value type.
pub(super) struct ClassTokens<F>(pub(super) F);

impl<F: FnMut(Token, bool)> TypeBuilder for ClassTokens<F> {
    type Type = ();
    type Error = sig::Error;

    fn primitive(&mut self, _: ElementType) -> Result<(), sig::Error> {
        Ok(())
    }

    fn class(&mut self, token: Token, is_value_type: bool) -> Result<(), sig::Error> {
        (self.0)(token, is_value_type);
        Ok(())
    }

    fn sz_array(&mut self, (): ()) -> Result<(), sig::Error> {
        Ok(())
    }

    fn array(&mut self, (): (), _: ArrayShape) -> Result<(), sig::Error> {
        Ok(())
    }

    fn pointer(&mut self, (): ()) -> Result<(), sig::Error> {
        Ok(())
    }

    fn by_ref(&mut self, (): ()) -> Result<(), sig::Error> {
        Ok(())
    }

    fn generic_inst(&mut self, (): (), _: Vec<()>) -> Result<(), sig::Error> {
        Ok(())
    }

    fn var(&mut self, _: u32) -> Result<(), sig::Error> {
        Ok(())
    }

    fn mvar(&mut self, _: u32) -> Result<(), sig::Error> {
        Ok(())
    }

    fn fn_ptr(&mut self, _: MethodSig<()>) -> Result<(), sig::Error> {
        Ok(())
    }

    fn modified(&mut self, _: bool, _: Token, (): ()) -> Result<(), sig::Error> {
        Ok(())
    }

    fn pinned(&mut self, (): ()) -> Result<(), sig::Error> {
        Ok(())
    }
}
