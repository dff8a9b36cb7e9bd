//! Signatures of the runtime's helpers.

use crate::hir::Ty;
use crate::host::Helper;

/// How compiled code calls a helper.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HelperKind {
    /// SystemV; may set the pending exception.
    Throwing,
    /// SystemV; never throws.
    Plain,
    /// SystemV without the thread argument; never throws.
    Pure,
    /// `tail`; never returns.
    Raising,
}

/// Kind, parameters (without the thread) and result of a helper.
pub(crate) fn signature_of(helper: Helper) -> (HelperKind, &'static [Ty], Option<Ty>) {
    use HelperKind::{Plain, Pure, Raising, Throwing};
    use Ty::{ByRef, F64, I64, Ref};
    match helper {
        Helper::Throw | Helper::Rethrow => (Raising, &[Ref], None),
        Helper::RaisePending | Helper::ResumeUnwind => (Raising, &[], None),
        Helper::ThrowKind | Helper::ThrowDeferred => (Raising, &[I64], None),
        Helper::ThrowInvalidCast => (Raising, &[Ref, I64], None),
        Helper::CatchKind => (Throwing, &[I64, I64], Some(Ref)),
        Helper::CatchThrown => (Throwing, &[Ref, I64], Some(Ref)),
        Helper::AllocObject => (Throwing, &[I64], Some(Ref)),
        Helper::AllocVector => (Throwing, &[I64, I64], Some(Ref)),
        Helper::AllocArray => (Throwing, &[I64, ByRef, I64], Some(Ref)),
        Helper::IsInst => (Plain, &[Ref, I64], Some(Ref)),
        Helper::CastClass => (Throwing, &[Ref, I64], Some(Ref)),
        Helper::StoreElemRef => (Throwing, &[Ref, I64, Ref], None),
        Helper::CheckElemAddress => (Throwing, &[Ref, I64], None),
        Helper::CheckArrayStore => (Throwing, &[Ref, Ref], None),
        Helper::ResolveInterface | Helper::ResolveVirtual => (Throwing, &[Ref, I64], Some(I64)),
        Helper::ClassInit => (Throwing, &[I64], None),
        Helper::ThreadStaticAddress => (Throwing, &[I64], Some(ByRef)),
        Helper::NewDelegate => (Throwing, &[I64, Ref, I64], Some(Ref)),
        Helper::MakeLiteral => (Throwing, &[I64], Some(Ref)),
        Helper::MonitorEnter | Helper::MonitorExit => (Throwing, &[Ref], None),
        Helper::MonitorEnterTaken => (Throwing, &[Ref, ByRef], None),
        Helper::Poll | Helper::PollPreserved => (Throwing, &[], None),
        Helper::Localloc => (Throwing, &[I64], Some(I64)),
        Helper::LocallocMark => (Plain, &[], Some(I64)),
        Helper::LocallocRelease => (Plain, &[I64], None),
        Helper::FloatRem => (Pure, &[F64, F64], Some(F64)),
        Helper::FloatToU64 => (Pure, &[F64], Some(I64)),
        Helper::WriteBarrier => (Pure, &[ByRef], None),
        Helper::CopyWithBarrier => (Plain, &[ByRef, ByRef, I64], None),
        Helper::MemCopy => (Pure, &[I64, I64, I64], None),
        Helper::MemFill => (Pure, &[I64, I64, I64], None),
        Helper::TypeFromToken => (Throwing, &[I64], Some(Ref)),
        Helper::Unbox => (Throwing, &[I64, Ref], Some(ByRef)),
        Helper::CheckTypedReference => (Throwing, &[I64, I64], None),
    }
}
