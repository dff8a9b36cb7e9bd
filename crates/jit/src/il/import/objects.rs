//! Boxing, casts, typed references, literals and tokens.

use ferrocil_metadata::il::{Instruction, Opcode};

use crate::clif::abi::ArgClass;
use crate::hir::{Access, Edge, Inst, Mem, Terminator, Ty, Value};
use crate::host::{BoxKind, CastStrategy, Helper, LdToken, Symbol, TypeHandle, WellKnownType};
use crate::il::Stop;

use super::stack::{Item, StructItem};
use super::{Importer, Step};

/// Fields of a TypedReference: type token, address, type token again.
const TYPED_REFERENCE_SIZE: u32 = 24;
const TYPED_REFERENCE_VALUE: u32 = 8;
const TYPED_REFERENCE_TYPE: u32 = 16;

impl Importer<'_, '_> {
    pub(super) fn constant_object(&mut self, inst: &Instruction<'_>) -> Step<()> {
        use Opcode as O;
        match inst.opcode {
            O::Ldnull => {
                let null = self.b.zero(Ty::Ref);
                self.push(null);
            }
            O::Ldstr => {
                let token = self.token(inst)?;
                let string = self.host.resolve_string(self.c.method, token)?;
                let addr = self.symbol(Symbol::StringLiteral(string));
                let value = if self.host.is_made(string) {
                    self.load_safe(Mem::Ref, addr, 0)
                } else {
                    self.helper(Helper::MakeLiteral, &[addr], Ty::Ref)
                };
                self.non_null.insert(value);
                self.push(value);
            }
            O::Sizeof => {
                let ty = self.type_operand(inst)?;
                let size = self.host.layout(ty)?.size;
                let value = self.b.i32(size.cast_signed());
                self.push(value);
            }
            _ => {
                let token = self.token(inst)?;
                let (symbol, which) = match self.host.resolve_token(self.c.method, token)? {
                    LdToken::Type(ty) => (Symbol::TypeToken(ty), WellKnownType::RuntimeTypeHandle),
                    LdToken::Method(method) => (
                        Symbol::MethodToken(method),
                        WellKnownType::RuntimeMethodHandle,
                    ),
                    LdToken::Field(field) => {
                        (Symbol::FieldToken(field), WellKnownType::RuntimeFieldHandle)
                    }
                };
                let value = self.symbol(symbol);
                self.push_handle(value, which)?;
            }
        }
        Ok(())
    }

    /// Pushes a runtime handle: a struct of one word.
    pub(super) fn push_handle(&mut self, value: Value, which: WellKnownType) -> Step<()> {
        let ty = self.host.well_known(which);
        match self.class_of(ty)? {
            ArgClass::Scalar(_) => self.push(value),
            ArgClass::Struct(ty, layout) => {
                if layout.size < 8 {
                    return Err(Stop::Invalid("a runtime handle without room"));
                }
                let slot = self.temp(&layout)?;
                let addr = self.slot_addr(slot, 0);
                if layout.size > 8 {
                    self.b.effect(Inst::Clear {
                        dst: addr,
                        size: layout.size,
                    });
                }
                self.b.effect(Inst::Store {
                    mem: Mem::I64,
                    access: Access::Safe,
                    addr,
                    offset: 0,
                    value,
                });
                self.push_temp(slot, addr, ty, layout);
            }
        }
        Ok(())
    }

    pub(super) fn object(&mut self, inst: &Instruction<'_>) -> Step<()> {
        use Opcode as O;
        if inst.opcode == O::Refanytype {
            return self.typed_reference_type();
        }
        let ty = self.type_operand(inst)?;
        match inst.opcode {
            O::Castclass | O::Isinst => {
                let object = self.pop_ref()?;
                let value = self.cast(object, ty, inst.opcode == O::Castclass)?;
                self.push(value);
                Ok(())
            }
            O::Box => self.box_value(ty),
            O::Unbox => {
                let object = self.pop_ref()?;
                self.flush()?;
                match self.host.box_kind(ty)? {
                    BoxKind::Nullable { .. } => {
                        self.unbox_nullable(object, ty)?;
                        let Item::Struct(item) = self.pop()? else {
                            return Err(Stop::Invalid("a Nullable that is not a struct"));
                        };
                        // The address escapes: the temporary stays.
                        let addr = self.struct_addr(&item);
                        self.push(addr);
                        Ok(())
                    }
                    _ => {
                        let addr = self.unbox(object, ty)?;
                        self.push(addr);
                        Ok(())
                    }
                }
            }
            O::UnboxAny => {
                let object = self.pop_ref()?;
                self.flush()?;
                match self.host.box_kind(ty)? {
                    BoxKind::Reference => {
                        let value = self.cast(object, ty, true)?;
                        self.push(value);
                        Ok(())
                    }
                    BoxKind::Value => {
                        let addr = self.unbox(object, ty)?;
                        self.load_value(ty, addr, 0)
                    }
                    BoxKind::Nullable { .. } => self.unbox_nullable(object, ty),
                }
            }
            O::Mkrefany => self.make_typed_reference(ty),
            O::Refanyval => self.typed_reference_value(ty),
            _ => Err(Stop::Invalid("an unknown object instruction")),
        }
    }

    /// `castclass` or `isinst`; a nullable type stands for its value type.
    fn cast(&mut self, object: Value, ty: TypeHandle, throws: bool) -> Step<Value> {
        let ty = match self.host.box_kind(ty)? {
            BoxKind::Nullable { value, .. } => value,
            _ => ty,
        };
        let strategy = self.host.cast_strategy(ty)?;
        if strategy == CastStrategy::Always {
            return Ok(object);
        }
        if let Some(class) = self.exact.get(&object) {
            match self.host.exact_cast(*class, ty) {
                Some(true) => return Ok(object),
                Some(false) if !throws => return Ok(self.b.zero(Ty::Ref)),
                _ => {}
            }
        }
        let vtable_offset = if strategy == CastStrategy::Exact {
            self.host.vtable_offset(ty)?
        } else {
            // A quick test before the helper, if the type has objects of its own.
            self.host.vtable_offset(ty).unwrap_or(0)
        };
        let non_null = self.non_null.contains(&object);
        let inst = if throws {
            self.flush()?;
            Inst::CastClass {
                object,
                ty,
                strategy,
                vtable_offset,
            }
        } else {
            Inst::IsInst {
                object,
                ty,
                strategy,
                vtable_offset,
            }
        };
        let value = self.b.emit(inst, Ty::Ref);
        if throws && non_null {
            self.non_null.insert(value);
        }
        Ok(value)
    }

    fn unbox(&mut self, object: Value, ty: TypeHandle) -> Step<Value> {
        let vtable_offset = self.host.vtable_offset(ty)?;
        let addr = self.b.emit(
            Inst::Unbox {
                object,
                ty,
                vtable_offset,
            },
            Ty::ByRef,
        );
        self.non_null.insert(addr);
        Ok(addr)
    }

    /// Generic code boxes values to ask whether they are null, or to take them out again: then no
    /// box is made. Gives the number of instructions behind `box` that are done with as well,
    /// `None` when the box is needed. `rest`: those behind it in its block.
    pub(super) fn box_for_nothing(
        &mut self,
        inst: &Instruction<'_>,
        rest: &[Instruction<'_>],
    ) -> Step<Option<usize>> {
        use Opcode as O;
        let Some(next) = rest.first() else {
            return Ok(None);
        };
        let compare = rest.get(1).map(|i| i.opcode);
        let (taken, answer) = match next.opcode {
            O::Brtrue | O::BrtrueS | O::Brfalse | O::BrfalseS => (0, 1),
            O::Ldnull if compare == Some(O::CgtUn) => (2, 1),
            O::Ldnull if compare == Some(O::Ceq) => (2, 0),
            O::UnboxAny => (1, 0),
            _ => return Ok(None),
        };
        let ty = self.type_operand(inst)?;
        if self.host.box_kind(ty)? != BoxKind::Value {
            return Ok(None);
        }
        let layout = self.host.layout(ty)?;
        let class = self.class_of(ty)?;
        let fits = match (self.stack.last(), class) {
            (Some(Item::Scalar(value)), ArgClass::Scalar(mem)) => self.b.ty(*value) == mem.ty(),
            (Some(Item::Struct(item)), ArgClass::Struct(..)) => item.layout.size == layout.size,
            _ => false,
        };
        if !fits {
            return Ok(None);
        }
        if next.opcode == O::UnboxAny {
            // A box of a small integer cuts the value.
            let same = layout.size >= 4 && self.type_operand(next)? == ty;
            return Ok(same.then_some(taken));
        }
        let item = self.pop()?;
        self.release(&item);
        let answer = self.b.i32(answer);
        self.unboxed = Some(answer);
        self.push(answer);
        Ok(Some(taken))
    }

    fn box_value(&mut self, ty: TypeHandle) -> Step<()> {
        let kind = self.host.box_kind(ty)?;
        if kind == BoxKind::Reference {
            let object = self.pop_ref()?;
            self.push(object);
            return Ok(());
        }
        let class = self.class_of(ty)?;
        let item = self.pop()?;
        self.flush()?;
        let object = match (class, item) {
            (ArgClass::Scalar(mem), Item::Scalar(value)) => {
                let value = self.coerce(value, mem.ty())?;
                let object = self.alloc_object(ty);
                let offset = self.host.abi().object_header;
                self.b.effect(Inst::Store {
                    mem,
                    access: Access::Safe,
                    addr: object,
                    offset,
                    value,
                });
                object
            }
            (ArgClass::Struct(expected, layout), Item::Struct(item)) => {
                if item.ty != expected && item.layout.size != layout.size {
                    return Err(Stop::Invalid("a struct of another size"));
                }
                let item = if item.lazy {
                    self.copy_to_temp(&item)?
                } else {
                    item
                };
                let addr = self.struct_addr(&item);
                let object = self.box_from(ty, addr, 0)?;
                self.release_struct(&item);
                object
            }
            _ => return Err(Stop::Invalid("a boxed value of the wrong type")),
        };
        self.push(object);
        Ok(())
    }

    /// Boxes the value of a type that is at an address.
    pub(super) fn box_from(&mut self, ty: TypeHandle, addr: Value, offset: u32) -> Step<Value> {
        let layout = self.host.layout(ty)?;
        match self.host.box_kind(ty)? {
            BoxKind::Reference => Ok(self.b.emit(
                Inst::Load {
                    mem: Mem::Ref,
                    access: Access::Safe,
                    addr,
                    offset,
                },
                Ty::Ref,
            )),
            BoxKind::Value => {
                let src = self.add_offset(addr, offset);
                self.box_payload(ty, src, layout.size)
            }
            BoxKind::Nullable {
                value,
                has_value_offset,
                value_offset,
                ..
            } => {
                let size = self.host.layout(value)?.size;
                let has_value = self.load_safe(Mem::U8, addr, offset + has_value_offset);
                let some = self.b.follow();
                let done = self.b.follow();
                let result = self.b.param(done, Ty::Ref);
                let null = self.b.zero(Ty::Ref);
                self.b.end(Terminator::Branch(
                    has_value,
                    Edge {
                        block: some,
                        args: Vec::new(),
                    },
                    Edge {
                        block: done,
                        args: vec![null],
                    },
                ));
                self.b.switch_to(some, true);
                let src = self.add_offset(addr, offset + value_offset);
                let object = self.box_payload(value, src, size)?;
                self.b.jump(done, vec![object]);
                self.b.switch_to(done, true);
                Ok(result)
            }
        }
    }

    fn box_payload(&mut self, ty: TypeHandle, src: Value, size: u32) -> Step<Value> {
        let object = self.alloc_object(ty);
        let dst = self.add_offset(object, self.host.abi().object_header);
        self.b.effect(Inst::CopyStruct {
            dst,
            src,
            size,
            // Nobody has collected since the object was made.
            barrier: false,
        });
        Ok(object)
    }

    /// Pushes the `Nullable<T>` of an object: null, or a boxed `T`.
    fn unbox_nullable(&mut self, object: Value, ty: TypeHandle) -> Step<()> {
        let BoxKind::Nullable {
            value,
            is_enum,
            has_value_offset,
            value_offset,
        } = self.host.box_kind(ty)?
        else {
            return Err(Stop::Invalid("not a Nullable"));
        };
        let ArgClass::Struct(_, layout) = self.class_of(ty)? else {
            return Err(Stop::Invalid("a Nullable that is not a struct"));
        };
        let size = self.host.layout(value)?.size;
        let slot = self.struct_slot(&layout)?;
        let addr = self.slot_addr(slot, 0);
        self.b.effect(Inst::Clear {
            dst: addr,
            size: layout.size,
        });
        let some = self.b.follow();
        let done = self.b.follow();
        self.b.end(Terminator::Branch(
            object,
            Edge {
                block: some,
                args: Vec::new(),
            },
            Edge {
                block: done,
                args: Vec::new(),
            },
        ));
        self.b.switch_to(some, true);
        // An enum's underlying type does not unbox as the enum here, as on Mono.
        let object = if is_enum {
            self.cast(object, value, true)?
        } else {
            object
        };
        let src = self.unbox(object, value)?;
        let one = self.b.i32(1);
        self.b.effect(Inst::Store {
            mem: Mem::U8,
            access: Access::Safe,
            addr,
            offset: has_value_offset,
            value: one,
        });
        let dst = self.add_offset(addr, value_offset);
        self.b.effect(Inst::CopyStruct {
            dst,
            src,
            size,
            barrier: false,
        });
        self.b.jump(done, Vec::new());
        self.b.switch_to(done, true);
        self.stack.push(Item::Struct(StructItem {
            addr,
            offset: 0,
            ty,
            layout,
            temp: None,
            lazy: false,
        }));
        Ok(())
    }

    fn make_typed_reference(&mut self, ty: TypeHandle) -> Step<()> {
        let pointer = self.pop_address()?;
        let which = self.host.well_known(WellKnownType::TypedReference);
        let ArgClass::Struct(typed_reference, layout) = self.class_of(which)? else {
            return Err(Stop::NotSupported);
        };
        if layout.size < TYPED_REFERENCE_SIZE {
            return Err(Stop::NotSupported);
        }
        let slot = self.temp(&layout)?;
        let addr = self.slot_addr(slot, 0);
        let token = self.symbol(Symbol::TypeToken(ty));
        for (offset, value) in [
            (0, token),
            (TYPED_REFERENCE_VALUE, pointer),
            (TYPED_REFERENCE_TYPE, token),
        ] {
            self.b.effect(Inst::Store {
                mem: Mem::I64,
                access: Access::Safe,
                addr,
                offset,
                value,
            });
        }
        self.push_temp(slot, addr, typed_reference, layout);
        Ok(())
    }

    fn pop_typed_reference(&mut self) -> Step<StructItem> {
        match self.pop()? {
            Item::Struct(item) if item.layout.size >= TYPED_REFERENCE_SIZE => Ok(item),
            _ => Err(Stop::Invalid("no typed reference where one is needed")),
        }
    }

    fn typed_reference_value(&mut self, ty: TypeHandle) -> Step<()> {
        let item = self.pop_typed_reference()?;
        self.flush()?;
        let token = self.load_safe(Mem::I64, item.addr, item.offset);
        let vtable = self.symbol(Symbol::VTable(ty));
        self.helper_effect(Helper::CheckTypedReference, &[token, vtable]);
        let load = Inst::Load {
            mem: Mem::ByRef,
            access: Access::Safe,
            addr: item.addr,
            offset: item.offset + TYPED_REFERENCE_VALUE,
        };
        let value = self.b.emit(load, Ty::ByRef);
        self.release_struct(&item);
        self.push(value);
        Ok(())
    }

    fn typed_reference_type(&mut self) -> Step<()> {
        let item = self.pop_typed_reference()?;
        let token = self.load_safe(Mem::I64, item.addr, item.offset);
        self.release_struct(&item);
        self.push_handle(token, WellKnownType::RuntimeTypeHandle)
    }
}
