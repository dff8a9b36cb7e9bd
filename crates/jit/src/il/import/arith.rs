//! Constants, arithmetic, comparisons and conversions (ECMA-335 III.1.5, III.3).

use ferrocil_metadata::il::{Instruction, Opcode, Operand};

use crate::hir::{Binary, Checked, Cond, Convert, Division, Inst, Mem, Ty, Unary, Value};
use crate::host::Helper;
use crate::il::Stop;

use super::{Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn constant(&mut self, inst: &Instruction<'_>) -> Step<()> {
        use Opcode as O;
        let value = match (inst.opcode, inst.operand) {
            (O::LdcI4M1, _) => self.b.i32(-1),
            (O::LdcI40, _) => self.b.i32(0),
            (O::LdcI41, _) => self.b.i32(1),
            (O::LdcI42, _) => self.b.i32(2),
            (O::LdcI43, _) => self.b.i32(3),
            (O::LdcI44, _) => self.b.i32(4),
            (O::LdcI45, _) => self.b.i32(5),
            (O::LdcI46, _) => self.b.i32(6),
            (O::LdcI47, _) => self.b.i32(7),
            (O::LdcI48, _) => self.b.i32(8),
            (_, Operand::I8(c)) => self.b.i32(i32::from(c)),
            (_, Operand::I32(c)) => self.b.i32(c),
            (_, Operand::I64(c)) => self.b.i64(c),
            (_, Operand::F32(c)) => self.b.emit(Inst::F32(c.to_bits()), Ty::F32),
            (_, Operand::F64(c)) => self.b.emit(Inst::F64(c.to_bits()), Ty::F64),
            _ => return Err(Stop::Invalid("a constant without its value")),
        };
        self.push(value);
        Ok(())
    }

    pub(super) fn arithmetic(&mut self, opcode: Opcode) -> Step<()> {
        use Opcode as O;
        let value = match opcode {
            O::Neg | O::Not | O::Ckfinite => {
                let a = self.pop_scalar()?;
                let ty = self.b.ty(a);
                match opcode {
                    O::Neg => self.b.emit(Inst::Unary(Unary::Neg, a), number(ty)),
                    O::Not if !ty.is_float() => self.b.emit(Inst::Unary(Unary::Not, a), number(ty)),
                    O::Ckfinite if ty.is_float() => self.b.emit(Inst::CheckFinite(a), ty),
                    _ => return Err(Stop::Invalid("an operand of the wrong type")),
                }
            }
            O::Shl | O::Shr | O::ShrUn => {
                let count = self.pop_scalar()?;
                let a = self.pop_scalar()?;
                let ty = number(self.b.ty(a));
                if ty.is_float() || self.b.ty(count).is_float() {
                    return Err(Stop::Invalid("a shift of floats"));
                }
                let count = self.coerce(count, Ty::I32)?;
                let op = match opcode {
                    O::Shl => Binary::Shl,
                    O::Shr => Binary::Shr,
                    _ => Binary::ShrUn,
                };
                self.b.emit(Inst::Binary(op, a, count), ty)
            }
            O::Ceq => self.comparison(Cond::Eq)?,
            O::Cgt => self.comparison(Cond::Gt)?,
            O::CgtUn => self.comparison(Cond::GtUn)?,
            O::Clt => self.comparison(Cond::Lt)?,
            O::CltUn => self.comparison(Cond::LtUn)?,
            _ => {
                let b = self.pop_scalar()?;
                let a = self.pop_scalar()?;
                self.binary(opcode, a, b)?
            }
        };
        self.push(value);
        Ok(())
    }

    /// Brings two operands to one type. The type of the result: a managed pointer plus or
    /// minus a number is a managed pointer.
    pub(super) fn balance(&mut self, a: Value, b: Value) -> Step<(Value, Value, Ty)> {
        let (ta, tb) = (self.b.ty(a), self.b.ty(b));
        Ok(match (ta, tb) {
            (Ty::I32, Ty::I32) => (a, b, Ty::I32),
            (Ty::F32, Ty::F32) => (a, b, Ty::F32),
            (Ty::F32 | Ty::F64, Ty::F32 | Ty::F64) => {
                (self.coerce(a, Ty::F64)?, self.coerce(b, Ty::F64)?, Ty::F64)
            }
            (Ty::F32 | Ty::F64, _) | (_, Ty::F32 | Ty::F64) => {
                return Err(Stop::Invalid("an operation on an integer and a float"));
            }
            _ => {
                let ty = if (ta == Ty::ByRef) != (tb == Ty::ByRef) {
                    Ty::ByRef
                } else {
                    Ty::I64
                };
                let a = if ta == Ty::I32 {
                    self.coerce(a, Ty::I64)?
                } else {
                    a
                };
                let b = if tb == Ty::I32 {
                    self.coerce(b, Ty::I64)?
                } else {
                    b
                };
                (a, b, ty)
            }
        })
    }

    fn comparison(&mut self, cond: Cond) -> Step<Value> {
        let b = self.pop_scalar()?;
        let a = self.pop_scalar()?;
        let (a, b, _) = self.balance(a, b)?;
        Ok(self.b.emit(Inst::Compare(cond, a, b), Ty::I32))
    }

    fn binary(&mut self, opcode: Opcode, a: Value, b: Value) -> Step<Value> {
        use Opcode as O;
        let (a, b, ty) = self.balance(a, b)?;
        let float = ty.is_float();
        let checked = match opcode {
            O::AddOvf => Some(Checked::Add),
            O::AddOvfUn => Some(Checked::AddUn),
            O::SubOvf => Some(Checked::Sub),
            O::SubOvfUn => Some(Checked::SubUn),
            O::MulOvf => Some(Checked::Mul),
            O::MulOvfUn => Some(Checked::MulUn),
            _ => None,
        };
        if let Some(op) = checked {
            if float {
                return Err(Stop::Invalid("checked arithmetic on floats"));
            }
            return Ok(self.b.emit(Inst::Checked(op, a, b), ty));
        }
        let division = match opcode {
            O::Div => Some(Division::Div),
            O::DivUn => Some(Division::DivUn),
            O::Rem => Some(Division::Rem),
            O::RemUn => Some(Division::RemUn),
            _ => None,
        };
        match (division, float) {
            (Some(op), false) => return Ok(self.b.emit(Inst::Division(op, a, b), number(ty))),
            (Some(Division::Div), true) => {
                return Ok(self.b.emit(Inst::Binary(Binary::FloatDiv, a, b), ty));
            }
            (Some(Division::Rem), true) => {
                let a = self.coerce(a, Ty::F64)?;
                let b = self.coerce(b, Ty::F64)?;
                let rem = self.helper(Helper::FloatRem, &[a, b], Ty::F64);
                return self.coerce(rem, ty);
            }
            (Some(_), true) => return Err(Stop::Invalid("unsigned division of floats")),
            (None, _) => {}
        }
        let op = match opcode {
            O::Add => Binary::Add,
            O::Sub => Binary::Sub,
            O::Mul => Binary::Mul,
            O::And if !float => Binary::And,
            O::Or if !float => Binary::Or,
            O::Xor if !float => Binary::Xor,
            _ => return Err(Stop::Invalid("an operation on operands of the wrong type")),
        };
        if let Some(folded) = self.fold(op, a, b, ty) {
            return Ok(folded);
        }
        Ok(self.b.emit(Inst::Binary(op, a, b), ty))
    }

    /// Folds what costs nothing: both operands constant.
    fn fold(&mut self, op: Binary, a: Value, b: Value, ty: Ty) -> Option<Value> {
        let (x, y) = (self.b.constant(a)?, self.b.constant(b)?);
        let value = match op {
            Binary::Add => x.wrapping_add(y),
            Binary::Sub => x.wrapping_sub(y),
            Binary::Mul => x.wrapping_mul(y),
            Binary::And => x & y,
            Binary::Or => x | y,
            Binary::Xor => x ^ y,
            _ => return None,
        };
        match ty {
            Ty::I32 => Some(self.b.i32(value as i32)),
            Ty::I64 => Some(self.b.i64(value)),
            _ => None,
        }
    }

    pub(super) fn conversion(&mut self, opcode: Opcode) -> Step<()> {
        use Opcode as O;
        let arg = self.pop_scalar()?;
        let from = self.b.ty(arg);
        let (mem, unsigned) = match opcode {
            O::ConvI1 => return self.convert_to(Mem::I8, arg),
            O::ConvU1 => return self.convert_to(Mem::U8, arg),
            O::ConvI2 => return self.convert_to(Mem::I16, arg),
            O::ConvU2 => return self.convert_to(Mem::U16, arg),
            O::ConvI4 => return self.convert_to(Mem::I32, arg),
            O::ConvU4 => {
                // x86-64 converts floats through 64 bits.
                let arg = if from.is_float() {
                    self.b
                        .emit(Inst::Convert(Convert::Int(Mem::I64), arg), Ty::I64)
                } else {
                    arg
                };
                return self.convert_to(Mem::I32, arg);
            }
            O::ConvI8 | O::ConvI => return self.convert_to(Mem::I64, arg),
            O::ConvU8 | O::ConvU => {
                let value = match from {
                    Ty::I64 | Ty::Ref | Ty::ByRef => arg,
                    Ty::I32 => match self.b.constant(arg) {
                        Some(c) => self.b.i64(i64::from(c as u32)),
                        None => self.b.emit(Inst::Convert(Convert::UInt64, arg), Ty::I64),
                    },
                    _ => self.b.emit(Inst::Convert(Convert::UInt64, arg), Ty::I64),
                };
                self.push(value);
                return Ok(());
            }
            O::ConvR4 | O::ConvR8 => {
                let mem = if opcode == O::ConvR4 {
                    Mem::F32
                } else {
                    Mem::F64
                };
                let value = if from == mem.ty() {
                    arg
                } else {
                    self.b
                        .emit(Inst::Convert(Convert::Float(mem), arg), mem.ty())
                };
                self.push(value);
                return Ok(());
            }
            O::ConvRUn => {
                let value = self.b.emit(Inst::Convert(Convert::FloatUn, arg), Ty::F64);
                self.push(value);
                return Ok(());
            }
            O::ConvOvfI1 | O::ConvOvfI1Un => (Mem::I8, false),
            O::ConvOvfU1 | O::ConvOvfU1Un => (Mem::U8, true),
            O::ConvOvfI2 | O::ConvOvfI2Un => (Mem::I16, false),
            O::ConvOvfU2 | O::ConvOvfU2Un => (Mem::U16, true),
            O::ConvOvfI4 | O::ConvOvfI4Un => (Mem::I32, false),
            O::ConvOvfU4 | O::ConvOvfU4Un => (Mem::I32, true),
            O::ConvOvfI8 | O::ConvOvfI8Un | O::ConvOvfI | O::ConvOvfIUn => (Mem::I64, false),
            _ => (Mem::I64, true),
        };
        let from_unsigned = matches!(
            opcode,
            O::ConvOvfI1Un
                | O::ConvOvfI2Un
                | O::ConvOvfI4Un
                | O::ConvOvfI8Un
                | O::ConvOvfU1Un
                | O::ConvOvfU2Un
                | O::ConvOvfU4Un
                | O::ConvOvfU8Un
                | O::ConvOvfIUn
                | O::ConvOvfUUn
        );
        let inst = Inst::ConvertChecked {
            to: mem,
            to_unsigned: unsigned,
            from_unsigned,
            arg,
        };
        let value = self.b.emit(inst, mem.ty());
        self.push(value);
        Ok(())
    }

    fn convert_to(&mut self, mem: Mem, arg: Value) -> Step<()> {
        let from = self.b.ty(arg);
        let same = matches!(
            (from, mem),
            (Ty::I32, Mem::I32) | (Ty::I64 | Ty::Ref | Ty::ByRef, Mem::I64)
        );
        let value = if same {
            arg
        } else if let (Mem::I32, Some(origin)) = (mem, self.extended.get(&arg)) {
            *origin
        } else if let (Mem::I64, Ty::I32, Some(c)) = (mem, from, self.b.constant(arg)) {
            self.b.i64(c)
        } else {
            self.b.emit(Inst::Convert(Convert::Int(mem), arg), mem.ty())
        };
        self.push(value);
        Ok(())
    }
}

/// Type of the result of arithmetic on one operand.
fn number(ty: Ty) -> Ty {
    match ty {
        Ty::Ref | Ty::ByRef => Ty::I64,
        ty => ty,
    }
}
