//! Calls.

use ferrocil_metadata::il::{Instruction, Opcode};

use crate::clif::abi::{AbiSig, ArgClass};
use crate::hir::{Access, Call, Callee, Inst, Mem, Terminator, Ty, Value};
use crate::host::{CallKind, CallSite, Dispatch, MethodHandle, ThisFixup, TypeHandle};
use crate::il::Stop;

use super::stack::Item;
use super::{Flow, Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn call(&mut self, inst: &Instruction<'_>) -> Step<Flow> {
        let token = self.token(inst)?;
        let kind = if inst.opcode == Opcode::Callvirt {
            CallKind::CallVirt
        } else {
            CallKind::Call
        };
        let site = self
            .host
            .resolve_call(self.c.method, token, kind, self.prefixes.constrained)?;
        let sig = AbiSig::new(self.host, &site.sig)?;
        let callee = match site.dispatch {
            Dispatch::Direct(method) => Callee::Direct(method),
            Dispatch::VTable { offset, method } => Callee::Virtual { offset, method },
            Dispatch::Interface { method, slot } => Callee::Interface { method, slot },
            Dispatch::VirtualGeneric(method) => Callee::VirtualGeneric(method),
            Dispatch::CodeField { offset } => Callee::CodeField(offset),
            Dispatch::Intrinsic(which, method) => {
                if self.intrinsic(which, &site, &sig)? {
                    return Ok(Flow::Next);
                }
                Callee::Direct(method)
            }
            Dispatch::ArrayGet(array)
            | Dispatch::ArraySet(array)
            | Dispatch::ArrayAddress(array) => {
                self.array_accessor(&site, &sig, array)?;
                return Ok(Flow::Next);
            }
            Dispatch::NewObject { .. }
            | Dispatch::NewValue { .. }
            | Dispatch::NewString(_)
            | Dispatch::NewArray { .. }
            | Dispatch::NewDelegate(_) => return Err(Stop::NotSupported),
        };
        let needs_this = !matches!(callee, Callee::Direct(_));
        if needs_this && sig.this.is_none() {
            return Err(Stop::Invalid("a virtual call of a static method"));
        }
        let tail = match self.variable_args(&sig, token)? {
            // The list is in this frame.
            Some(types) => {
                self.push_argument_list(&types)?;
                None
            }
            None => self.tail_call(&sig),
        };
        let callee = self.exact_callee(callee, &site, &sig).unwrap_or(callee);
        let args = self.pop_args(&sig)?;
        let this = match sig.this {
            Some(ty) => Some(self.pop_this(&site, ty)?),
            None => None,
        };
        self.finish_call(callee, sig, this, args, site.no_return, tail)
    }

    /// Devirtualisation: the method that a virtual call reaches when its object was made here.
    fn exact_callee(&self, callee: Callee, site: &CallSite, sig: &AbiSig) -> Option<Callee> {
        let (Callee::Virtual { method, .. } | Callee::Interface { method, .. }) = callee else {
            return None;
        };
        let below = self.stack.len().checked_sub(sig.params.len() + 1)?;
        let Item::Scalar(this) = self.stack[below] else {
            return None;
        };
        let class = self.exact.get(&this)?;
        if !matches!(site.this_fixup, ThisFixup::None) {
            return None;
        }
        let found = self.host.exact_callee(*class, method)?;
        Some(Callee::Direct(found))
    }

    pub(super) fn calli(&mut self, inst: &Instruction<'_>) -> Step<Flow> {
        let token = self.token(inst)?;
        let calli = self.host.resolve_calli(self.c.method, token)?;
        let sig = AbiSig::new(self.host, &calli.sig)?;
        if let Some(native) = calli.native {
            if sig.this.is_some() {
                return Err(Stop::Invalid("a native call with an implicit this"));
            }
            // The address lies where the method has its last argument.
            let args = self.pop_args(&sig)?;
            return self.finish_call(Callee::Direct(native), sig, None, args, false, None);
        }
        let code = self.pop_address()?;
        let callee = Callee::Indirect(code);
        let tail = self.tail_call(&sig);
        let args = self.pop_args(&sig)?;
        let this = match sig.this {
            Some(_) => Some(self.pop_address()?),
            None => None,
        };
        self.check_address(code);
        self.finish_call(callee, sig, this, args, false, tail)
    }

    /// When `tail.` is there and can be obeyed: where each struct argument goes.
    fn tail_call(&self, sig: &AbiSig) -> Option<Vec<Value>> {
        let returns = self
            .c
            .body
            .insts
            .binary_search_by_key(&self.next_at, |i| i.offset);
        let returns = returns.is_ok_and(|i| self.c.body.insts[i].opcode == Opcode::Ret);
        let pops = sig.params.len() + usize::from(sig.this.is_some());
        let may = self.prefixes.tail
            && returns
            && self.may_tail_call()
            && self.stack.len() == pops
            && same_result(sig, &self.c.sig);
        if may {
            self.struct_places_of_caller(sig)
        } else {
            None
        }
    }

    /// A place that outlives this frame for each struct argument: the copies that this
    /// method was given are its own to change, and their memory is its caller's. A copy
    /// with references keeps its type, because its owner's root map describes it.
    fn struct_places_of_caller(&self, sig: &AbiSig) -> Option<Vec<Value>> {
        let mut free = self.struct_args();
        let mut places = Vec::new();
        for param in &sig.params {
            let ArgClass::Struct(ty, layout) = param else {
                continue;
            };
            let found = free.iter().position(|(_, own, own_layout)| {
                own == ty
                    || (!layout.has_refs
                        && !own_layout.has_refs
                        && own_layout.size >= layout.size
                        && own_layout.align >= layout.align)
            })?;
            places.push(free.remove(found).0);
        }
        Some(places)
    }

    /// Pops the declared arguments as they are passed.
    pub(super) fn pop_args(&mut self, sig: &AbiSig) -> Step<Vec<Value>> {
        let mut args = Vec::with_capacity(sig.params.len() + 2);
        for param in sig.params.iter().rev() {
            args.push(match param {
                ArgClass::Scalar(mem) => {
                    let value = self.pop_scalar()?;
                    self.narrow(value, *mem)?
                }
                ArgClass::Struct(ty, layout) => {
                    let item = self.pop_struct(*ty, layout)?;
                    // The callee owns what it is given: a temporary goes, anything else is copied.
                    let item = if item.temp.is_some() {
                        item
                    } else {
                        self.copy_to_temp(&item)?
                    };
                    self.release_struct(&item);
                    self.struct_addr(&item)
                }
            });
        }
        args.reverse();
        Ok(args)
    }

    fn pop_this(&mut self, site: &CallSite, ty: Ty) -> Step<Value> {
        let value = match site.this_fixup {
            ThisFixup::None => {
                let value = self.pop_address()?;
                if ty == Ty::Ref && site.null_check {
                    self.check_address(value);
                }
                return Ok(value);
            }
            ThisFixup::Deref => {
                let addr = self.pop_address()?;
                let access = self.access(addr);
                self.b.emit(
                    Inst::Load {
                        mem: Mem::Ref,
                        access,
                        addr,
                        offset: 0,
                    },
                    Ty::Ref,
                )
            }
            ThisFixup::Box(value_type) => {
                let addr = self.pop_address()?;
                self.flush()?;
                self.check_address(addr);
                self.box_from(value_type, addr, 0)?
            }
        };
        if site.null_check {
            self.check_address(value);
        }
        Ok(value)
    }

    /// Emits a call with its result.
    fn finish_call(
        &mut self,
        callee: Callee,
        sig: AbiSig,
        this: Option<Value>,
        args: Vec<Value>,
        no_return: bool,
        tail: Option<Vec<Value>>,
    ) -> Step<Flow> {
        self.flush()?;
        if let Some(places) = tail {
            let args = self.move_structs(&sig, args, places);
            let mut all: Vec<Value> = this.into_iter().collect();
            if sig.sret().is_some() {
                all.extend(self.sret);
            }
            all.extend(args);
            self.b.end(Terminator::TailCall(Box::new(Call {
                callee,
                sig,
                args: all,
            })));
            return Ok(Flow::End);
        }
        if let Callee::Direct(method) = callee
            && !no_return
            && let Some(body) = self.expandable(method)
        {
            return self.expand(method, body, sig, this, args);
        }
        self.emit_call(callee, sig, this, args)?;
        if no_return {
            self.b.end(Terminator::Unreachable);
            return Ok(Flow::End);
        }
        Ok(Flow::Next)
    }

    /// Copies the struct arguments of a tail call to their places.
    fn move_structs(
        &mut self,
        sig: &AbiSig,
        mut args: Vec<Value>,
        places: Vec<Value>,
    ) -> Vec<Value> {
        let mut places = places.into_iter();
        for (arg, param) in args.iter_mut().zip(&sig.params) {
            if let ArgClass::Struct(_, layout) = param
                && let Some(place) = places.next()
            {
                self.b.effect(Inst::CopyStruct {
                    dst: place,
                    src: *arg,
                    size: layout.size,
                    barrier: false,
                });
                *arg = place;
            }
        }
        args
    }

    /// Calls and pushes the result.
    pub(super) fn emit_call(
        &mut self,
        callee: Callee,
        sig: AbiSig,
        this: Option<Value>,
        args: Vec<Value>,
    ) -> Step<()> {
        let mut all: Vec<Value> = this.into_iter().collect();
        match sig.ret {
            Some(ArgClass::Struct(ty, layout)) => {
                let slot = self.temp(&layout)?;
                let addr = self.slot_addr(slot, 0);
                all.push(addr);
                all.extend(args);
                self.b.effect(Inst::Call(Box::new(Call {
                    callee,
                    sig,
                    args: all,
                })));
                self.push_temp(slot, addr, ty, layout);
            }
            Some(ArgClass::Scalar(mem)) => {
                all.extend(args);
                let declared = sig.declared_ret;
                let value = self.b.emit(
                    Inst::Call(Box::new(Call {
                        callee,
                        sig,
                        args: all,
                    })),
                    mem.ty(),
                );
                self.note_type(value, declared);
                self.push(value);
            }
            None => {
                all.extend(args);
                self.b.effect(Inst::Call(Box::new(Call {
                    callee,
                    sig,
                    args: all,
                })));
            }
        }
        Ok(())
    }

    fn array_accessor(&mut self, site: &CallSite, sig: &AbiSig, array: TypeHandle) -> Step<()> {
        let info = self.host.array_shape(array)?;
        let elem = self.class_of(info.elem)?;
        let value = match site.dispatch {
            Dispatch::ArraySet(_) => Some(self.pop()?),
            _ => None,
        };
        let count = sig
            .params
            .len()
            .saturating_sub(usize::from(value.is_some()));
        let mut indices = Vec::with_capacity(count);
        for _ in 0..count {
            indices.push(self.pop_as(Mem::I32)?);
        }
        indices.reverse();
        let object = self.pop_ref()?;
        self.flush()?;
        match (&site.dispatch, value) {
            (Dispatch::ArrayGet(_), _) => {
                let (addr, offset) = self.md_element(object, array, &indices)?;
                self.load_value(info.elem, addr, offset)
            }
            (Dispatch::ArraySet(_), Some(value)) => {
                let (addr, offset) = self.md_element(object, array, &indices)?;
                if let (ArgClass::Scalar(Mem::Ref), Item::Scalar(value)) = (elem, value)
                    && self.b.constant(value) != Some(0)
                {
                    let value = self.coerce(value, Ty::Ref)?;
                    self.helper_effect(crate::host::Helper::CheckArrayStore, &[object, value]);
                }
                self.store_value(elem, addr, offset, value)
            }
            _ => {
                if elem == ArgClass::Scalar(Mem::Ref) && !self.prefixes.readonly {
                    self.check_address(object);
                    let vtable = self.symbol(crate::host::Symbol::VTable(array));
                    self.helper_effect(crate::host::Helper::CheckElemAddress, &[object, vtable]);
                }
                let (addr, offset) = self.md_element(object, array, &indices)?;
                let addr = self.add_offset(addr, offset);
                self.push(addr);
                Ok(())
            }
        }
    }

    pub(super) fn load_function(&mut self, inst: &Instruction<'_>) -> Step<()> {
        let token = self.token(inst)?;
        let is_virtual = inst.opcode == Opcode::Ldvirtftn;
        let kind = if is_virtual {
            CallKind::LdVirtFtn
        } else {
            CallKind::LdFtn
        };
        let site = self
            .host
            .resolve_call(self.c.method, token, kind, self.prefixes.constrained)?;
        let object = if is_virtual {
            Some(self.pop_ref()?)
        } else {
            None
        };
        let callee = match site.dispatch {
            Dispatch::Direct(method) | Dispatch::Intrinsic(_, method) => Callee::Direct(method),
            Dispatch::VTable { method, .. }
            | Dispatch::Interface { method, .. }
            | Dispatch::VirtualGeneric(method)
                if object.is_none() =>
            {
                Callee::Direct(method)
            }
            Dispatch::VTable { offset, method } => Callee::Virtual { offset, method },
            Dispatch::Interface { method, slot } => Callee::Interface { method, slot },
            Dispatch::VirtualGeneric(method) => Callee::VirtualGeneric(method),
            _ => return Err(Stop::NotSupported),
        };
        if let (Callee::Direct(_), Some(object)) = (callee, object) {
            self.check_address(object);
        }
        self.flush()?;
        let code = self.b.emit(Inst::CodeAddress { callee, object }, Ty::I64);
        self.non_null.insert(code);
        self.push(code);
        Ok(())
    }

    /// Calls a constructor; the block may end in it.
    pub(super) fn call_direct(
        &mut self,
        method: MethodHandle,
        sig: AbiSig,
        this: Value,
        args: Vec<Value>,
    ) -> Step<Flow> {
        self.finish_call(Callee::Direct(method), sig, Some(this), args, false, None)
    }

    /// Loads a scalar that is known to be there.
    pub(super) fn load_safe(&mut self, mem: Mem, addr: Value, offset: u32) -> Value {
        self.b.emit(
            Inst::Load {
                mem,
                access: Access::Safe,
                addr,
                offset,
            },
            mem.ty(),
        )
    }
}

fn same_result(a: &AbiSig, b: &AbiSig) -> bool {
    match (a.ret, b.ret) {
        (Some(ArgClass::Struct(x, _)), Some(ArgClass::Struct(y, _))) => x == y,
        (Some(ArgClass::Scalar(x)), Some(ArgClass::Scalar(y))) => x == y,
        (None, None) => true,
        _ => false,
    }
}
