//! Allocation from the thread's buffer, and the write barrier.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};

use super::Lower;
use crate::hir::{Access, Binary, Inst, Mem, Node, Ty, Value};
use crate::host::{BarrierConstant, Helper, Symbol, TypeHandle};

/// Smallest object, in bytes.
const MIN_OBJECT: i64 = 16;
/// Values with references up to this size are copied in place.
const INLINE_COPY: u32 = 64;

/// What is known of the memory that an address or a reference leads to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Memory {
    /// Nothing.
    #[default]
    Unknown,
    /// It is not in the heap: a slot of the frame, a static field.
    Outside,
    /// An object made in this epoch: since then there was no safepoint.
    Fresh(u32),
}

impl Lower<'_, '_> {
    pub(super) fn new_object(
        &mut self,
        class: TypeHandle,
        size: u32,
        vtable_offset: u32,
    ) -> ir::Value {
        let slow = |lower: &mut Self| {
            let vtable = lower.e.symbol(Symbol::VTable(class));
            lower.throwing(Helper::AllocObject, &[vtable])
        };
        if self.e.quick
            && let Some(object) = slow(self)
        {
            return object;
        }
        let size = self
            .e
            .word(i64::from(size.next_multiple_of(8)).max(MIN_OBJECT));
        self.bump(size, None, vtable_offset, None, slow)
    }

    pub(super) fn new_vector(
        &mut self,
        array: TypeHandle,
        elem_size: u32,
        max_bytes: u32,
        vtable_offset: u32,
        length: Value,
    ) -> ir::Value {
        let length = self.val(length);
        let slow = |lower: &mut Self| {
            let vtable = lower.e.symbol(Symbol::VTable(array));
            lower.throwing(Helper::AllocVector, &[vtable, length])
        };
        if self.e.quick
            && let Some(object) = slow(self)
        {
            return object;
        }
        let data = self.e.abi.vector_data;
        let most = max_bytes.saturating_sub(data + 8) / elem_size.max(1);
        let most = self.e.word(i64::from(most));
        // Negative lengths are large.
        let fits = self
            .e
            .b
            .ins()
            .icmp(IntCC::UnsignedLessThanOrEqual, length, most);
        let elem = self.e.word(i64::from(elem_size));
        let bytes = self.e.b.ins().imul(length, elem);
        let bytes = self.e.offset(bytes, i64::from(data) + 7);
        let mask = self.e.word(-8);
        let bytes = self.e.b.ins().band(bytes, mask);
        self.bump(bytes, Some(fits), vtable_offset, Some(length), slow)
    }

    /// Takes `size` bytes from the buffer if `fits` and they are there, else calls `slow`.
    fn bump(
        &mut self,
        size: ir::Value,
        fits: Option<ir::Value>,
        vtable_offset: u32,
        length: Option<ir::Value>,
        slow: impl FnOnce(&mut Self) -> Option<ir::Value>,
    ) -> ir::Value {
        let trusted = MemFlagsData::trusted();
        let cold = self.e.cold_block();
        let next = self.e.b.create_block();
        let result = self.e.b.append_block_param(next, types::I64);
        if let Some(fits) = fits {
            let small = self.e.b.create_block();
            self.e.b.ins().brif(fits, small, &[], cold, &[]);
            self.e.b.switch_to_block(small);
        }
        let thread = self.e.thread();
        let cursor =
            self.e
                .b
                .ins()
                .load(types::I64, trusted, thread, self.e.abi.thread_tlab_cursor);
        let limit = self
            .e
            .b
            .ins()
            .load(types::I64, trusted, thread, self.e.abi.thread_tlab_limit);
        let end = self.e.b.ins().iadd(cursor, size);
        let room = self
            .e
            .b
            .ins()
            .icmp(IntCC::UnsignedLessThanOrEqual, end, limit);
        let fast = self.e.b.create_block();
        self.e.b.ins().brif(room, fast, &[], cold, &[]);
        self.e.b.switch_to_block(fast);
        self.e
            .b
            .ins()
            .store(trusted, end, thread, self.e.abi.thread_tlab_cursor);
        let header = self.e.symbol(Symbol::VTableOffset(vtable_offset));
        self.e.b.ins().store(trusted, header, cursor, 0);
        if let Some(length) = length {
            self.e
                .b
                .ins()
                .istore32(trusted, length, cursor, self.e.abi.array_length as i32);
        }
        self.e.b.ins().jump(next, &[cursor.into()]);
        self.e.b.switch_to_block(cold);
        let object = match slow(self) {
            Some(object) => object,
            None => self.e.word(0),
        };
        self.e.b.ins().jump(next, &[object.into()]);
        self.e.b.switch_to_block(next);
        result
    }

    /// Stores a reference, then logs its line: nothing between them is a safepoint.
    pub(super) fn store_ref(&mut self, access: Access, addr: Value, offset: u32, value: Value) {
        self.store(Mem::Ref, access, addr, offset, value);
        if self.constant(value) == Some(0) || self.needs_no_barrier(addr) {
            return;
        }
        if self.barrier.is_some() {
            let base = self.val(addr);
            let slot = self.e.offset(base, i64::from(offset));
            self.barrier(slot, self.ty(addr) != Ty::Ref);
        }
    }

    /// Copies a value with references to what may be the heap.
    pub(super) fn copy_with_barrier(&mut self, dst: Value, src: Value, size: u32) {
        let (to, from) = (self.val(dst), self.val(src));
        let barrier = self.barrier.filter(|_| !self.needs_no_barrier(dst));
        let Some(barrier) = barrier else {
            self.e.copy(to, 0, from, 0, size);
            return;
        };
        if size > INLINE_COPY.min(1 << barrier.shift) {
            let size = self.e.word(i64::from(size));
            self.e.helper(Helper::CopyWithBarrier, &[to, from, size]);
            return;
        }
        self.e.copy(to, 0, from, 0, size);
        // It lies in two lines at most.
        self.barrier(to, true);
        if size > 8 {
            let last = self.e.offset(to, i64::from(size) - 8);
            self.barrier(last, true);
        }
    }

    /// Logs the line of a slot. `anywhere`: the slot may be outside the heap.
    pub(super) fn barrier(&mut self, slot: ir::Value, anywhere: bool) {
        let Some(barrier) = self.barrier else { return };
        if self.e.quick {
            return self.e.preserving(Helper::WriteBarrier, &[slot]);
        }
        let flags = MemFlagsData::trusted();
        let next = self.e.b.create_block();
        if anywhere {
            let start = self.e.symbol(Symbol::Barrier(BarrierConstant::HeapStart));
            let at = self.e.b.ins().isub(slot, start);
            let len = self.e.symbol(Symbol::Barrier(BarrierConstant::HeapLen));
            let inside = self.e.b.ins().icmp(IntCC::UnsignedLessThan, at, len);
            let test = self.e.b.create_block();
            self.e.b.ins().brif(inside, test, &[], next, &[]);
            self.e.b.switch_to_block(test);
        }
        let place = self.entry(slot, barrier.shift, BarrierConstant::Table);
        let state = self.e.b.ins().load(types::I8, flags, place, 0);
        let unlogged = i64::from(barrier.unlogged);
        let hit = self.e.b.ins().icmp_imm_u(IntCC::Equal, state, unlogged);
        let cold = self.e.cold_block();
        self.e.b.ins().brif(hit, cold, &[], next, &[]);
        self.e.b.switch_to_block(cold);
        let logged = self.e.b.ins().iconst(types::I8, i64::from(barrier.logged));
        self.e.b.ins().store(flags, logged, place, 0);
        let place = self.entry(slot, barrier.block_shift, BarrierConstant::BlockTable);
        let one = self.e.b.ins().iconst(types::I8, 1);
        self.e.b.ins().store(flags, one, place, 0);
        self.e.b.ins().jump(next, &[]);
        self.e.b.switch_to_block(next);
    }

    /// The address of a slot's byte in a table of the barrier.
    fn entry(&mut self, slot: ir::Value, shift: u8, table: BarrierConstant) -> ir::Value {
        let shift = self.e.int(i32::from(shift));
        let index = self.e.b.ins().ushr(slot, shift);
        let table = self.e.symbol(Symbol::Barrier(table));
        self.e.b.ins().iadd(index, table)
    }

    /// Whether what is stored at the address needs no barrier: it is not in the heap, or in an
    /// object that nobody can have collected since it was made.
    fn needs_no_barrier(&self, addr: Value) -> bool {
        match self.memory[addr] {
            Memory::Unknown => false,
            Memory::Outside => true,
            Memory::Fresh(epoch) => epoch == self.epoch,
        }
    }

    /// Notes what an instruction does to the answers of `needs_no_barrier`.
    pub(super) fn note_memory(&mut self, node: &Node) {
        let memory = match node.inst {
            Inst::NewObject { .. } | Inst::NewVector { .. } => {
                self.epoch += 1;
                Memory::Fresh(self.epoch)
            }
            Inst::SlotAddr(..) | Inst::SymbolAddr(_) => Memory::Outside,
            Inst::Binary(Binary::Add, base, by) if self.constant(by).is_some() => self.memory[base],
            Inst::Call(_)
            | Inst::Helper(..)
            | Inst::StoreElement { .. }
            | Inst::ClassInit(_)
            | Inst::Poll
            | Inst::IsInst { .. }
            | Inst::CastClass { .. }
            | Inst::Unbox { .. }
            | Inst::CodeAddress { .. } => {
                self.epoch += 1;
                Memory::Unknown
            }
            _ => return,
        };
        if let Some(result) = node.result {
            self.memory[result] = memory;
        }
    }
}
