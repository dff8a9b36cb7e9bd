//! Trap codes of compiled code and the exceptions they stand for.

use cranelift_codegen::ir::TrapCode;

use crate::host::ThrowKind;

const KINDS: [ThrowKind; 12] = [
    ThrowKind::NullReference,
    ThrowKind::IndexOutOfRange,
    ThrowKind::Overflow,
    ThrowKind::DivideByZero,
    ThrowKind::Arithmetic,
    ThrowKind::ArrayTypeMismatch,
    ThrowKind::InvalidProgram,
    ThrowKind::StackOverflow,
    ThrowKind::InvalidCast,
    ThrowKind::EntryPointNotFound,
    ThrowKind::NotSupported,
    ThrowKind::Pending,
];

/// After a call that never returns; not in the trap table.
pub(crate) const UNREACHABLE: TrapCode = TrapCode::unwrap_user(100);
/// A load or store through a null reference.
pub(crate) const NULL: TrapCode = trap_code(ThrowKind::NullReference);

/// The trap code that raises `kind`.
pub(crate) const fn trap_code(kind: ThrowKind) -> TrapCode {
    TrapCode::unwrap_user(kind as u64 as u8 + 1)
}

/// The kind with a number.
pub(crate) fn kind_of(number: u8) -> Option<ThrowKind> {
    KINDS.get(usize::from(number)).copied()
}

/// What a trap raises; `None` for traps that are not exceptions.
pub(crate) fn throw_kind(code: TrapCode) -> Option<ThrowKind> {
    if code == TrapCode::INTEGER_DIVISION_BY_ZERO {
        return Some(ThrowKind::DivideByZero);
    }
    if code == TrapCode::INTEGER_OVERFLOW || code == TrapCode::BAD_CONVERSION_TO_INTEGER {
        return Some(ThrowKind::Overflow);
    }
    if code == TrapCode::STACK_OVERFLOW {
        return Some(ThrowKind::StackOverflow);
    }
    KINDS.get(usize::from(code.as_raw().get()) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::{KINDS, throw_kind, trap_code};

    #[test]
    fn every_kind_has_its_own_code() {
        for kind in KINDS {
            assert_eq!(throw_kind(trap_code(kind)), Some(kind));
        }
        assert_eq!(throw_kind(super::UNREACHABLE), None);
    }
}
