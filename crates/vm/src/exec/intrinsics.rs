//! Methods of corlib that the compiler expands itself (by name; see
//! `docs/vm.md` for which have no usable body).

use ferrocil_jit::host::Intrinsic;
use ferrocil_metadata::ElementType;

use crate::runtime::Runtime;
use crate::types::MethodPtr;

/// The intrinsic that a method stands for.
pub(crate) fn find(runtime: &Runtime, method: MethodPtr) -> Option<Intrinsic> {
    if !runtime.is_corlib(method.class.image) || method.class.is_array() {
        return None;
    }
    let params = &runtime.signature(method).ok()?.params;
    let count = params.len();
    let u = runtime.universe();
    let is = |i: usize, e: ElementType| params.get(i).is_some_and(|&p| p == u.primitive(e));
    Some(
        match (
            method.class.namespace,
            method.class.name,
            method.name,
            count,
        ) {
            ("System", "Object", ".ctor", 0) => Intrinsic::Nop,
            ("System", "Object", "ReferenceEquals", 2) => Intrinsic::ReferenceEquals,
            ("System", "ByReference`1", ".ctor", 1) => Intrinsic::ByReferenceCtor,
            ("System", "ByReference`1", "get_Value", 0) => Intrinsic::ByReferenceValue,
            ("System", "Array", "UnsafeMov", 1) => Intrinsic::UnsafeMov,
            ("System", "Array", "UnsafeLoad", 2) => Intrinsic::UnsafeLoad,
            ("System", "Array", "UnsafeStore", 3) => Intrinsic::UnsafeStore,
            ("System", "Array", "GetRawSzArrayData", 0) => Intrinsic::RawArrayData,
            ("System", "Array", "get_Length", 0) => Intrinsic::ArrayLength,
            ("System", "Array", "GetGenericValueImpl", 2) => Intrinsic::ArrayGetGenericValue,
            ("System", "Array", "SetGenericValueImpl", 2) => Intrinsic::ArraySetGenericValue,
            ("System", "String", "get_Length", 0) => Intrinsic::StringLength,
            ("System", "String", "get_Chars", 1) => Intrinsic::StringChars,
            ("System", "Type", "GetTypeFromHandle", 1) => Intrinsic::TypeFromHandle,
            ("System", "Math", "Sqrt", 1) => Intrinsic::Sqrt,
            ("System", "Math", "Floor", 1) if is(0, ElementType::R8) => Intrinsic::Floor,
            ("System", "Math", "Ceiling", 1) if is(0, ElementType::R8) => Intrinsic::Ceiling,
            ("System", "Math", "Abs", 1) if is(0, ElementType::R8) || is(0, ElementType::R4) => {
                Intrinsic::FloatAbs
            }
            ("System.Runtime.CompilerServices", "RuntimeHelpers", "get_OffsetToStringData", 0) => {
                Intrinsic::OffsetToStringData
            }
            ("System.Threading", "Monitor", "Enter", 1) => Intrinsic::MonitorEnter,
            ("System.Threading", "Monitor", "Enter", 2) => Intrinsic::MonitorEnterTaken,
            ("System.Threading", "Monitor", "Exit", 1) => Intrinsic::MonitorExit,
            ("System.Threading", "Interlocked", "CompareExchange", 3) => Intrinsic::CompareExchange,
            ("System.Threading", "Interlocked", "CompareExchange", 4)
                if !is_bool_ref(runtime, params[3]) =>
            {
                Intrinsic::CompareExchangeObjectByRef
            }
            ("System.Threading", "Interlocked", "Exchange", 2) => Intrinsic::Exchange,
            ("System.Threading", "Interlocked", "Exchange", 3) => Intrinsic::ExchangeObjectByRef,
            ("System.Threading", "Interlocked", "Add", 2) => Intrinsic::InterlockedAdd,
            ("System.Threading", "Interlocked", "Increment", 1) => Intrinsic::InterlockedIncrement,
            ("System.Threading", "Interlocked", "Decrement", 1) => Intrinsic::InterlockedDecrement,
            ("System.Threading", "Interlocked", "Read", 1) => Intrinsic::InterlockedRead,
            ("System.Threading", "Volatile", "Read", 1)
            | ("System.Threading", "Thread", "VolatileRead", 1) => Intrinsic::VolatileRead,
            ("System.Threading", "Volatile", "Write", 2)
            | ("System.Threading", "Thread", "VolatileWrite", 2) => Intrinsic::VolatileWrite,
            ("System.Threading", "Interlocked" | "Thread", "MemoryBarrier", 0)
            | ("System.Threading", "Interlocked", "MemoryBarrierProcessWide", 0) => {
                Intrinsic::MemoryBarrier
            }
            _ => return None,
        },
    )
}

fn is_bool_ref(runtime: &Runtime, ty: ferrocil_generics::TypeId) -> bool {
    let u = runtime.universe();
    u.by_ref(u.primitive(ElementType::Boolean))
        .is_ok_and(|b| b == ty)
}

/// IL for methods whose body in corlib only throws, for when they are reached by `newobj` or
/// through a pointer.
pub(crate) fn replaced_body(runtime: &Runtime, method: MethodPtr) -> Option<&'static [u8]> {
    match find(runtime, method)? {
        // ldarg.0, ldarg.1, stind.i, ret
        Intrinsic::ByReferenceCtor => Some(&[0x02, 0x03, 0xdf, 0x2a]),
        // ldarg.0, ldind.i, ret
        Intrinsic::ByReferenceValue => Some(&[0x02, 0x4d, 0x2a]),
        _ => None,
    }
}
