//! Calls.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};

use super::Lower;
use crate::clif::emit::Target;
use crate::clif::helpers::{HelperKind, signature_of};
use crate::hir::{Call, Callee, Value};
use crate::host::{Helper, MethodHandle, Symbol};

impl Lower<'_, '_> {
    pub(super) fn call(&mut self, call: &Call) -> Option<ir::Value> {
        let args: Vec<_> = call.args.iter().map(|v| self.val(*v)).collect();
        let target = self.target(call.callee, args.first().copied());
        let unwind = self.unwind();
        self.e.call(target, call.sig.managed(), &args, unwind)
    }

    pub(super) fn tail_call(&mut self, call: &Call) {
        let args: Vec<_> = call.args.iter().map(|v| self.val(*v)).collect();
        let target = self.target(call.callee, args.first().copied());
        let sig = self.e.sig(call.sig.managed());
        match self.e.resolved(target) {
            Target::Symbol(symbol) => {
                let func = self.e.callee(symbol, sig);
                self.e.b.ins().return_call(func, &args);
            }
            Target::Address(code) => {
                self.e.b.ins().return_call_indirect(sig, code, &args);
            }
        }
    }

    fn target(&mut self, callee: Callee, object: Option<ir::Value>) -> Target {
        if let Callee::Direct(method) = callee {
            return Target::Symbol(Symbol::MethodEntry(method));
        }
        if let Callee::Indirect(code) = callee {
            return Target::Address(self.val(code));
        }
        let object = match object {
            Some(object) => object,
            None => self.e.word(0),
        };
        Target::Address(self.look_up(callee, object))
    }

    /// Finds the code of a virtual callee in an object.
    fn look_up(&mut self, callee: Callee, object: ir::Value) -> ir::Value {
        match callee {
            Callee::Virtual { offset, .. } => {
                let flags = self.null_checked(object, 0);
                let vtable = self.e.vtable(object, flags);
                let offset = i32::try_from(offset).unwrap_or(i32::MAX);
                self.e
                    .b
                    .ins()
                    .load(types::I64, MemFlagsData::trusted(), vtable, offset)
            }
            Callee::Interface { method, slot } => self.interface(object, method, slot),
            Callee::VirtualGeneric(method) => {
                self.throw_unless(object, crate::host::ThrowKind::NullReference);
                let token = self.e.symbol(Symbol::MethodToken(method));
                self.resolved(Helper::ResolveVirtual, object, token)
            }
            Callee::CodeField(offset) => {
                let flags = self.null_checked(object, offset);
                let offset = i32::try_from(offset).unwrap_or(i32::MAX);
                self.e.b.ins().load(types::I64, flags, object, offset)
            }
            Callee::Direct(method) => self.e.symbol(Symbol::MethodEntry(method)),
            Callee::Indirect(code) => self.val(code),
        }
    }

    fn resolved(&mut self, helper: Helper, object: ir::Value, key: ir::Value) -> ir::Value {
        let place = self.place;
        self.at(place.position, true);
        let code = self.throwing(helper, &[object, key]);
        self.at(place.position, false);
        match code {
            Some(code) => code,
            None => self.e.word(0),
        }
    }

    /// Looks in the interface method table, then asks the helper.
    fn interface(&mut self, object: ir::Value, method: MethodHandle, slot: u32) -> ir::Value {
        let flags = self.null_checked(object, 0);
        let vtable = self.e.vtable(object, flags);
        let place = i64::from(self.e.abi.imt_offset) + i64::from(slot) * 16;
        let place = i32::try_from(place).unwrap_or(i32::MAX - 8);
        let trusted = MemFlagsData::trusted();
        let key = self.e.symbol(Symbol::InterfaceKey(method));
        let found = self.e.b.ins().load(types::I64, trusted, vtable, place);
        let hit = self.e.b.ins().icmp(IntCC::Equal, found, key);
        let fast = self.e.b.create_block();
        let cold = self.e.cold_block();
        let next = self.e.b.create_block();
        let code = self.e.b.append_block_param(next, types::I64);
        self.e.b.ins().brif(hit, fast, &[], cold, &[]);
        self.e.b.switch_to_block(fast);
        let direct = self.e.b.ins().load(types::I64, trusted, vtable, place + 8);
        self.e.b.ins().jump(next, &[direct.into()]);
        self.e.b.switch_to_block(cold);
        let resolved = self.resolved(Helper::ResolveInterface, object, key);
        self.e.b.ins().jump(next, &[resolved.into()]);
        self.e.b.switch_to_block(next);
        code
    }

    pub(super) fn code_address(&mut self, callee: Callee, object: Option<Value>) -> ir::Value {
        let object = object.map(|o| self.val(o));
        match (callee, object) {
            (Callee::Interface { method, .. }, Some(object)) => {
                self.throw_unless(object, crate::host::ThrowKind::NullReference);
                let key = self.e.symbol(Symbol::InterfaceKey(method));
                self.resolved(Helper::ResolveInterface, object, key)
            }
            (callee, object) => match self.target(callee, object) {
                Target::Symbol(symbol) => self.e.symbol(symbol),
                Target::Address(code) => code,
            },
        }
    }

    pub(super) fn helper(&mut self, helper: Helper, args: &[Value]) -> Option<ir::Value> {
        let args: Vec<_> = args.iter().map(|v| self.val(*v)).collect();
        match signature_of(helper).0 {
            HelperKind::Throwing => self.throwing(helper, &args),
            HelperKind::Plain | HelperKind::Pure => self.e.helper(helper, &args),
            HelperKind::Raising => panic!("helper {helper:?} ends a block; please report this"),
        }
    }
}
