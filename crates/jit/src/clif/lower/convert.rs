//! Conversions (ECMA-335 III.1.5), with the results of x86-64 where the standard leaves them open.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, types};

use super::Lower;
use crate::hir::{Convert, Mem, Ty, Value};
use crate::host::{Helper, ThrowKind};

const TWO_31: f64 = 2_147_483_648.0;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

impl Lower<'_, '_> {
    pub(super) fn convert(&mut self, to: Convert, arg: Value) -> ir::Value {
        let from = self.ty(arg);
        let value = self.val(arg);
        match to {
            Convert::Int(Mem::I64 | Mem::Ref | Mem::ByRef) => match from {
                Ty::I32 => self.e.b.ins().sextend(types::I64, value),
                Ty::F32 | Ty::F64 => self.truncate_float(from, value, true),
                _ => value,
            },
            Convert::Int(mem) => {
                let value = match from {
                    Ty::I32 => value,
                    Ty::F32 | Ty::F64 => self.truncate_float(from, value, false),
                    _ => self.e.b.ins().ireduce(types::I32, value),
                };
                self.e.narrow(mem, value)
            }
            Convert::UInt64 => match from {
                Ty::I32 => self.e.b.ins().uextend(types::I64, value),
                Ty::F32 | Ty::F64 => {
                    let value = self.double(from, value);
                    match self.e.helper(Helper::FloatToU64, &[value]) {
                        Some(result) => result,
                        None => self.e.word(0),
                    }
                }
                _ => value,
            },
            Convert::Float(mem) => match (from, mem) {
                (Ty::F64, Mem::F32) => self.e.b.ins().fdemote(types::F32, value),
                (Ty::F32, Mem::F64) => self.e.b.ins().fpromote(types::F64, value),
                (Ty::F32 | Ty::F64, _) => value,
                (_, mem) => self.e.b.ins().fcvt_from_sint(mem.clif(), value),
            },
            Convert::FloatUn => match from {
                Ty::F32 => self.e.b.ins().fpromote(types::F64, value),
                Ty::F64 => value,
                _ => self.e.b.ins().fcvt_from_uint(types::F64, value),
            },
        }
    }

    fn double(&mut self, from: Ty, value: ir::Value) -> ir::Value {
        if from == Ty::F32 {
            self.e.b.ins().fpromote(types::F64, value)
        } else {
            value
        }
    }

    /// `cvttsd2si`: out of range and NaN give the most negative integer.
    fn truncate_float(&mut self, from: Ty, value: ir::Value, wide: bool) -> ir::Value {
        let value = self.double(from, value);
        let (ty, limit, min) = if wide {
            (types::I64, TWO_63, i64::MIN)
        } else {
            (types::I32, TWO_31, i64::from(i32::MIN as u32))
        };
        // Saturation is right below the range; above it and for NaN it is not.
        let saturated = self.e.b.ins().fcvt_to_sint_sat(ty, value);
        let limit = self.e.b.ins().f64const(limit);
        let fits = self.e.b.ins().fcmp(FloatCC::LessThan, value, limit);
        let min = self.e.b.ins().iconst(ty, min);
        self.e.b.ins().select(fits, saturated, min)
    }

    pub(super) fn convert_checked(
        &mut self,
        to: Mem,
        to_unsigned: bool,
        from_unsigned: bool,
        arg: Value,
    ) -> ir::Value {
        let from = self.ty(arg);
        if from.is_float() {
            return self.convert_float_checked(to, to_unsigned, arg);
        }
        let value = self.val(arg);
        let wide = match from {
            Ty::I32 if from_unsigned => self.e.b.ins().uextend(types::I64, value),
            Ty::I32 => self.e.b.ins().sextend(types::I64, value),
            _ => value,
        };
        // The operand as a signed 64-bit number is wrong only for large unsigned 64-bit ones.
        let from_u64 = from_unsigned && from != Ty::I32;
        if to == Mem::I64 {
            if from_u64 != to_unsigned && (from_u64 || from != Ty::I32 || !from_unsigned) {
                let bad = self.e.cmp_imm(IntCC::SignedLessThan, wide, 0);
                self.throw_if(bad, ThrowKind::Overflow);
            }
            return wide;
        }
        let low = self.e.b.ins().ireduce(types::I32, wide);
        let result = self.e.narrow(to, low);
        let target_signed = matches!(to, Mem::I8 | Mem::I16) || (to == Mem::I32 && !to_unsigned);
        let again = if target_signed {
            self.e.b.ins().sextend(types::I64, result)
        } else {
            self.e.b.ins().uextend(types::I64, result)
        };
        let changed = self.e.b.ins().icmp(IntCC::NotEqual, again, wide);
        self.throw_if(changed, ThrowKind::Overflow);
        if from_u64 && target_signed {
            let bad = self.e.cmp_imm(IntCC::SignedLessThan, wide, 0);
            self.throw_if(bad, ThrowKind::Overflow);
        }
        result
    }

    fn convert_float_checked(&mut self, to: Mem, to_unsigned: bool, arg: Value) -> ir::Value {
        let from = self.ty(arg);
        let value = self.val(arg);
        let value = self.double(from, value);
        // Open bounds: the truncated value fits exactly when the operand is between them.
        let (low, low_cc, high) = match (to, to_unsigned) {
            (Mem::I8, _) => (-129.0, FloatCC::GreaterThan, 128.0),
            (Mem::U8, _) => (-1.0, FloatCC::GreaterThan, 256.0),
            (Mem::I16, _) => (-32769.0, FloatCC::GreaterThan, 32768.0),
            (Mem::U16, _) => (-1.0, FloatCC::GreaterThan, 65536.0),
            (Mem::I32, false) => (-TWO_31 - 1.0, FloatCC::GreaterThan, TWO_31),
            (Mem::I32, true) => (-1.0, FloatCC::GreaterThan, 2.0 * TWO_31),
            (_, false) => (-TWO_63, FloatCC::GreaterThanOrEqual, TWO_63),
            (_, true) => (-1.0, FloatCC::GreaterThan, 2.0 * TWO_63),
        };
        let low = self.e.b.ins().f64const(low);
        let high = self.e.b.ins().f64const(high);
        let above = self.e.b.ins().fcmp(low_cc, value, low);
        let below = self.e.b.ins().fcmp(FloatCC::LessThan, value, high);
        let good = self.e.b.ins().band(above, below);
        self.throw_unless(good, ThrowKind::Overflow);
        if to == Mem::I64 {
            return if to_unsigned {
                self.e.b.ins().fcvt_to_uint_sat(types::I64, value)
            } else {
                self.e.b.ins().fcvt_to_sint_sat(types::I64, value)
            };
        }
        let wide = self.e.b.ins().fcvt_to_sint_sat(types::I64, value);
        self.e.b.ins().ireduce(types::I32, wide)
    }
}
