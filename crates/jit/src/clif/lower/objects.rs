//! Type tests.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};

use super::Lower;
use crate::hir::Value;
use crate::host::{CastStrategy, Helper, Symbol, ThrowKind, TypeHandle};

impl Lower<'_, '_> {
    /// Whether the header names this vtable.
    pub(super) fn header_is(
        &mut self,
        object: ir::Value,
        vtable_offset: u32,
        flags: MemFlagsData,
    ) -> ir::Value {
        let header = self.e.b.ins().load(types::I32, flags, object, 0);
        let wanted = self.vtable_offset(vtable_offset);
        self.e.b.ins().icmp(IntCC::Equal, header, wanted)
    }

    fn vtable_offset(&mut self, offset: u32) -> ir::Value {
        let wanted = self.e.symbol(Symbol::VTableOffset(offset));
        self.e.b.ins().ireduce(types::I32, wanted)
    }

    /// The word of the vtable of a non-null object at an offset.
    fn vtable_word(&mut self, object: ir::Value, offset: u32) -> ir::Value {
        let trusted = MemFlagsData::trusted();
        let vtable = self.e.vtable(object, trusted);
        let offset = i32::try_from(offset).unwrap_or(i32::MAX - 4);
        self.e.b.ins().load(types::I32, trusted, vtable, offset)
    }

    /// A test that needs no help: whether a non-null object is an instance.
    fn decided(
        &mut self,
        object: ir::Value,
        strategy: CastStrategy,
        vtable_offset: u32,
    ) -> Option<ir::Value> {
        match strategy {
            CastStrategy::Exact => {
                Some(self.header_is(object, vtable_offset, MemFlagsData::trusted()))
            }
            CastStrategy::Display { offset } => {
                let word = self.vtable_word(object, offset);
                {
                    let wanted = self.vtable_offset(vtable_offset);
                    Some(self.e.b.ins().icmp(IntCC::Equal, word, wanted))
                }
            }
            CastStrategy::Always | CastStrategy::Cached { .. } | CastStrategy::Helper => None,
        }
    }

    pub(super) fn is_inst(
        &mut self,
        object: Value,
        ty: TypeHandle,
        strategy: CastStrategy,
        vtable_offset: u32,
    ) -> ir::Value {
        let object = self.val(object);
        if strategy == CastStrategy::Always {
            return object;
        }
        let some = self.e.b.create_block();
        let next = self.e.b.create_block();
        let result = self.e.b.append_block_param(next, types::I64);
        self.e
            .b
            .ins()
            .brif(object, some, &[], next, &[object.into()]);
        self.e.b.switch_to_block(some);
        let zero = self.e.word(0);
        if let Some(same) = self.decided(object, strategy, vtable_offset) {
            let found = self.e.b.ins().select(same, object, zero);
            self.e.b.ins().jump(next, &[found.into()]);
            self.e.b.switch_to_block(next);
            return result;
        }
        if let CastStrategy::Cached { offset } = strategy {
            let word = self.vtable_word(object, offset);
            let wanted = self.vtable_offset(vtable_offset);
            let answer = self.e.b.ins().bxor(word, wanted);
            let known = self.e.cmp_imm(IntCC::UnsignedLessThanOrEqual, answer, 1);
            let hit = self.e.b.create_block();
            let cold = self.e.cold_block();
            self.e.b.ins().brif(known, hit, &[], cold, &[]);
            self.e.b.switch_to_block(hit);
            let found = self.e.b.ins().select(answer, zero, object);
            self.e.b.ins().jump(next, &[found.into()]);
            self.e.b.switch_to_block(cold);
        } else if vtable_offset != 0 {
            let same = self.header_is(object, vtable_offset, MemFlagsData::trusted());
            let other = self.e.b.create_block();
            self.e
                .b
                .ins()
                .brif(same, next, &[object.into()], other, &[]);
            self.e.b.switch_to_block(other);
        }
        let vtable = self.e.symbol(Symbol::VTable(ty));
        let found = match self.e.helper(Helper::IsInst, &[object, vtable]) {
            Some(found) => found,
            None => object,
        };
        self.e.b.ins().jump(next, &[found.into()]);
        self.e.b.switch_to_block(next);
        result
    }

    pub(super) fn cast_class(
        &mut self,
        object: Value,
        ty: TypeHandle,
        strategy: CastStrategy,
        vtable_offset: u32,
    ) -> ir::Value {
        let object = self.val(object);
        if strategy == CastStrategy::Always {
            return object;
        }
        let some = self.e.b.create_block();
        let next = self.e.b.create_block();
        self.e.b.ins().brif(object, some, &[], next, &[]);
        self.e.b.switch_to_block(some);
        if let Some(same) = self.decided(object, strategy, vtable_offset) {
            let cold = self.e.cold_block();
            self.e.b.ins().brif(same, next, &[], cold, &[]);
            self.e.b.switch_to_block(cold);
            let vtable = self.e.symbol(Symbol::VTable(ty));
            let unwind = self.unwind();
            self.e
                .raise(Helper::ThrowInvalidCast, &[object, vtable], unwind);
            self.e.b.switch_to_block(next);
            return object;
        }
        let quick = match strategy {
            CastStrategy::Cached { offset } => {
                let word = self.vtable_word(object, offset);
                {
                    let wanted = self.vtable_offset(vtable_offset);
                    Some(self.e.b.ins().icmp(IntCC::Equal, word, wanted))
                }
            }
            _ if vtable_offset != 0 => {
                Some(self.header_is(object, vtable_offset, MemFlagsData::trusted()))
            }
            _ => None,
        };
        if let Some(same) = quick {
            let cold = self.e.cold_block();
            self.e.b.ins().brif(same, next, &[], cold, &[]);
            self.e.b.switch_to_block(cold);
        }
        let vtable = self.e.symbol(Symbol::VTable(ty));
        self.throwing(Helper::CastClass, &[object, vtable]);
        self.e.b.ins().jump(next, &[]);
        self.e.b.switch_to_block(next);
        object
    }

    pub(super) fn unbox(&mut self, object: Value, ty: TypeHandle, offset: u32) -> ir::Value {
        let object = self.val(object);
        let flags = self.null_checked(object, 0);
        let same = self.header_is(object, offset, flags);
        let payload = self.e.offset(object, i64::from(self.e.abi.object_header));
        let cold = self.e.cold_block();
        let next = self.e.b.create_block();
        let result = self.e.b.append_block_param(next, types::I64);
        self.e
            .b
            .ins()
            .brif(same, next, &[payload.into()], cold, &[]);
        self.e.b.switch_to_block(cold);
        let vtable = self.e.symbol(Symbol::VTable(ty));
        let found = match self.throwing(Helper::Unbox, &[vtable, object]) {
            Some(found) => found,
            None => payload,
        };
        self.e.b.ins().jump(next, &[found.into()]);
        self.e.b.switch_to_block(next);
        result
    }

    /// `stelem.ref`: direct when the vector is exactly of the static type, or when the value
    /// passes the vector's element test; else the helper.
    pub(super) fn store_element(&mut self, array: Value, index: Value, value: Value, exact: u32) {
        let (object, position, stored) = (self.val(array), self.val(index), self.val(value));
        if self.e.quick {
            self.throwing(Helper::StoreElemRef, &[object, position, stored]);
            return;
        }
        let trusted = MemFlagsData::trusted();
        let fast = self.e.b.create_block();
        let slow = self.e.cold_block();
        let next = self.e.b.create_block();
        if exact != 0 {
            let same = self.header_is(object, exact, trusted);
            let other = self.e.b.create_block();
            self.e.b.ins().brif(same, fast, &[], other, &[]);
            self.e.b.switch_to_block(other);
        }
        if let Some(place) = self.e.abi.element_test {
            let some = self.e.b.create_block();
            self.e.b.ins().brif(stored, some, &[], fast, &[]);
            self.e.b.switch_to_block(some);
            let vtable = self.e.vtable(object, trusted);
            let test = self.e.b.ins().load(types::I64, trusted, vtable, place);
            let wanted = self.e.b.ins().ireduce(types::I32, test);
            let half = self.e.int(32);
            let probe = self.e.b.ins().ushr(test, half);
            let vtable = self.e.vtable(stored, trusted);
            let at = self.e.b.ins().iadd(vtable, probe);
            let word = self.e.b.ins().load(types::I32, trusted, at, 0);
            let fits = self.e.b.ins().icmp(IntCC::Equal, word, wanted);
            self.e.b.ins().brif(fits, fast, &[], slow, &[]);
        } else {
            self.e.b.ins().jump(slow, &[]);
        }
        self.e.b.switch_to_block(slow);
        self.throwing(Helper::StoreElemRef, &[object, position, stored]);
        self.e.b.ins().jump(next, &[]);
        self.e.b.switch_to_block(fast);
        let length = self
            .e
            .b
            .ins()
            .uload32(trusted, object, self.e.abi.array_length as i32);
        let inside = self
            .e
            .b
            .ins()
            .icmp(IntCC::UnsignedLessThan, position, length);
        self.throw_unless(inside, ThrowKind::IndexOutOfRange);
        let three = self.e.int(3);
        let bytes = self.e.b.ins().ishl(position, three);
        let base = self.e.b.ins().iadd(object, bytes);
        let data = self.e.abi.vector_data as i32;
        let slot = self.e.offset(base, i64::from(data));
        self.e.b.ins().store(trusted, stored, base, data);
        if self.constant(value) != Some(0) {
            self.barrier(slot, false);
        }
        self.e.b.ins().jump(next, &[]);
        self.e.b.switch_to_block(next);
    }
}
