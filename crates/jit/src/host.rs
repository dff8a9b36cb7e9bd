//! What the compiler asks of a virtual machine, and the vocabulary of its answers.
//!
//! The compiler knows IL, signatures of calls and layouts of values. Everything
//! about loaded types, methods and fields comes from a [`CompilerHost`], as
//! CoreCLR's JIT asks its JIT–EE interface. Handles are opaque to the compiler:
//! it stores them in relocations and passes them back.

use ferrocil_metadata::Token;

/// A loaded type of the host (closed: no generic parameters).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TypeHandle(pub u32);
/// A loaded method of the host (closed).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MethodHandle(pub u32);
/// A field of a loaded type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FieldHandle(pub u32);
/// A string literal of the host.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StringHandle(pub u32);
/// A resolution error that the host keeps, to be thrown when control reaches it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DeferredError(pub u32);

/// How a value of a type is held; enums are reduced to their underlying type,
/// pointers and function pointers are `I`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Repr {
    /// No value.
    Void,
    /// `bool`: one byte, zero-extended.
    Bool,
    /// UTF-16 code unit, zero-extended.
    Char,
    /// Signed 8-bit integer.
    I1,
    /// Unsigned 8-bit integer.
    U1,
    /// Signed 16-bit integer.
    I2,
    /// Unsigned 16-bit integer.
    U2,
    /// Signed 32-bit integer.
    I4,
    /// Unsigned 32-bit integer.
    U4,
    /// Signed 64-bit integer.
    I8,
    /// Unsigned 64-bit integer.
    U8,
    /// Native integer, unmanaged pointer or function pointer.
    I,
    /// Unsigned native integer.
    U,
    /// IEEE binary32.
    R4,
    /// IEEE binary64.
    R8,
    /// Object reference.
    Ref,
    /// Managed pointer.
    ByRef,
    /// Value type with fields, held in memory or as separate fields.
    Struct,
}

/// Size, alignment and representation of values of a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeLayout {
    /// Representation.
    pub repr: Repr,
    /// Bytes of a value (of a reference: 8).
    pub size: u32,
    /// Alignment in bytes, a power of two.
    pub align: u32,
    /// Whether values contain object references (or byrefs).
    pub has_refs: bool,
}

/// How `box`, `unbox` and `unbox.any` treat a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoxKind {
    /// A reference type: box is a no-op, unbox.any is castclass.
    Reference,
    /// A value type: payload at +8 of the object.
    Value,
    /// `Nullable<T>`: boxes to a boxed `T` or null.
    Nullable {
        /// `T`.
        value: TypeHandle,
        /// Whether `T` is an enum.
        is_enum: bool,
        /// Offset of the `bool` in the nullable's payload.
        has_value_offset: u32,
        /// Offset of the `T` in the nullable's payload.
        value_offset: u32,
    },
}

/// How a cast to a type may be tested.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CastStrategy {
    /// Equal vtable offset decides (sealed class, boxed value type, vector of a sealed element).
    Exact,
    /// `object`: always succeeds.
    Always,
    /// The word at this offset of the object's vtable is the type's vtable offset if the object
    /// derives from it (supertype display).
    Display {
        /// Byte offset in the vtable of a u32.
        offset: u32,
    },
    /// The word at this offset of the object's vtable is the type's vtable offset if the object is
    /// an instance, that plus one if it is not; anything else: ask the helper.
    Cached {
        /// Byte offset in the vtable of a u32.
        offset: u32,
    },
    /// Ask the helper.
    Helper,
}

/// The hidden first argument of a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum This {
    /// Static.
    None,
    /// An object reference.
    Ref,
    /// A managed pointer to a value type's payload.
    ByRef,
}

/// A closed call signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallSig {
    /// Hidden first argument.
    pub this: This,
    /// Declared parameters (without `this`).
    pub params: Vec<TypeHandle>,
    /// Return type (`Repr::Void` for none).
    pub ret: TypeHandle,
}

/// Which instruction asks for a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// `call`, and `jmp`.
    Call,
    /// `callvirt`.
    CallVirt,
    /// `newobj`.
    NewObj,
    /// `ldftn`.
    LdFtn,
    /// `ldvirtftn`.
    LdVirtFtn,
}

/// What to do with the `this` argument before a call (from `constrained.`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThisFixup {
    /// Pass as it is.
    None,
    /// It is a managed pointer to a reference: load the reference.
    Deref,
    /// It is a managed pointer to a value of this type: box a copy.
    Box(TypeHandle),
}

/// How control reaches the callee.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dispatch {
    /// Call [`Symbol::MethodEntry`].
    Direct(MethodHandle),
    /// Load the code address at this byte offset from the object's vtable.
    VTable {
        /// Byte offset from the start of the vtable.
        offset: u32,
        /// The declared method (for traces and devirtualisation).
        method: MethodHandle,
    },
    /// Interface call: inline IMT probe, then [`Helper::ResolveInterface`].
    /// The vtable holds `IMT_SLOTS` pairs (key, code) from [`AbiConfig::imt_offset`];
    /// the key of a method is the address [`Symbol::InterfaceKey`], its slot the given index.
    Interface {
        /// The interface method.
        method: MethodHandle,
        /// Index of the IMT slot (below `AbiConfig::imt_slots`).
        slot: u32,
    },
    /// Generic virtual method: [`Helper::ResolveVirtual`] with the object gives the code address.
    VirtualGeneric(MethodHandle),
    /// Load the code address at this byte offset of the `this` object and call it
    /// with the unchanged arguments (delegate `Invoke`).
    CodeField {
        /// Byte offset in the object.
        offset: u32,
    },
    /// An operation the compiler expands itself.
    Intrinsic(Intrinsic, MethodHandle),
    /// Multi-dimensional array accessor `Get`.
    ArrayGet(TypeHandle),
    /// Multi-dimensional array accessor `Set`.
    ArraySet(TypeHandle),
    /// Multi-dimensional array accessor `Address`.
    ArrayAddress(TypeHandle),
    /// `newobj` of a class: allocate, then call the constructor directly.
    NewObject {
        /// The class.
        class: TypeHandle,
        /// Its constructor; `None` when the constructor does nothing.
        ctor: Option<MethodHandle>,
    },
    /// `newobj` of a value type: zeroed temporary, then the constructor on its address.
    NewValue {
        /// The value type.
        class: TypeHandle,
        /// Its constructor.
        ctor: MethodHandle,
    },
    /// `newobj` of `System.String`: call this factory method with a null `this`.
    NewString(MethodHandle),
    /// `newobj` of an array class: one length per dimension, or (lower bound, length) pairs.
    NewArray {
        /// The array class.
        array: TypeHandle,
        /// Whether the arguments are (lower bound, length) pairs.
        with_bounds: bool,
    },
    /// `newobj` of a delegate class with (target, code address): [`Helper::NewDelegate`].
    NewDelegate(TypeHandle),
}

/// A resolved call instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallSite {
    /// Signature as the caller's evaluation stack sees it (for `newobj`: of the
    /// constructor, with `this`).
    pub sig: CallSig,
    /// How to get there.
    pub dispatch: Dispatch,
    /// What to do with `this` first.
    pub this_fixup: ThisFixup,
    /// Whether a null `this` must throw before the call (`callvirt` of a non-virtual method).
    pub null_check: bool,
    /// Whether the callee never returns normally (throw helpers).
    pub no_return: bool,
}

/// Where a field is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldPlace {
    /// Instance field: byte offset from the object's start (classes, so at least 8),
    /// or from the payload's start (value types).
    Instance {
        /// Byte offset.
        offset: u32,
    },
    /// Static field at [`Symbol::StaticField`].
    Static,
    /// Field with mapped data (RVA) at [`Symbol::StaticField`].
    Rva,
    /// Thread static: [`Helper::ThreadStaticAddress`] gives the address.
    ThreadStatic,
}

/// A resolved field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldRef {
    /// The field.
    pub field: FieldHandle,
    /// Type of its value.
    pub ty: TypeHandle,
    /// Where it is.
    pub place: FieldPlace,
    /// The class whose initialiser must have run before a static access; `None`
    /// when it has, or need not.
    pub class_init: Option<TypeHandle>,
    /// Whether the declaring type is a value type.
    pub in_value_type: bool,
}

/// What `ldtoken` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LdToken {
    /// A type: [`Symbol::TypeToken`].
    Type(TypeHandle),
    /// A method: [`Symbol::MethodToken`].
    Method(MethodHandle),
    /// A field: [`Symbol::FieldToken`].
    Field(FieldHandle),
}

/// Which library operation an intrinsic method stands for. Operands are the
/// method's own parameters in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Intrinsic {
    /// Does nothing (for example `Object::.ctor`); operands are dropped.
    Nop,
    /// `ByReference<T>::.ctor(ref T)`: stores the address in the first field of `this`.
    ByReferenceCtor,
    /// `ByReference<T>::get_Value`: loads the address from the first field of `this`.
    ByReferenceValue,
    /// `Array::UnsafeMov<S, R>(S)`: reinterpret `S` as `R`.
    UnsafeMov,
    /// `RuntimeHelpers::get_OffsetToStringData`.
    OffsetToStringData,
    /// `Array::GetRawSzArrayData` on `this`: address of element 0 of a vector.
    RawArrayData,
    /// `String::get_Length`.
    StringLength,
    /// `String::get_Chars(int)` with bounds check.
    StringChars,
    /// `Array::get_Length` of any array (u32 at +8).
    ArrayLength,
    /// `Interlocked.CompareExchange(ref T, T value, T comparand)` for 4 and 8-byte integers, floats and object references (by value).
    CompareExchange,
    /// `Interlocked.Exchange(ref T, T)`.
    Exchange,
    /// `Interlocked.Add(ref T, T)`: returns the new value.
    InterlockedAdd,
    /// `Interlocked.Increment(ref T)`: returns the new value.
    InterlockedIncrement,
    /// `Interlocked.Decrement(ref T)`: returns the new value.
    InterlockedDecrement,
    /// `Interlocked.Read(ref long)`.
    InterlockedRead,
    /// Mono's `Interlocked.CompareExchange(ref object location, ref object value, ref object comparand, ref object result)`.
    CompareExchangeObjectByRef,
    /// Mono's `Interlocked.Exchange(ref object location, ref object value, ref object result)`.
    ExchangeObjectByRef,
    /// `Volatile.Read(ref T)`, `Thread.VolatileRead(ref T)`: acquire load.
    VolatileRead,
    /// `Volatile.Write(ref T, T)`, `Thread.VolatileWrite(ref T, T)`: release store.
    VolatileWrite,
    /// Full fence.
    MemoryBarrier,
    /// `Math.Sqrt(double)`.
    Sqrt,
    /// `Math.Abs(double)` / `Math.Abs(float)`.
    FloatAbs,
    /// `Math.Floor(double)`.
    Floor,
    /// `Math.Ceiling(double)`.
    Ceiling,
    /// `Array::UnsafeLoad<T>(T[], int)`: element load without a bounds check.
    UnsafeLoad,
    /// `Array::UnsafeStore<T>(T[], int, T)`: element store without bounds and type checks.
    UnsafeStore,
    /// `Array::GetGenericValueImpl<T>(int, out T)` on `this`.
    ArrayGetGenericValue,
    /// `Array::SetGenericValueImpl<T>(int, ref T)` on `this`.
    ArraySetGenericValue,
    /// `Type::GetTypeFromHandle(RuntimeTypeHandle)`: the word in the handle's first field goes to
    /// [`Helper::TypeFromToken`].
    TypeFromHandle,
    /// `Monitor.Enter(object)`: [`Helper::MonitorEnter`].
    MonitorEnter,
    /// `Monitor.Enter(object, ref bool)`: [`Helper::MonitorEnterTaken`].
    MonitorEnterTaken,
    /// `Monitor.Exit(object)`: [`Helper::MonitorExit`].
    MonitorExit,
    /// `Object::GetHashCode`-free pointer equality and the like: `object.ReferenceEquals`.
    ReferenceEquals,
}

/// Functions of the runtime that compiled code calls.
///
/// Unless noted: SystemV convention, the thread (r15) is the first argument; a
/// helper that fails sets the thread's pending exception, returns zero, and the
/// compiled code tests [`AbiConfig::thread_pending`] and raises. Helpers marked
/// *raises* never return: they use the `tail` convention, take the thread as
/// first argument, and are called with `try_call` inside protected regions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Helper {
    /// *raises* `(thread, exception)`: `throw`; a null exception raises NullReferenceException.
    Throw,
    /// *raises* `(thread, exception)`: `rethrow`, keeps the trace.
    Rethrow,
    /// *raises* `(thread)`: raises the thread's pending exception.
    RaisePending,
    /// *raises* `(thread)`: end of a finally or fault handler entered by an exception.
    ResumeUnwind,
    /// *raises* `(thread, u64 kind)`: see [`ThrowKind`].
    ThrowKind,
    /// *raises* `(thread, u64 id)`: throws what [`CompilerHost::defer_error`] kept.
    ThrowDeferred,
    /// *raises* `(thread, object, vtable)`: InvalidCastException naming both types.
    ThrowInvalidCast,
    /// `(thread, u64 kind, u64 clause) -> exception`: makes the exception of a [`ThrowKind`] as if
    /// it had been thrown at the call and caught by that clause of the same frame. Compiled code
    /// goes on in the handler. May throw another exception.
    CatchKind,
    /// `(thread, exception, u64 clause) -> exception`: the same for an exception that is there.
    CatchThrown,
    /// `(thread, vtable) -> object`: zeroed instance.
    AllocObject,
    /// `(thread, array vtable, i64 length) -> object`; negative length throws OverflowException.
    AllocVector,
    /// `(thread, array vtable, *const i32 args, u64 with_bounds) -> object`.
    AllocArray,
    /// `(thread, object or null, vtable) -> object or null`.
    IsInst,
    /// `(thread, object or null, vtable) -> object or null`, may throw.
    CastClass,
    /// `(thread, array, i64 index, object)`: bounds, covariance and store; may throw.
    StoreElemRef,
    /// `(thread, array, vtable of the exact array class)`: check for `ldelema`; may throw ArrayTypeMismatch.
    CheckElemAddress,
    /// `(thread, array, object or null)`: whether the object may be stored in the (multi-dimensional)
    /// array; may throw ArrayTypeMismatch. Does not store.
    CheckArrayStore,
    /// `(thread, object, interface method key) -> code address`, may throw.
    ResolveInterface,
    /// `(thread, object, method token) -> code address`: virtual generic methods and `ldvirtftn`; may throw.
    ResolveVirtual,
    /// `(thread, vtable)`: runs the class initialiser; may throw.
    ClassInit,
    /// `(thread, field token) -> address`; may throw.
    ThreadStaticAddress,
    /// `(thread, delegate vtable, target, code address) -> delegate`; may throw.
    NewDelegate,
    /// `(thread, address of a literal's cell) -> string`: there was no memory for it when the method
    /// was compiled; may throw.
    MakeLiteral,
    /// `(thread, object)`; may throw.
    MonitorEnter,
    /// `(thread, object, address of a bool)`: `Monitor.Enter(object, ref bool)`; may throw.
    MonitorEnterTaken,
    /// `(thread, object)`; may throw.
    MonitorExit,
    /// `(thread)`: safepoint slow path; may throw (abort, interruption).
    Poll,
    /// The same by the `preserve_all` convention and without arguments: a stub made with
    /// [`StubKind::PreservedPoll`](crate::StubKind::PreservedPoll). Called instead of [`Helper::Poll`]
    /// when [`CompilerHost::preserved_poll`] says so; loops then keep their registers.
    PollPreserved,
    /// `(thread, u64 size) -> address`: zeroed `localloc` memory on the thread's side stack.
    Localloc,
    /// `(thread) -> mark` / used in the prologue of methods with `localloc`.
    LocallocMark,
    /// `(thread, mark)`: frees what was allocated since the mark.
    LocallocRelease,
    /// `(f64, f64) -> f64`: `rem` of floats (no thread argument).
    FloatRem,
    /// `(f64) -> u64`: `conv.u8` from floats as CoreCLR/Mono x64 do (no thread argument).
    FloatToU64,
    /// `(thread, dst, src, u64 bytes)`: copy of a value with references into the heap (no throw).
    CopyWithBarrier,
    /// `(slot)`: what [`WriteBarrier`] asks for after a store to the slot, which may be outside the
    /// heap. By the `preserve_all` convention: see [`WriteBarrier::stub`].
    WriteBarrier,
    /// `(dst, src, u64 bytes)`: `memmove` (no thread argument, no throw).
    MemCopy,
    /// `(dst, u64 byte value, u64 bytes)`: `memset` (no thread argument, no throw).
    MemFill,
    /// `(thread, address of the Type object's cell)`: see [`Symbol::TypeToken`]; `(thread, type token) -> RuntimeType object`, may throw.
    TypeFromToken,
    /// `(thread, vtable, object) `: for `unbox`: checks exact type (enum/underlying equivalence), may throw; returns the payload address.
    Unbox,
    /// `(thread, TypedReference's type token, vtable)`: `refanyval` check; may throw.
    CheckTypedReference,
}

impl Helper {
    /// Whether a collection may happen while it runs.
    #[must_use]
    pub fn may_collect(self) -> bool {
        !matches!(
            self,
            Helper::FloatRem
                | Helper::FloatToU64
                | Helper::MemCopy
                | Helper::MemFill
                | Helper::CopyWithBarrier
                | Helper::WriteBarrier
                | Helper::LocallocMark
                | Helper::LocallocRelease
        )
    }
}

/// Exceptions that compiled code raises by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u64)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ThrowKind {
    /// System.NullReferenceException
    NullReference,
    /// System.IndexOutOfRangeException
    IndexOutOfRange,
    /// System.OverflowException (arithmetic)
    Overflow,
    /// System.DivideByZeroException
    DivideByZero,
    /// System.ArithmeticException (ckfinite)
    Arithmetic,
    /// System.ArrayTypeMismatchException
    ArrayTypeMismatch,
    /// System.InvalidProgramException
    InvalidProgram,
    /// System.StackOverflowException
    StackOverflow,
    /// System.InvalidCastException without operands
    InvalidCast,
    /// System.EntryPointNotFoundException
    EntryPointNotFound,
    /// System.NotSupportedException
    NotSupported,
    /// The thread's pending exception.
    Pending,
}

/// A symbolic address in compiled code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Symbol {
    /// A runtime helper (near: within ±2 GiB of code).
    Helper(Helper),
    /// The stable entry (precode) of a method (near).
    MethodEntry(MethodHandle),
    /// The vtable of a type (near).
    VTable(TypeHandle),
    /// Base that vtable offsets in headers count from (near).
    VTableBase,
    /// A static field's storage (absolute).
    StaticField(FieldHandle),
    /// A byte that is non-zero once the class initialiser has run (absolute).
    ClassInitFlag(TypeHandle),
    /// Cell that holds the interned string object (absolute address; load 8 bytes).
    StringLiteral(StringHandle),
    /// Value of RuntimeTypeHandle for a type (absolute).
    TypeToken(TypeHandle),
    /// Value of RuntimeMethodHandle for a method (absolute).
    MethodToken(MethodHandle),
    /// Value of RuntimeFieldHandle for a field (absolute).
    FieldToken(FieldHandle),
    /// Identity of an interface method, as IMT keys hold it (absolute).
    InterfaceKey(MethodHandle),
    /// The number itself: a vtable's offset from [`Symbol::VTableBase`], as object headers hold it.
    /// A symbol and no constant, because it is another number in another process (absolute).
    VTableOffset(u32),
    /// A constant of the heap's write barrier (absolute).
    Barrier(BarrierConstant),
    /// Native function called by a stub (near thunk made by the host).
    NativeThunk(u32),
    /// Another function of the same compilation (a filter funclet), by index (near).
    Funclet(u32),
}

/// Fixed facts of the host: offsets in its thread structure and object model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbiConfig {
    /// Offset of the pending exception (object reference, 8 bytes) in the thread.
    pub thread_pending: i32,
    /// Offset of the poll flag (u32, non-zero: call [`Helper::Poll`]).
    pub thread_poll: i32,
    /// Offset of the allocation cursor (usize) in the thread; reserved for inline allocation.
    pub thread_tlab_cursor: i32,
    /// Offset of the allocation limit.
    pub thread_tlab_limit: i32,
    /// Offset in the thread of the generic context (usize) that the thunk of an instance leaves for
    /// the shared code it goes to.
    pub thread_context: i32,
    /// Byte offset of the IMT in a vtable.
    pub imt_offset: i32,
    /// Number of IMT slots; an entry is 16 bytes: key, code.
    pub imt_slots: u32,
    /// Byte offset in an array's vtable of what a stored object is tested by, a u64: in the lower
    /// half a vtable offset, in the upper half the place of a u32 in the object's vtable. The object
    /// may be stored when that word is that offset; else [`Helper::StoreElemRef`] finds out.
    pub element_test: Option<i32>,
    /// Offset of the object header's size: fields start here (8).
    pub object_header: u32,
    /// Offset of a vector's u32 length (8).
    pub array_length: u32,
    /// Offset of a vector's first element (16).
    pub vector_data: u32,
    /// Offset of a string's i32 length (8).
    pub string_length: u32,
    /// Offset of a string's first char (12).
    pub string_data: u32,
}

/// A write barrier that logs lines (bytes in a table): when a reference is stored in `slot`, with
/// no safepoint between, if the slot is in the heap and `byte[table + (slot >> shift)] == unlogged`,
/// that byte becomes `logged` and `byte[block_table + (slot >> block_shift)]` becomes 1. Sums wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteBarrier {
    /// Where the byte of line 0 of the address space would be.
    pub table: usize,
    /// Address of the heap, a multiple of a block.
    pub heap_start: usize,
    /// Bytes of the heap.
    pub heap_len: usize,
    /// Logarithm of a line's bytes.
    pub shift: u8,
    /// The value that is tested for.
    pub unlogged: u8,
    /// The value that replaces it.
    pub logged: u8,
    /// Where the byte of block 0 of the address space would be.
    pub block_table: usize,
    /// Logarithm of a block's bytes.
    pub block_shift: u8,
}

/// The process-specific numbers of a [`WriteBarrier`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BarrierConstant {
    /// [`WriteBarrier::table`].
    Table,
    /// [`WriteBarrier::heap_start`].
    HeapStart,
    /// [`WriteBarrier::heap_len`].
    HeapLen,
    /// [`WriteBarrier::block_table`].
    BlockTable,
}

impl WriteBarrier {
    /// The value of [`Symbol::Barrier`].
    #[must_use]
    pub fn constant(&self, which: BarrierConstant) -> usize {
        match which {
            BarrierConstant::Table => self.table,
            BarrierConstant::HeapStart => self.heap_start,
            BarrierConstant::HeapLen => self.heap_len,
            BarrierConstant::BlockTable => self.block_table,
        }
    }
}

/// A token that could not be resolved; becomes a managed exception when reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolveError(pub DeferredError);

/// Result of a host query.
pub type HostResult<T> = Result<T, ResolveError>;

/// An IL body as the host gives it.
#[derive(Clone, Copy, Debug)]
pub struct IlBody<'a> {
    /// IL bytes.
    pub code: &'a [u8],
    /// Declared maximum stack depth.
    pub max_stack: u16,
    /// Whether locals start as zero.
    pub init_locals: bool,
    /// StandAloneSig token of the locals, or nil.
    pub local_sig: Token,
    /// Exception clauses in metadata order (inner before outer).
    pub clauses: &'a [ferrocil_metadata::EhClause],
}

/// Lock object of a `synchronized` method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncObject {
    /// `this`.
    This,
    /// The `System.Type` object of a type.
    Type(TypeHandle),
}

/// A method to compile.
#[derive(Clone, Debug)]
pub struct MethodInput<'a> {
    /// Its handle, passed back with every token.
    pub method: MethodHandle,
    /// Name for messages, dumps and perf maps.
    pub name: &'a str,
    /// Its signature.
    pub sig: CallSig,
    /// Its body.
    pub body: IlBody<'a>,
    /// Lock to hold around the body.
    pub synchronized: Option<SyncObject>,
}

/// What the compiler asks. All answers are about closed types.
///
/// The host may load types and create handles while it answers; it never runs
/// managed code.
pub trait CompilerHost {
    /// Fixed facts.
    fn abi(&self) -> AbiConfig;

    /// Layout of values of a type. Errors when the type cannot be loaded.
    fn layout(&self, ty: TypeHandle) -> HostResult<TypeLayout>;
    /// Boxing behaviour of a type.
    fn box_kind(&self, ty: TypeHandle) -> HostResult<BoxKind>;
    /// Cast strategy to a type.
    fn cast_strategy(&self, ty: TypeHandle) -> HostResult<CastStrategy>;
    /// Offset of a type's vtable from the vtable base, as it stands in object headers, or a number
    /// that stands for it in [`Symbol::VTableOffset`]; 0 for none.
    fn vtable_offset(&self, ty: TypeHandle) -> HostResult<u32>;
    /// The vector class with this element type.
    fn vector_of(&self, elem: TypeHandle) -> HostResult<TypeHandle>;
    /// Element type and rank of an array class (rank 1 with `is_vector` for vectors).
    fn array_shape(&self, array: TypeHandle) -> HostResult<ArrayInfo>;
    /// `System.Object`, `System.Type`, and other fixed types.
    fn well_known(&self, which: WellKnownType) -> TypeHandle;

    /// Resolves a TypeDef/TypeRef/TypeSpec token in the context of a method.
    fn resolve_type(&self, method: MethodHandle, token: Token) -> HostResult<TypeHandle>;
    /// Resolves a FieldDef/MemberRef token. `static_access`: whether the instruction is `ldsfld`, `stsfld` or `ldsflda`.
    fn resolve_field(
        &self,
        method: MethodHandle,
        token: Token,
        static_access: bool,
    ) -> HostResult<FieldRef>;
    /// Resolves a MethodDef/MemberRef/MethodSpec token for an instruction.
    fn resolve_call(
        &self,
        method: MethodHandle,
        token: Token,
        kind: CallKind,
        constrained: Option<TypeHandle>,
    ) -> HostResult<CallSite>;
    /// When a call's token names a method with a variable argument list, the types of the
    /// arguments behind the declared ones. Such a method's [`CallSig`] ends with a hidden
    /// [`WellKnownType::RuntimeArgumentHandle`].
    fn variable_args(
        &self,
        method: MethodHandle,
        token: Token,
    ) -> HostResult<Option<Vec<TypeHandle>>> {
        let _ = (method, token);
        Ok(None)
    }
    /// Resolves a StandAloneSig token of `calli`.
    fn resolve_calli(&self, method: MethodHandle, token: Token) -> HostResult<CalliSig>;
    /// Resolves a user string token.
    fn resolve_string(&self, method: MethodHandle, token: Token) -> HostResult<StringHandle>;
    /// Whether the string exists already; otherwise [`Helper::MakeLiteral`] makes it where it is used.
    fn is_made(&self, _string: StringHandle) -> bool {
        true
    }
    /// Resolves the operand of `ldtoken`.
    fn resolve_token(&self, method: MethodHandle, token: Token) -> HostResult<LdToken>;
    /// Types of the locals.
    fn local_types(&self, method: MethodHandle, local_sig: Token) -> HostResult<Vec<LocalType>>;
    /// Bytes of an instance of a class (header included), when compiled code may allocate it from the
    /// thread's buffer: a fixed size, no finalizer, small. `None`: always [`Helper::AllocObject`].
    fn inline_alloc(&self, _class: TypeHandle) -> Option<u32> {
        None
    }
    /// Largest vector of this class, in bytes, that compiled code may allocate from the
    /// thread's buffer.
    fn inline_vector(&self, _array: TypeHandle) -> Option<u32> {
        None
    }
    /// The write barrier of the heap, if it has one.
    fn barrier(&self) -> Option<WriteBarrier> {
        None
    }
    /// IL of a method that callers may expand in place: not synchronized, not marked
    /// `NoInlining`, and calling it would not run a class initialiser. The compiler decides
    /// by size and content. Tokens are resolved in the context of `method`.
    fn inline_body(&self, _method: MethodHandle) -> Option<IlBody<'_>> {
        None
    }
    /// Whether `this` lives as long as the method runs, also when the method has no more use for
    /// it: it is an object whose finalizer could pull the ground from under the method.
    fn keeps_this(&self, _method: MethodHandle) -> bool {
        false
    }
    /// Whether what a symbol stands for differs between the instances that share the code that is
    /// compiled: it is then taken from the generic context, at its position in
    /// [`CompiledMethod::lookups`](crate::CompiledMethod::lookups). A method is compiled as shared
    /// code when its own [`Symbol::MethodEntry`] is generic.
    fn is_generic(&self, _symbol: Symbol) -> bool {
        false
    }
    /// The class of the exception of a kind.
    fn thrown_class(&self, _kind: ThrowKind) -> Option<TypeHandle> {
        None
    }
    /// Whether an instance of exactly this class is caught by a clause that names a type; `None`
    /// when that is not known before it runs.
    fn catches(&self, _class: TypeHandle, _clause: TypeHandle) -> Option<bool> {
        None
    }
    /// The method that runs when a virtual or interface method is called on an instance of exactly
    /// this class; `None` when that is not known, or the method takes no reference as `this`.
    fn exact_callee(&self, _class: TypeHandle, _method: MethodHandle) -> Option<MethodHandle> {
        None
    }
    /// Whether an instance of exactly this class can be cast to a type; `None` when that is not
    /// known before it runs.
    fn exact_cast(&self, _class: TypeHandle, _to: TypeHandle) -> Option<bool> {
        None
    }
    /// Whether [`Helper::PollPreserved`] exists.
    fn preserved_poll(&self) -> bool {
        false
    }
    /// Whether a type is a vector class, by a look that keeps no error.
    fn is_vector(&self, ty: TypeHandle) -> bool {
        self.array_shape(ty).is_ok_and(|info| info.is_vector)
    }
    /// The scalars that values of a struct consist of, by byte offset, structs inside taken
    /// apart. `None` when they overlap, do not cover the value but for padding, or are more
    /// than `most`.
    fn struct_fields(&self, _ty: TypeHandle, _most: usize) -> Option<Vec<(u32, Repr)>> {
        None
    }
    /// Type behind a managed pointer type (`T` of `ref T`), for intrinsics on `ref T`. `None`
    /// when the host does not say: such an intrinsic is called as a method.
    fn pointee(&self, _by_ref: TypeHandle) -> Option<TypeHandle> {
        None
    }
    /// Representation of values of the type that declares a field, when that is a scalar value
    /// type (`IntPtr`, `Int32` …), so that `ldfld` on such a value is told from `ldfld` through
    /// a pointer. `None` for structs and classes.
    fn scalar_owner(&self, _field: FieldHandle) -> Option<Repr> {
        None
    }
    /// Keeps an error found by the compiler itself (bad IL: InvalidProgramException with this message).
    fn invalid_program(&self, method: MethodHandle, il_offset: u32, message: &str) -> ResolveError;
}

/// Type of a local variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalType {
    /// The type.
    pub ty: TypeHandle,
    /// What it refers to lives as long as the variable holds it, used or not (ECMA-335 II.23.2.9).
    pub pinned: bool,
}

/// Shape of an array class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArrayInfo {
    /// Element type.
    pub elem: TypeHandle,
    /// Number of dimensions.
    pub rank: u32,
    /// Whether it is a vector (one dimension, lower bound 0, its own layout).
    pub is_vector: bool,
}

/// Types the compiler needs by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WellKnownType {
    /// System.Object
    Object,
    /// System.String
    String,
    /// System.Void
    Void,
    /// System.Int32
    Int32,
    /// System.IntPtr
    IntPtr,
    /// System.RuntimeTypeHandle
    RuntimeTypeHandle,
    /// System.RuntimeMethodHandle
    RuntimeMethodHandle,
    /// System.RuntimeFieldHandle
    RuntimeFieldHandle,
    /// System.TypedReference
    TypedReference,
    /// System.RuntimeArgumentHandle
    RuntimeArgumentHandle,
}

/// Signature of a `calli`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CalliSig {
    /// The call's signature. Of a native call: the signature of [`CalliSig::native`].
    pub sig: CallSig,
    /// For a native convention: the method that makes such calls. It takes the arguments and
    /// then the address.
    pub native: Option<MethodHandle>,
}
