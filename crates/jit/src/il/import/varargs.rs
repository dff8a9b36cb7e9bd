//! Variable argument lists (ECMA-335 I.12.3.2.3): the caller puts the arguments into its
//! frame and passes a list of them as a last, hidden argument, a `RuntimeArgumentHandle`.
//!
//! The list: the number of arguments, then for each its type token and its address.

use ferrocil_metadata::Token;

use crate::clif::abi::{AbiSig, ArgClass};
use crate::hir::{Access, Inst, Mem, Value};
use crate::host::{Symbol, TypeHandle, WellKnownType};
use crate::il::Stop;
use crate::il::liveness::Use;

use super::{Importer, MAX_FRAME, Step};

impl Importer<'_, '_> {
    /// Types of the arguments that a call passes besides the declared ones, when the callee
    /// takes such.
    pub(super) fn variable_args(
        &self,
        sig: &AbiSig,
        token: Token,
    ) -> Step<Option<Vec<TypeHandle>>> {
        let handle = self.host.well_known(WellKnownType::RuntimeArgumentHandle);
        if sig.declared.last() != Some(&handle) {
            return Ok(None);
        }
        Ok(self.host.variable_args(self.c.method, token)?)
    }

    /// Pops arguments of these types and pushes the handle of their list.
    pub(super) fn push_argument_list(&mut self, types: &[TypeHandle]) -> Step<()> {
        let mut places: Vec<Value> = Vec::with_capacity(types.len());
        for &ty in types.iter().rev() {
            let layout = self.host.layout(ty)?;
            let slot = self.temp(&layout)?;
            let addr = self.slot_addr(slot, 0);
            match self.class_of(ty)? {
                ArgClass::Scalar(mem) => {
                    let value = self.pop_scalar()?;
                    let value = self.narrow(value, mem)?;
                    self.store_word(mem, addr, 0, value);
                }
                ArgClass::Struct(ty, layout) => {
                    self.pop_struct_to(addr, ty, &layout, false)?;
                }
            }
            places.push(addr);
        }
        places.reverse();
        let size = 8 + 16 * places.len();
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        if size > MAX_FRAME {
            return Err(Stop::Invalid("the frame is too large"));
        }
        let list = self.new_slot(size, 8)?;
        let addr = self.slot_addr(list, 0);
        let count = self.b.i64(places.len() as i64);
        self.store_word(Mem::I64, addr, 0, count);
        let mut offset = 8;
        for (&ty, place) in types.iter().zip(places) {
            let token = self.symbol(Symbol::TypeToken(ty));
            self.store_word(Mem::I64, addr, offset, token);
            self.store_word(Mem::I64, addr, offset + 8, place);
            offset += 16;
        }
        self.push_handle(addr, WellKnownType::RuntimeArgumentHandle)
    }

    fn store_word(&mut self, mem: Mem, addr: Value, offset: u32, value: Value) {
        self.b.effect(Inst::Store {
            mem,
            access: Access::Safe,
            addr,
            offset,
            value,
        });
    }

    /// `arglist`: the hidden argument.
    pub(super) fn arglist(&mut self) -> Step<()> {
        let handle = self.host.well_known(WellKnownType::RuntimeArgumentHandle);
        if self.c.sig.declared.last() != Some(&handle) {
            return Err(Stop::Invalid(
                "arglist in a method without a variable argument list",
            ));
        }
        let last = self.arg_count() - 1;
        let last = u16::try_from(last).map_err(|_| Stop::Invalid("too many arguments"))?;
        self.variable(true, last, Use::Get)
    }
}
