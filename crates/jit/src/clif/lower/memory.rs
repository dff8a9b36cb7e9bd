//! Loads, stores and atomics.

use cranelift_codegen::ir::{self, AtomicRmwOp, InstBuilder, MemFlagsData, types};

use super::Lower;
use crate::hir::{Access, Mem, Rmw, Ty, Value};

impl Lower<'_, '_> {
    /// Base, displacement and flags of an access.
    fn place(
        &mut self,
        access: Access,
        addr: Value,
        offset: u32,
    ) -> (ir::Value, i32, MemFlagsData) {
        let base = self.val(addr);
        let flags = match access {
            Access::Safe => MemFlagsData::new().with_notrap(),
            Access::MayBeNull => self.null_checked(base, offset),
        };
        match i32::try_from(offset) {
            Ok(offset) => (base, offset, flags),
            Err(_) => (self.e.offset(base, i64::from(offset)), 0, flags),
        }
    }

    pub(super) fn load(&mut self, mem: Mem, access: Access, addr: Value, offset: u32) -> ir::Value {
        let (base, offset, flags) = self.place(access, addr, offset);
        self.e.load(mem, flags, base, offset)
    }

    pub(super) fn store(
        &mut self,
        mem: Mem,
        access: Access,
        addr: Value,
        offset: u32,
        value: Value,
    ) {
        let (base, offset, flags) = self.place(access, addr, offset);
        let value = self.val(value);
        self.e.store(mem, flags, value, base, offset);
    }

    /// A stack value as the integer of its storage.
    fn bits_of(&mut self, mem: Mem, value: Value) -> ir::Value {
        let clif = self.val(value);
        match (mem, self.ty(value)) {
            (Mem::F32, _) => self
                .e
                .b
                .ins()
                .bitcast(types::I32, MemFlagsData::new(), clif),
            (Mem::F64, _) => self
                .e
                .b
                .ins()
                .bitcast(types::I64, MemFlagsData::new(), clif),
            (mem, Ty::I32) if mem.is_narrow() => self.e.b.ins().ireduce(mem.clif(), clif),
            _ => clif,
        }
    }

    fn bits_type(mem: Mem) -> ir::Type {
        match mem {
            Mem::F32 => types::I32,
            Mem::F64 => types::I64,
            mem => mem.clif(),
        }
    }

    /// The stack value of an integer of this storage.
    fn of_bits(&mut self, mem: Mem, bits: ir::Value) -> ir::Value {
        match mem {
            Mem::F32 => self
                .e
                .b
                .ins()
                .bitcast(types::F32, MemFlagsData::new(), bits),
            Mem::F64 => self
                .e
                .b
                .ins()
                .bitcast(types::F64, MemFlagsData::new(), bits),
            mem => self.e.narrow(mem, bits),
        }
    }

    pub(super) fn atomic_load(&mut self, mem: Mem, addr: Value) -> ir::Value {
        let addr = self.val(addr);
        let bits = self
            .e
            .b
            .ins()
            .atomic_load(Self::bits_type(mem), MemFlagsData::trusted(), addr);
        self.of_bits(mem, bits)
    }

    pub(super) fn atomic_store(&mut self, mem: Mem, addr: Value, value: Value) {
        let addr = self.val(addr);
        if mem == Mem::Ref {
            self.barrier(addr, true);
        }
        let bits = self.bits_of(mem, value);
        self.e
            .b
            .ins()
            .atomic_store(MemFlagsData::trusted(), bits, addr);
    }

    pub(super) fn atomic_rmw(&mut self, op: Rmw, mem: Mem, addr: Value, value: Value) -> ir::Value {
        let addr = self.val(addr);
        if mem == Mem::Ref {
            self.barrier(addr, true);
        }
        let bits = self.bits_of(mem, value);
        let op = match op {
            Rmw::Add => AtomicRmwOp::Add,
            Rmw::Exchange => AtomicRmwOp::Xchg,
        };
        let old = self.e.b.ins().atomic_rmw(
            Self::bits_type(mem),
            MemFlagsData::trusted(),
            op,
            addr,
            bits,
        );
        self.of_bits(mem, old)
    }

    pub(super) fn atomic_cas(
        &mut self,
        mem: Mem,
        addr: Value,
        expected: Value,
        new: Value,
    ) -> ir::Value {
        let addr = self.val(addr);
        if mem == Mem::Ref {
            self.barrier(addr, true);
        }
        let expected = self.bits_of(mem, expected);
        let new = self.bits_of(mem, new);
        let old = self
            .e
            .b
            .ins()
            .atomic_cas(MemFlagsData::trusted(), addr, expected, new);
        self.of_bits(mem, old)
    }
}
