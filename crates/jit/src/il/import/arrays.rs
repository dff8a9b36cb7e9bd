//! Vectors and multi-dimensional arrays.

use ferrocil_metadata::il::{Instruction, Opcode};

use crate::clif::abi::ArgClass;
use crate::hir::{Binary, Convert, Inst, Mem, Ty, Value};
use crate::host::{CastStrategy, Helper, Repr, Symbol, TypeHandle, WellKnownType};
use crate::il::Stop;

use super::stack::Item;
use super::{Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn array(&mut self, inst: &Instruction<'_>) -> Step<()> {
        use Opcode as O;
        let load = match inst.opcode {
            O::LdelemI1 => Some(Mem::I8),
            O::LdelemU1 => Some(Mem::U8),
            O::LdelemI2 => Some(Mem::I16),
            O::LdelemU2 => Some(Mem::U16),
            O::LdelemI4 | O::LdelemU4 => Some(Mem::I32),
            O::LdelemI8 | O::LdelemI => Some(Mem::I64),
            O::LdelemR4 => Some(Mem::F32),
            O::LdelemR8 => Some(Mem::F64),
            O::LdelemRef => Some(Mem::Ref),
            _ => None,
        };
        if let Some(mem) = load {
            let index = self.pop_index()?;
            let array = self.pop_ref()?;
            let (addr, offset) = self.element(array, index, mem.size());
            let value = self.load_scalar(mem, addr, offset);
            self.push(value);
            return Ok(());
        }
        let store = match inst.opcode {
            O::StelemI1 => Some(Mem::I8),
            O::StelemI2 => Some(Mem::I16),
            O::StelemI4 => Some(Mem::I32),
            O::StelemI8 | O::StelemI => Some(Mem::I64),
            O::StelemR4 => Some(Mem::F32),
            O::StelemR8 => Some(Mem::F64),
            _ => None,
        };
        if let Some(mem) = store {
            let value = self.pop_as(mem)?;
            let index = self.pop_index()?;
            let array = self.pop_ref()?;
            self.flush()?;
            let (addr, offset) = self.element(array, index, mem.size());
            self.store_scalar(mem, addr, offset, value);
            return Ok(());
        }
        match inst.opcode {
            O::Newarr => {
                let elem = self.type_operand(inst)?;
                let array = self.host.vector_of(elem)?;
                let length = self.pop_as(Mem::I64)?;
                self.flush()?;
                let inline = self
                    .host
                    .inline_vector(array)
                    .zip(self.host.vtable_offset(array).ok());
                let object = match inline {
                    Some((max_bytes, vtable_offset)) => {
                        let elem_size = self.host.layout(elem)?.size;
                        let inst = Inst::NewVector {
                            array,
                            elem_size,
                            max_bytes,
                            vtable_offset,
                            length,
                        };
                        self.b.emit(inst, Ty::Ref)
                    }
                    None => {
                        let vtable = self.symbol(Symbol::VTable(array));
                        self.helper(Helper::AllocVector, &[vtable, length], Ty::Ref)
                    }
                };
                self.non_null.insert(object);
                self.note_type(object, array);
                self.push(object);
            }
            O::Ldlen => {
                let array = self.pop_ref()?;
                let length = self.length(array);
                let wide = self.b.emit(Inst::ZeroExtend(length), Ty::I64);
                self.extended.insert(wide, length);
                self.push(wide);
            }
            O::Ldelema => {
                let elem = self.type_operand(inst)?;
                let index = self.pop_index()?;
                let array = self.pop_ref()?;
                let layout = self.host.layout(elem)?;
                if layout.repr == Repr::Ref && !self.prefixes.readonly {
                    self.flush()?;
                    self.check_address(array);
                    let exact = self.host.vector_of(elem)?;
                    let vtable = self.symbol(Symbol::VTable(exact));
                    self.helper_effect(Helper::CheckElemAddress, &[array, vtable]);
                }
                let (addr, offset) = self.element(array, index, layout.size);
                let addr = self.add_offset(addr, offset);
                self.push(addr);
            }
            O::Ldelem => {
                let elem = self.type_operand(inst)?;
                let index = self.pop_index()?;
                let array = self.pop_ref()?;
                let size = self.host.layout(elem)?.size;
                let (addr, offset) = self.element(array, index, size);
                self.load_value(elem, addr, offset)?;
            }
            O::Stelem | O::StelemRef => {
                let (class, elem) = if inst.opcode == O::StelemRef {
                    (ArgClass::Scalar(Mem::Ref), None)
                } else {
                    let elem = self.type_operand(inst)?;
                    (self.class_of(elem)?, Some(elem))
                };
                let value = self.pop()?;
                let index = self.pop_index()?;
                let array = self.pop_ref()?;
                self.flush()?;
                if class == ArgClass::Scalar(Mem::Ref) {
                    let Item::Scalar(value) = value else {
                        return Err(Stop::Invalid("a struct where a reference is needed"));
                    };
                    let value = self.coerce(value, Ty::Ref)?;
                    self.store_ref_element(array, index, value, elem)?;
                } else {
                    let size = match class {
                        ArgClass::Scalar(mem) => mem.size(),
                        ArgClass::Struct(_, layout) => layout.size,
                    };
                    let (addr, offset) = self.element(array, index, size);
                    self.store_value(class, addr, offset, value)?;
                }
            }
            _ => return Err(Stop::Invalid("an unknown array instruction")),
        }
        Ok(())
    }

    fn pop_index(&mut self) -> Step<Value> {
        let index = self.pop_scalar()?;
        match self.b.ty(index) {
            Ty::I32 | Ty::I64 => Ok(index),
            _ => Err(Stop::Invalid("an index that is not a number")),
        }
    }

    /// `elem`: the element type that the instruction names.
    fn store_ref_element(
        &mut self,
        array: Value,
        index: Value,
        value: Value,
        elem: Option<TypeHandle>,
    ) -> Step<()> {
        let class = match elem {
            Some(elem) => Some(self.host.vector_of(elem)?),
            None => self
                .types
                .get(&array)
                .copied()
                .flatten()
                .filter(|c| self.host.is_vector(*c)),
        };
        // The array's type may be known better than IL says (`object[] a = new string[1]`): the
        // value fits by its static type only if that is the element type.
        let info = match class.map(|c| self.host.array_shape(c)) {
            Some(Ok(info)) if info.is_vector => Some(info.elem),
            _ => None,
        };
        let object = self.host.well_known(WellKnownType::Object);
        let fits = elem.is_some()
            || info.is_some_and(|e| e == object || self.types.get(&value) == Some(&Some(e)));
        let sealed = match info {
            Some(e) if fits => self.host.cast_strategy(e)? == CastStrategy::Exact,
            _ => false,
        };
        if sealed || self.b.constant(value) == Some(0) {
            // A vector of a sealed type holds nothing else, and null fits in any.
            let (addr, offset) = self.element(array, index, 8);
            self.store_scalar(Mem::Ref, addr, offset, value);
            return Ok(());
        }
        let exact = class
            .filter(|_| fits)
            .and_then(|c| self.host.vtable_offset(c).ok())
            .unwrap_or(0);
        let index = self.coerce(index, Ty::I64)?;
        self.check_address(array);
        self.b.effect(Inst::StoreElement {
            array,
            index,
            value,
            exact,
        });
        Ok(())
    }

    /// Length of a vector as `i32`.
    pub(super) fn length(&mut self, array: Value) -> Value {
        let offset = self.host.abi().array_length;
        self.length_at(array, offset, true)
    }

    /// A length or lower bound of an array or string.
    pub(super) fn length_at(&mut self, object: Value, offset: u32, is_length: bool) -> Value {
        let access = self.access(object);
        self.b.emit(
            Inst::Length {
                access,
                object,
                offset,
                is_length,
            },
            Ty::I32,
        )
    }

    /// Base and offset of an element of a vector, after the bounds check.
    pub(super) fn element(&mut self, array: Value, index: Value, size: u32) -> (Value, u32) {
        let length = self.length(array);
        if self.b.ty(index) == Ty::I32 {
            self.b.effect(Inst::BoundsCheck { index, length });
        } else {
            let length = self.b.emit(Inst::ZeroExtend(length), Ty::I64);
            self.b.effect(Inst::BoundsCheck { index, length });
        }
        self.element_unchecked(array, index, size)
    }

    /// Base and offset of an element of a vector.
    pub(super) fn element_unchecked(
        &mut self,
        array: Value,
        index: Value,
        size: u32,
    ) -> (Value, u32) {
        let index = if self.b.ty(index) == Ty::I32 {
            match self.b.constant(index) {
                Some(c) => self.b.i64(i64::from(c as u32)),
                None => self.b.emit(Inst::ZeroExtend(index), Ty::I64),
            }
        } else {
            index
        };
        let base = self.scaled(array, index, size);
        (base, self.host.abi().vector_data)
    }

    /// `array + index * size`
    fn scaled(&mut self, array: Value, index: Value, size: u32) -> Value {
        let bytes = if size == 1 {
            index
        } else if size.is_power_of_two() {
            let shift = self.b.i32(size.trailing_zeros() as i32);
            self.b
                .emit(Inst::Binary(Binary::Shl, index, shift), Ty::I64)
        } else {
            let size = self.b.i64(i64::from(size));
            self.b.emit(Inst::Binary(Binary::Mul, index, size), Ty::I64)
        };
        let base = self
            .b
            .emit(Inst::Binary(Binary::Add, array, bytes), Ty::ByRef);
        self.non_null.insert(base);
        base
    }

    /// Base and offset of an element of a multi-dimensional array, after the bounds checks.
    pub(super) fn md_element(
        &mut self,
        array: Value,
        class: TypeHandle,
        indices: &[Value],
    ) -> Step<(Value, u32)> {
        let info = self.host.array_shape(class)?;
        let size = self.host.layout(info.elem)?.size;
        if info.is_vector {
            let [index] = indices else {
                return Err(Stop::Invalid("an array accessor of another rank"));
            };
            return Ok(self.element(array, *index, size));
        }
        let rank = info.rank;
        if rank == 0 || rank as usize != indices.len() {
            return Err(Stop::Invalid("an array accessor of another rank"));
        }
        let lengths = self.host.abi().vector_data;
        let bounds = lengths + 4 * rank;
        let mut linear = None;
        self.check_address(array);
        for (i, index) in indices.iter().enumerate() {
            let at = 4 * i as u32;
            let length = self.length_at(array, lengths + at, true);
            let bound = self.length_at(array, bounds + at, false);
            let index = self
                .b
                .emit(Inst::Binary(Binary::Sub, *index, bound), Ty::I32);
            self.b.effect(Inst::BoundsCheck { index, length });
            linear = Some(match linear {
                None => index,
                Some(outer) => {
                    let row = self
                        .b
                        .emit(Inst::Binary(Binary::Mul, outer, length), Ty::I32);
                    self.b.emit(Inst::Binary(Binary::Add, row, index), Ty::I32)
                }
            });
        }
        let linear = match linear {
            Some(linear) => self.b.emit(Inst::Convert(Convert::UInt64, linear), Ty::I64),
            None => self.b.i64(0),
        };
        let base = self.scaled(array, linear, size);
        Ok((base, (lengths + 8 * rank).next_multiple_of(8)))
    }
}
