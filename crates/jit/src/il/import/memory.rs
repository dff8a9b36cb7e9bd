//! Indirect loads and stores, and blocks of memory.

use ferrocil_metadata::il::{Instruction, Opcode};

use crate::clif::abi::ArgClass;
use crate::hir::{Cond, Convert, Inst, Mem, Ty, Value};
use crate::host::{Helper, TypeHandle};
use crate::il::Stop;

use super::stack::{Item, StructItem};
use super::{Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn memory(&mut self, inst: &Instruction<'_>) -> Step<()> {
        use Opcode as O;
        let load = match inst.opcode {
            O::LdindI1 => Some(Mem::I8),
            O::LdindU1 => Some(Mem::U8),
            O::LdindI2 => Some(Mem::I16),
            O::LdindU2 => Some(Mem::U16),
            O::LdindI4 | O::LdindU4 => Some(Mem::I32),
            O::LdindI8 | O::LdindI => Some(Mem::I64),
            O::LdindR4 => Some(Mem::F32),
            O::LdindR8 => Some(Mem::F64),
            O::LdindRef => Some(Mem::Ref),
            _ => None,
        };
        if let Some(mem) = load {
            let addr = self.pop_address()?;
            let value = self.load_scalar(mem, addr, 0);
            self.push(value);
            return Ok(());
        }
        let store = match inst.opcode {
            O::StindI1 => Some(Mem::I8),
            O::StindI2 => Some(Mem::I16),
            O::StindI4 => Some(Mem::I32),
            O::StindI8 | O::StindI => Some(Mem::I64),
            O::StindR4 => Some(Mem::F32),
            O::StindR8 => Some(Mem::F64),
            O::StindRef => Some(Mem::Ref),
            _ => None,
        };
        if let Some(mem) = store {
            let value = self.pop_as(mem)?;
            let addr = self.pop_address()?;
            self.flush()?;
            self.store_scalar(mem, addr, 0, value);
            return Ok(());
        }
        match inst.opcode {
            O::Ldobj => {
                let ty = self.type_operand(inst)?;
                let addr = self.pop_address()?;
                self.load_value(ty, addr, 0)
            }
            O::Stobj => {
                let ty = self.type_operand(inst)?;
                let class = self.class_of(ty)?;
                let value = self.pop()?;
                let addr = self.pop_address()?;
                self.flush()?;
                self.store_value(class, addr, 0, value)
            }
            O::Cpobj => {
                let ty = self.type_operand(inst)?;
                let src = self.pop_address()?;
                let dst = self.pop_address()?;
                self.flush()?;
                self.load_value(ty, src, 0)?;
                let value = self.pop()?;
                let class = self.class_of(ty)?;
                self.store_value(class, dst, 0, value)
            }
            O::Initobj => {
                let ty = self.type_operand(inst)?;
                let class = self.class_of(ty)?;
                let addr = self.pop_address()?;
                self.flush()?;
                match class {
                    ArgClass::Scalar(mem) => {
                        let zero = self.b.zero(mem.ty());
                        self.store_scalar(mem, addr, 0, zero);
                    }
                    ArgClass::Struct(_, layout) => {
                        self.check_address(addr);
                        self.b.effect(Inst::Clear {
                            dst: addr,
                            size: layout.size,
                        });
                    }
                }
                Ok(())
            }
            O::Cpblk => {
                let size = self.pop_size()?;
                let src = self.pop_address()?;
                let dst = self.pop_address()?;
                self.flush()?;
                self.check_block(src, size);
                self.check_block(dst, size);
                self.fence_if_volatile();
                self.helper_effect(Helper::MemCopy, &[dst, src, size]);
                Ok(())
            }
            O::Initblk => {
                let size = self.pop_size()?;
                let byte = self.pop_as(Mem::I32)?;
                let byte = self.b.emit(Inst::Convert(Convert::UInt64, byte), Ty::I64);
                let dst = self.pop_address()?;
                self.flush()?;
                self.check_block(dst, size);
                self.helper_effect(Helper::MemFill, &[dst, byte, size]);
                self.fence_if_volatile();
                Ok(())
            }
            O::Localloc => {
                let size = self.pop_size()?;
                if !self.stack.is_empty() {
                    return Err(Stop::Invalid("localloc with other values on the stack"));
                }
                let addr = self.helper(Helper::Localloc, &[size], Ty::I64);
                self.push(addr);
                Ok(())
            }
            _ => Err(Stop::Invalid("an unknown memory instruction")),
        }
    }

    /// Pops an unsigned size as 64 bits.
    fn pop_size(&mut self) -> Step<Value> {
        let size = self.pop_scalar()?;
        match self.b.ty(size) {
            Ty::I32 => Ok(self.b.emit(Inst::Convert(Convert::UInt64, size), Ty::I64)),
            Ty::I64 => Ok(size),
            _ => Err(Stop::Invalid("a size that is not a number")),
        }
    }

    pub(super) fn class_of(&mut self, ty: TypeHandle) -> Step<ArgClass> {
        ArgClass::of(self.host, ty)?.ok_or(Stop::Invalid("a value of type void"))
    }

    pub(super) fn fence_if_volatile(&mut self) {
        if self.prefixes.volatile {
            self.b.effect(Inst::Fence);
        }
    }

    /// Throws if the address is null, unless it is known not to be.
    pub(super) fn check_address(&mut self, addr: Value) {
        if !self.non_null.contains(&addr) {
            self.null_check(addr);
        }
    }

    /// Throws if the address is null and the size is not zero.
    fn check_block(&mut self, addr: Value, size: Value) {
        if self.non_null.contains(&addr) {
            return;
        }
        let zero = self.b.i64(0);
        let empty = self.b.emit(Inst::Compare(Cond::Eq, size, zero), Ty::I32);
        let one = self.b.i64(1);
        let checked = self.b.emit(Inst::Select(empty, one, addr), Ty::I64);
        self.b.effect(Inst::NullCheck(checked));
    }

    /// Loads a scalar, with the prefixes of the instruction.
    pub(super) fn load_scalar(&mut self, mem: Mem, addr: Value, offset: u32) -> Value {
        if self.prefixes.volatile {
            self.check_address(addr);
            let addr = self.add_offset(addr, offset);
            return self.b.emit(Inst::AtomicLoad(mem, addr), mem.ty());
        }
        let access = self.access(addr);
        self.b.emit(
            Inst::Load {
                mem,
                access,
                addr,
                offset,
            },
            mem.ty(),
        )
    }

    /// Stores a scalar, with the prefixes of the instruction.
    pub(super) fn store_scalar(&mut self, mem: Mem, addr: Value, offset: u32, value: Value) {
        if self.prefixes.volatile {
            self.check_address(addr);
            let addr = self.add_offset(addr, offset);
            self.b.effect(Inst::AtomicStore(mem, addr, value));
            return;
        }
        let access = self.access(addr);
        self.b
            .effect(Inst::store_to_heap(mem, access, addr, offset, value));
    }

    /// Pushes the value of a type at an address.
    pub(super) fn load_value(&mut self, ty: TypeHandle, addr: Value, offset: u32) -> Step<()> {
        match self.class_of(ty)? {
            ArgClass::Scalar(mem) => {
                let value = self.load_scalar(mem, addr, offset);
                self.note_type(value, ty);
                self.push(value);
            }
            ArgClass::Struct(ty, layout) => {
                self.check_address(addr);
                self.stack.push(Item::Struct(StructItem {
                    addr,
                    offset,
                    ty,
                    layout,
                    temp: None,
                    lazy: true,
                }));
                if self.prefixes.volatile {
                    self.flush()?;
                    self.b.effect(Inst::Fence);
                }
            }
        }
        Ok(())
    }

    /// Stores a popped value of a class at an address.
    pub(super) fn store_value(
        &mut self,
        class: ArgClass,
        addr: Value,
        offset: u32,
        value: Item,
    ) -> Step<()> {
        match (class, value) {
            (ArgClass::Scalar(mem), Item::Scalar(value)) => {
                let value = self.coerce(value, mem.ty())?;
                self.store_scalar(mem, addr, offset, value);
                Ok(())
            }
            (ArgClass::Struct(ty, layout), Item::Struct(item)) => {
                if item.ty != ty && item.layout.size != layout.size {
                    return Err(Stop::Invalid("a struct of another size"));
                }
                self.check_address(addr);
                self.fence_if_volatile();
                let dst = self.add_offset(addr, offset);
                let src = self.struct_addr(&item);
                let barrier = layout.has_refs;
                self.b.effect(Inst::CopyStruct {
                    dst,
                    src,
                    size: layout.size,
                    barrier,
                });
                self.fence_if_volatile();
                self.release_struct(&item);
                Ok(())
            }
            _ => Err(Stop::Invalid("a value of the wrong type")),
        }
    }
}
