//! Fields.

use ferrocil_metadata::il::{Instruction, Opcode};

use crate::clif::abi::ArgClass;
use crate::hir::{Inst, Mem, Ty, Value};
use crate::host::{FieldPlace, FieldRef, Helper, Symbol};
use crate::il::Stop;

use super::stack::{Item, StructItem};
use super::{Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn field(&mut self, inst: &Instruction<'_>) -> Step<()> {
        use Opcode as O;
        let token = self.token(inst)?;
        let is_static = matches!(inst.opcode, O::Ldsfld | O::Ldsflda | O::Stsfld);
        let field = self.host.resolve_field(self.c.method, token, is_static)?;
        let class = self.class_of(field.ty)?;
        match inst.opcode {
            O::Ldfld => self.load_field(&field, class),
            O::Ldsfld => {
                let (addr, offset) = self.static_address(&field)?;
                self.load_value(field.ty, addr, offset)
            }
            O::Ldflda | O::Ldsflda => {
                let addr = self.field_address(&field, is_static)?;
                self.push(addr);
                Ok(())
            }
            _ => {
                let value = self.pop()?;
                let (addr, offset) = if is_static || !is_instance(&field) {
                    if !is_static {
                        let object = self.pop()?;
                        self.release(&object);
                    }
                    self.static_address(&field)?
                } else {
                    (self.pop_address()?, instance_offset(&field))
                };
                self.flush()?;
                self.store_value(class, addr, offset, value)
            }
        }
    }

    fn load_field(&mut self, field: &FieldRef, class: ArgClass) -> Step<()> {
        let object = self.pop()?;
        if !is_instance(field) {
            self.release(&object);
            let (addr, offset) = self.static_address(field)?;
            return self.load_value(field.ty, addr, offset);
        }
        let offset = instance_offset(field);
        match object {
            Item::Struct(item) => {
                let (size, end) = match class {
                    ArgClass::Scalar(mem) => (mem.size(), item.layout.size),
                    ArgClass::Struct(_, layout) => (layout.size, item.layout.size),
                };
                if offset.checked_add(size).is_none_or(|e| e > end) {
                    return Err(Stop::Invalid("a field of another struct"));
                }
                match class {
                    ArgClass::Scalar(mem) => {
                        let access = crate::hir::Access::Safe;
                        let load = Inst::Load {
                            mem,
                            access,
                            addr: item.addr,
                            offset: item.offset + offset,
                        };
                        let value = self.b.emit(load, mem.ty());
                        self.push(value);
                        self.release_struct(&item);
                    }
                    ArgClass::Struct(ty, layout) => {
                        self.stack.push(Item::Struct(StructItem {
                            offset: item.offset + offset,
                            ty,
                            layout,
                            ..item
                        }));
                    }
                }
                Ok(())
            }
            Item::Scalar(value) if self.is_scalar_value(field, value) => match class {
                // The only field of a primitive value type is the value itself.
                ArgClass::Scalar(mem) => {
                    let value = self.coerce(value, mem.ty())?;
                    self.push(value);
                    Ok(())
                }
                ArgClass::Struct(..) => Err(Stop::Invalid("a struct in a scalar")),
            },
            Item::Scalar(value) => {
                self.push(value);
                let addr = self.pop_address()?;
                self.load_value(field.ty, addr, offset)
            }
        }
    }

    /// Whether `ldfld` is applied to a value of a primitive type, not to its address.
    fn is_scalar_value(&self, field: &FieldRef, value: Value) -> bool {
        match self.b.ty(value) {
            Ty::I32 | Ty::F32 | Ty::F64 => field.in_value_type,
            Ty::I64 => {
                field.in_value_type
                    && self
                        .host
                        .scalar_owner(field.field)
                        .and_then(Mem::of)
                        .is_some()
            }
            Ty::Ref | Ty::ByRef => false,
        }
    }

    fn field_address(&mut self, field: &FieldRef, is_static: bool) -> Step<Value> {
        if is_static || !is_instance(field) {
            if !is_static {
                let object = self.pop()?;
                self.release(&object);
            }
            return Ok(self.static_address(field)?.0);
        }
        let object = self.pop_address()?;
        let unmanaged = self.b.ty(object) == Ty::I64;
        if !unmanaged {
            self.check_address(object);
        }
        let addr = self.add_offset(object, instance_offset(field));
        if !unmanaged {
            self.non_null.insert(addr);
        }
        Ok(addr)
    }

    fn static_address(&mut self, field: &FieldRef) -> Step<(Value, u32)> {
        if let Some(class) = field.class_init {
            self.flush()?;
            self.b.effect(Inst::ClassInit(class));
        }
        let addr = match field.place {
            FieldPlace::Static | FieldPlace::Rva => self.symbol(Symbol::StaticField(field.field)),
            FieldPlace::ThreadStatic => {
                self.flush()?;
                let token = self.symbol(Symbol::FieldToken(field.field));
                let addr = self.helper(Helper::ThreadStaticAddress, &[token], Ty::ByRef);
                self.non_null.insert(addr);
                addr
            }
            FieldPlace::Instance { .. } => {
                return Err(Stop::Invalid("an instance field used as a static one"));
            }
        };
        Ok((addr, 0))
    }
}

fn is_instance(field: &FieldRef) -> bool {
    matches!(field.place, FieldPlace::Instance { .. })
}

fn instance_offset(field: &FieldRef) -> u32 {
    match field.place {
        FieldPlace::Instance { offset } => offset,
        _ => 0,
    }
}
