//! Arithmetic.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};

use super::Lower;
use crate::hir::{Binary, Checked, Division, Ty, Unary, Value};
use crate::host::ThrowKind;

impl Lower<'_, '_> {
    pub(super) fn unary(&mut self, op: Unary, a: Value) -> ir::Value {
        let float = self.ty(a).is_float();
        let a = self.val(a);
        let ins = self.e.b.ins();
        match op {
            Unary::Neg if float => ins.fneg(a),
            Unary::Neg => ins.ineg(a),
            Unary::Not => ins.bnot(a),
            Unary::Sqrt => ins.sqrt(a),
            Unary::FloatAbs => ins.fabs(a),
            Unary::Floor => ins.floor(a),
            Unary::Ceil => ins.ceil(a),
        }
    }

    pub(super) fn binary(&mut self, op: Binary, a: Value, b: Value) -> ir::Value {
        let float = self.ty(a).is_float();
        let (a, b) = (self.val(a), self.val(b));
        let ins = self.e.b.ins();
        match op {
            Binary::Add if float => ins.fadd(a, b),
            Binary::Sub if float => ins.fsub(a, b),
            Binary::Mul if float => ins.fmul(a, b),
            Binary::FloatDiv => ins.fdiv(a, b),
            Binary::Add => ins.iadd(a, b),
            Binary::Sub => ins.isub(a, b),
            Binary::Mul => ins.imul(a, b),
            Binary::And => ins.band(a, b),
            Binary::Or => ins.bor(a, b),
            Binary::Xor => ins.bxor(a, b),
            Binary::Shl => ins.ishl(a, b),
            Binary::Shr => ins.sshr(a, b),
            Binary::ShrUn => ins.ushr(a, b),
        }
    }

    pub(super) fn checked(&mut self, op: Checked, a: Value, b: Value) -> ir::Value {
        let (a, b) = (self.val(a), self.val(b));
        let ins = self.e.b.ins();
        let (value, overflow) = match op {
            Checked::Add => ins.sadd_overflow(a, b),
            Checked::AddUn => ins.uadd_overflow(a, b),
            Checked::Sub => ins.ssub_overflow(a, b),
            Checked::SubUn => ins.usub_overflow(a, b),
            Checked::Mul => ins.smul_overflow(a, b),
            Checked::MulUn => ins.umul_overflow(a, b),
        };
        self.throw_if(overflow, ThrowKind::Overflow);
        value
    }

    pub(super) fn division(&mut self, op: Division, a: Value, b: Value) -> ir::Value {
        let divisor = self.constant(b);
        let wide = self.ty(a).is_word();
        let (x, y) = (self.val(a), self.val(b));
        let signed = matches!(op, Division::Div | Division::Rem);
        // Outside regions the division's own trap does for MIN / -1 of `div`.
        let explicit = self.region.is_some();
        if divisor.is_none_or(|d| d == 0) {
            self.throw_unless(y, ThrowKind::DivideByZero);
        }
        if signed && divisor.is_none_or(|d| d == -1) && (explicit || op == Division::Rem) {
            let min = if wide { i64::MIN } else { i64::from(i32::MIN) };
            let is_min = self.e.cmp_imm(IntCC::Equal, x, min);
            let is_minus_one = self.e.cmp_imm(IntCC::Equal, y, -1);
            let bad = self.e.b.ins().band(is_min, is_minus_one);
            self.throw_if(bad, ThrowKind::Overflow);
        }
        let ins = self.e.b.ins();
        match op {
            Division::Div => ins.sdiv(x, y),
            Division::DivUn => ins.udiv(x, y),
            Division::Rem => ins.srem(x, y),
            Division::RemUn => ins.urem(x, y),
        }
    }

    pub(super) fn check_finite(&mut self, a: Value) -> ir::Value {
        let value = self.val(a);
        let (ty, mask) = match self.ty(a) {
            Ty::F32 => (types::I32, 0x7f80_0000),
            _ => (types::I64, 0x7ff0_0000_0000_0000),
        };
        let bits = self.e.b.ins().bitcast(ty, MemFlagsData::new(), value);
        let mask = self.e.b.ins().iconst(ty, mask);
        let exponent = self.e.b.ins().band(bits, mask);
        let bad = self.e.b.ins().icmp(IntCC::Equal, exponent, mask);
        self.throw_if(bad, ThrowKind::Arithmetic);
        value
    }
}
