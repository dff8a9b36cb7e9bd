//! Library methods that the compiler expands.

use crate::clif::abi::{AbiSig, ArgClass};
use crate::hir::{Access, Binary, Cond, Inst, Mem, Rmw, Ty, Unary, Value};
use crate::host::{CallSite, Helper, Intrinsic, Repr, TypeHandle};
use crate::il::Stop;

use super::stack::{Item, StructItem};
use super::{Importer, Step};

impl Importer<'_, '_> {
    /// Expands an intrinsic; false when it must be called after all (nothing was popped).
    pub(super) fn intrinsic(
        &mut self,
        which: Intrinsic,
        site: &CallSite,
        sig: &AbiSig,
    ) -> Step<bool> {
        use Intrinsic as I;
        let params = &site.sig.params;
        match which {
            I::Nop => {
                for _ in 0..params.len() + usize::from(sig.this.is_some()) {
                    let item = self.pop()?;
                    self.release(&item);
                }
            }
            I::ByReferenceCtor => {
                let value = self.pop_address()?;
                let this = self.pop_address()?;
                self.flush()?;
                self.store_scalar(Mem::ByRef, this, 0, value);
            }
            I::ByReferenceValue => {
                let this = self.pop_address()?;
                let value = self.load_scalar(Mem::ByRef, this, 0);
                self.push(value);
            }
            I::UnsafeMov => return self.unsafe_mov(site, sig),
            I::OffsetToStringData => {
                let offset = self.host.abi().string_data;
                let value = self.b.i32(offset.cast_signed());
                self.push(value);
            }
            I::RawArrayData => {
                let array = self.pop_ref()?;
                self.check_address(array);
                let addr = self.add_offset(array, self.host.abi().vector_data);
                self.push(addr);
            }
            I::StringLength | I::ArrayLength => {
                let object = self.pop_ref()?;
                let abi = self.host.abi();
                let offset = if which == I::StringLength {
                    abi.string_length
                } else {
                    abi.array_length
                };
                let value = self.length_at(object, offset, true);
                self.push(value);
            }
            I::StringChars => {
                let index = self.pop_as(Mem::I32)?;
                let string = self.pop_ref()?;
                let abi = self.host.abi();
                let length = self.length_at(string, abi.string_length, true);
                self.b.effect(Inst::BoundsCheck { index, length });
                let index = self.b.emit(Inst::ZeroExtend(index), Ty::I64);
                let one = self.b.i32(1);
                let bytes = self.b.emit(Inst::Binary(Binary::Shl, index, one), Ty::I64);
                let base = self
                    .b
                    .emit(Inst::Binary(Binary::Add, string, bytes), Ty::ByRef);
                let value = self.load_safe(Mem::U16, base, abi.string_data);
                self.push(value);
            }
            I::CompareExchange | I::Exchange | I::InterlockedAdd => {
                return self.interlocked(which, params);
            }
            I::InterlockedIncrement | I::InterlockedDecrement => {
                let mem = self.pointee(site, 0)?;
                if !matches!(mem, Mem::I32 | Mem::I64) {
                    return Ok(false);
                }
                let addr = self.pop_place()?;
                let by = if which == I::InterlockedIncrement {
                    1
                } else {
                    -1
                };
                let by = if mem == Mem::I32 {
                    self.b.i32(by)
                } else {
                    self.b.i64(i64::from(by))
                };
                self.add_atomically(mem, addr, by);
            }
            I::InterlockedRead | I::VolatileRead => {
                let Some(mem) = self.scalar_of(site.sig.ret)? else {
                    return Ok(false);
                };
                let addr = self.pop_place()?;
                let value = self.b.emit(Inst::AtomicLoad(mem, addr), mem.ty());
                self.push(value);
            }
            I::VolatileWrite => {
                let Some(mem) = self.param_scalar(params, 1)? else {
                    return Ok(false);
                };
                let value = self.pop_as(mem)?;
                let addr = self.pop_place()?;
                self.flush()?;
                self.b.effect(Inst::AtomicStore(mem, addr, value));
            }
            I::CompareExchangeObjectByRef => {
                let result = self.pop_place()?;
                let comparand = self.pop_place()?;
                let value = self.pop_place()?;
                let location = self.pop_place()?;
                self.flush()?;
                let comparand = self.load_safe(Mem::Ref, comparand, 0);
                let value = self.load_safe(Mem::Ref, value, 0);
                let old = self.b.emit(
                    Inst::AtomicCas(Mem::Ref, location, comparand, value),
                    Ty::Ref,
                );
                self.store_scalar(Mem::Ref, result, 0, old);
            }
            I::ExchangeObjectByRef => {
                let result = self.pop_place()?;
                let value = self.pop_place()?;
                let location = self.pop_place()?;
                self.flush()?;
                let value = self.load_safe(Mem::Ref, value, 0);
                let old = self.b.emit(
                    Inst::AtomicRmw(Rmw::Exchange, Mem::Ref, location, value),
                    Ty::Ref,
                );
                self.store_scalar(Mem::Ref, result, 0, old);
            }
            I::MemoryBarrier => self.b.effect(Inst::Fence),
            I::Sqrt | I::FloatAbs | I::Floor | I::Ceiling => {
                let Some(mem @ (Mem::F32 | Mem::F64)) = self.param_scalar(params, 0)? else {
                    return Ok(false);
                };
                let op = match which {
                    I::Sqrt => Unary::Sqrt,
                    I::FloatAbs => Unary::FloatAbs,
                    I::Floor => Unary::Floor,
                    _ => Unary::Ceil,
                };
                let value = self.pop_as(mem)?;
                let value = self.b.emit(Inst::Unary(op, value), mem.ty());
                self.push(value);
            }
            I::UnsafeLoad => {
                let index = self.pop_as(Mem::I32)?;
                let array = self.pop_ref()?;
                self.check_address(array);
                let size = self.host.layout(site.sig.ret)?.size;
                let (addr, offset) = self.element_unchecked(array, index, size);
                self.load_value(site.sig.ret, addr, offset)?;
            }
            I::UnsafeStore => {
                let Some(&ty) = params.get(2) else {
                    return Ok(false);
                };
                let class = self.class_of(ty)?;
                let value = self.pop()?;
                let index = self.pop_as(Mem::I32)?;
                let array = self.pop_ref()?;
                self.flush()?;
                self.check_address(array);
                let size = self.host.layout(ty)?.size;
                let (addr, offset) = self.element_unchecked(array, index, size);
                self.store_value(class, addr, offset, value)?;
            }
            // The element type is not in the signature (it is a type argument behind a `ref`).
            I::ArrayGetGenericValue | I::ArraySetGenericValue => {
                let Some(&ty) = params.get(1) else {
                    return Ok(false);
                };
                let Some(elem) = self.host.pointee(ty) else {
                    return Ok(false);
                };
                let class = self.class_of(elem)?;
                let size = self.host.layout(elem)?.size;
                let place = self.pop_place()?;
                let index = self.pop_as(Mem::I32)?;
                let array = self.pop_ref()?;
                self.flush()?;
                let (addr, offset) = self.element(array, index, size);
                let (from, from_offset, to, to_offset) = if which == I::ArrayGetGenericValue {
                    (addr, offset, place, 0)
                } else {
                    (place, 0, addr, offset)
                };
                self.load_value(elem, from, from_offset)?;
                let value = self.pop()?;
                self.store_value(class, to, to_offset, value)?;
            }
            I::TypeFromHandle => {
                let token = match self.pop()? {
                    Item::Scalar(value) => value,
                    Item::Struct(item) => {
                        let token = self.load_safe(Mem::I64, item.addr, item.offset);
                        self.release_struct(&item);
                        token
                    }
                };
                self.flush()?;
                let object = self.helper(Helper::TypeFromToken, &[token], Ty::Ref);
                self.push(object);
            }
            I::MonitorEnter | I::MonitorExit => {
                let object = self.pop_ref()?;
                self.flush()?;
                let helper = if which == I::MonitorEnter {
                    Helper::MonitorEnter
                } else {
                    Helper::MonitorExit
                };
                self.helper_effect(helper, &[object]);
            }
            I::MonitorEnterTaken => {
                let taken = self.pop_place()?;
                let object = self.pop_ref()?;
                self.flush()?;
                self.helper_effect(Helper::MonitorEnterTaken, &[object, taken]);
            }
            I::ReferenceEquals => {
                let b = self.pop_ref()?;
                let a = self.pop_ref()?;
                let value = self.b.emit(Inst::Compare(Cond::Eq, a, b), Ty::I32);
                self.push(value);
            }
        }
        Ok(true)
    }

    /// Pops an address that is not null.
    fn pop_place(&mut self) -> Step<Value> {
        let addr = self.pop_address()?;
        self.check_address(addr);
        Ok(addr)
    }

    fn scalar_of(&mut self, ty: TypeHandle) -> Step<Option<Mem>> {
        Ok(Mem::of(self.host.layout(ty)?.repr))
    }

    fn param_scalar(&mut self, params: &[TypeHandle], n: usize) -> Step<Option<Mem>> {
        match params.get(n) {
            Some(ty) => self.scalar_of(*ty),
            None => Err(Stop::Invalid("an intrinsic of another signature")),
        }
    }

    /// Type behind the `ref` parameter of an operation that returns a value of that type.
    fn pointee(&mut self, site: &CallSite, _param: usize) -> Step<Mem> {
        self.scalar_of(site.sig.ret)?
            .ok_or(Stop::Invalid("an intrinsic of another signature"))
    }

    fn interlocked(&mut self, which: Intrinsic, params: &[TypeHandle]) -> Step<bool> {
        let Some(mem) = self.param_scalar(params, 1)? else {
            return Ok(false);
        };
        if mem.size() < 4
            || (which == Intrinsic::InterlockedAdd && !matches!(mem, Mem::I32 | Mem::I64))
        {
            return Ok(false);
        }
        match which {
            Intrinsic::CompareExchange => {
                let comparand = self.pop_as(mem)?;
                let value = self.pop_as(mem)?;
                let addr = self.pop_place()?;
                self.flush()?;
                let old = self
                    .b
                    .emit(Inst::AtomicCas(mem, addr, comparand, value), mem.ty());
                self.push(old);
            }
            Intrinsic::Exchange => {
                let value = self.pop_as(mem)?;
                let addr = self.pop_place()?;
                self.flush()?;
                let old = self
                    .b
                    .emit(Inst::AtomicRmw(Rmw::Exchange, mem, addr, value), mem.ty());
                self.push(old);
            }
            _ => {
                let value = self.pop_as(mem)?;
                let addr = self.pop_place()?;
                self.add_atomically(mem, addr, value);
            }
        }
        Ok(true)
    }

    /// Adds and pushes the new value.
    fn add_atomically(&mut self, mem: Mem, addr: Value, by: Value) {
        let old = self
            .b
            .emit(Inst::AtomicRmw(Rmw::Add, mem, addr, by), mem.ty());
        let new = self.b.emit(Inst::Binary(Binary::Add, old, by), mem.ty());
        self.push(new);
    }

    /// `R UnsafeMov<S, R>(S)`: the value under another type.
    fn unsafe_mov(&mut self, site: &CallSite, sig: &AbiSig) -> Step<bool> {
        let (Some(from), Some(to)) = (sig.params.first().copied(), sig.ret) else {
            return Err(Stop::Invalid("an intrinsic of another signature"));
        };
        match (from, to) {
            (ArgClass::Scalar(from), ArgClass::Scalar(to)) => {
                let value = self.pop_as(from)?;
                let value = match (from.ty().is_float(), to.ty().is_float()) {
                    (a, b) if a != b && from.size() == to.size() => {
                        self.b.emit(Inst::Bitcast(value), to.ty())
                    }
                    (a, b) if a != b => return Err(Stop::NotSupported),
                    // An enum of another width: widen by the source's sign, then cut.
                    _ => self.resize(value, site, from, to)?,
                };
                self.push(value);
            }
            (ArgClass::Struct(ty, layout), ArgClass::Struct(to, to_layout)) => {
                let item = self.pop_struct(ty, &layout)?;
                if to_layout.size > layout.size {
                    return Err(Stop::NotSupported);
                }
                self.stack.push(Item::Struct(StructItem {
                    ty: to,
                    layout: to_layout,
                    temp: None,
                    ..item
                }));
            }
            (ArgClass::Struct(ty, layout), ArgClass::Scalar(mem)) => {
                let item = self.pop_struct(ty, &layout)?;
                if mem.size() > layout.size {
                    return Err(Stop::NotSupported);
                }
                let value = self.load_safe(mem, item.addr, item.offset);
                self.release_struct(&item);
                self.push(value);
            }
            (ArgClass::Scalar(mem), ArgClass::Struct(ty, layout)) => {
                let value = self.pop_as(mem)?;
                if mem.size() > layout.size {
                    return Err(Stop::NotSupported);
                }
                let slot = self.temp(&layout)?;
                let addr = self.slot_addr(slot, 0);
                self.b.effect(Inst::Clear {
                    dst: addr,
                    size: layout.size,
                });
                self.b.effect(Inst::Store {
                    mem,
                    access: Access::Safe,
                    addr,
                    offset: 0,
                    value,
                });
                self.push_temp(slot, addr, ty, layout);
            }
        }
        Ok(true)
    }

    fn resize(&mut self, value: Value, site: &CallSite, from: Mem, to: Mem) -> Step<Value> {
        let unsigned = match site.sig.params.first() {
            Some(ty) => matches!(
                self.host.layout(*ty)?.repr,
                Repr::U4 | Repr::U8 | Repr::U | Repr::Bool | Repr::Char | Repr::U1 | Repr::U2
            ),
            None => false,
        };
        let value = if from.ty() == Ty::I32 && to.size() == 8 && unsigned {
            self.b.emit(Inst::ZeroExtend(value), Ty::I64)
        } else {
            self.coerce(value, to.ty())?
        };
        self.narrow(value, to)
    }
}
