//! `newobj`.

use ferrocil_metadata::il::Instruction;

use crate::clif::abi::{AbiSig, ArgClass};
use crate::hir::{Access, Callee, Contents, Inst, Mem, Ty, Value};
use crate::host::{CallKind, Dispatch, Helper, Symbol, TypeHandle};
use crate::il::Stop;

use super::{Flow, Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn new_object(&mut self, inst: &Instruction<'_>) -> Step<Flow> {
        let token = self.token(inst)?;
        let site = self
            .host
            .resolve_call(self.c.method, token, CallKind::NewObj, None)?;
        let mut sig = AbiSig::new(self.host, &site.sig)?;
        match site.dispatch {
            Dispatch::NewObject { class, ctor } => {
                let args = self.pop_args(&sig)?;
                self.flush()?;
                let object = self.alloc_object(class);
                if let Some(ctor) = ctor {
                    sig.this = Some(Ty::Ref);
                    sig.ret = None;
                    if self.call_direct(ctor, sig, object, args)? == Flow::End {
                        return Ok(Flow::End);
                    }
                }
                self.push(object);
                Ok(Flow::Next)
            }
            Dispatch::NewValue { class, ctor } => {
                let args = self.pop_args(&sig)?;
                self.flush()?;
                sig.this = Some(Ty::ByRef);
                sig.ret = None;
                let value = self.class_of(class)?;
                match value {
                    ArgClass::Struct(ty, layout) => {
                        let slot = self.temp(&layout)?;
                        let addr = self.slot_addr(slot, 0);
                        self.b.effect(Inst::Clear {
                            dst: addr,
                            size: layout.size,
                        });
                        if self.call_direct(ctor, sig, addr, args)? == Flow::End {
                            return Ok(Flow::End);
                        }
                        self.push_temp(slot, addr, ty, layout);
                    }
                    ArgClass::Scalar(mem) => {
                        let slot = self.new_slot(mem.size(), mem.size())?;
                        self.note_contents(slot, Contents::Scalar(mem));
                        let addr = self.slot_addr(slot, 0);
                        self.b.effect(Inst::Clear {
                            dst: addr,
                            size: mem.size(),
                        });
                        if self.call_direct(ctor, sig, addr, args)? == Flow::End {
                            return Ok(Flow::End);
                        }
                        let value = self.load_safe(mem, addr, 0);
                        self.push(value);
                    }
                }
                Ok(Flow::Next)
            }
            Dispatch::NewString(factory) => {
                let args = self.pop_args(&sig)?;
                self.flush()?;
                sig.this = Some(Ty::Ref);
                sig.ret = Some(ArgClass::Scalar(Mem::Ref));
                let null = self.b.zero(Ty::Ref);
                self.emit_call(Callee::Direct(factory), sig, Some(null), args)?;
                Ok(Flow::Next)
            }
            Dispatch::NewArray { array, with_bounds } => {
                let count = sig.params.len();
                let mut values: Vec<Value> = Vec::with_capacity(count);
                for _ in 0..count {
                    values.push(self.pop_as(Mem::I32)?);
                }
                values.reverse();
                self.flush()?;
                let size = u32::try_from(count).ok().and_then(|n| n.checked_mul(4));
                let slot =
                    self.new_slot(size.ok_or(Stop::Invalid("too many array dimensions"))?, 8)?;
                let addr = self.slot_addr(slot, 0);
                for (i, value) in values.into_iter().enumerate() {
                    let offset = 4 * i as u32;
                    self.b.effect(Inst::Store {
                        mem: Mem::I32,
                        access: Access::Safe,
                        addr,
                        offset,
                        value,
                    });
                }
                let vtable = self.symbol(Symbol::VTable(array));
                let with_bounds = self.b.i64(i64::from(with_bounds));
                let object = self.helper(Helper::AllocArray, &[vtable, addr, with_bounds], Ty::Ref);
                self.non_null.insert(object);
                self.push(object);
                Ok(Flow::Next)
            }
            Dispatch::NewDelegate(class) => {
                let code = self.pop_address()?;
                let target = self.pop_ref()?;
                self.flush()?;
                let vtable = self.symbol(Symbol::VTable(class));
                let object = self.helper(Helper::NewDelegate, &[vtable, target, code], Ty::Ref);
                self.non_null.insert(object);
                self.push(object);
                Ok(Flow::Next)
            }
            _ => Err(Stop::NotSupported),
        }
    }

    /// A zeroed instance of a class or box.
    pub(super) fn alloc_object(&mut self, class: TypeHandle) -> Value {
        let inline = self
            .host
            .inline_alloc(class)
            .zip(self.host.vtable_offset(class).ok());
        let object = match inline {
            Some((size, vtable_offset)) => self.b.emit(
                Inst::NewObject {
                    class,
                    size,
                    vtable_offset,
                },
                Ty::Ref,
            ),
            None => {
                let vtable = self.symbol(Symbol::VTable(class));
                self.helper(Helper::AllocObject, &[vtable], Ty::Ref)
            }
        };
        self.non_null.insert(object);
        self.exact.insert(object, class);
        object
    }
}
