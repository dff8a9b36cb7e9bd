//! Instructions of hir. Each says what the CLI says; how it is done is up to the lowering.

use crate::clif::abi::AbiSig;
use crate::hir::{Block, Mem, Slot, Value};
use crate::host::{CastStrategy, Helper, MethodHandle, Symbol, TypeHandle};

/// A comparison. Floats: the unordered forms are true when an operand is NaN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cond {
    /// Equal (floats: ordered).
    Eq,
    /// Not equal (floats: or unordered).
    Ne,
    /// Signed less; ordered.
    Lt,
    /// Signed less or equal; ordered.
    Le,
    /// Signed greater; ordered.
    Gt,
    /// Signed greater or equal; ordered.
    Ge,
    /// Unsigned less; floats: less or unordered.
    LtUn,
    /// Unsigned less or equal; floats: or unordered.
    LeUn,
    /// Unsigned greater; floats: or unordered.
    GtUn,
    /// Unsigned greater or equal; floats: or unordered.
    GeUn,
}

/// One-operand operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    /// Two's complement or floating negation.
    Neg,
    /// Bitwise complement.
    Not,
    /// Square root.
    Sqrt,
    /// Absolute value of a float.
    FloatAbs,
    /// Round towards minus infinity.
    Floor,
    /// Round towards plus infinity.
    Ceil,
}

/// Two-operand operations that cannot throw. Shift counts are masked to the width.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient of floats.
    FloatDiv,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Left shift.
    Shl,
    /// Arithmetic right shift.
    Shr,
    /// Logical right shift.
    ShrUn,
}

/// Integer operations that throw OverflowException.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Checked {
    /// `add.ovf`
    Add,
    /// `add.ovf.un`
    AddUn,
    /// `sub.ovf`
    Sub,
    /// `sub.ovf.un`
    SubUn,
    /// `mul.ovf`
    Mul,
    /// `mul.ovf.un`
    MulUn,
}

/// Integer division; throws DivideByZeroException, and OverflowException for MIN / -1 and MIN % -1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Division {
    /// `div`
    Div,
    /// `div.un`
    DivUn,
    /// `rem`
    Rem,
    /// `rem.un`
    RemUn,
}

/// Conversions that cannot throw.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Convert {
    /// To an integer of this storage, from any type: integers wrap; floats truncate as x86-64 does
    /// (out of range: the most negative value of the 32 or 64-bit conversion, then wrap).
    Int(Mem),
    /// To `u64`/`nuint`: from `i32` zero-extends, from floats [`Helper::FloatToU64`].
    UInt64,
    /// To binary32 or binary64, from a signed integer or a float.
    Float(Mem),
    /// To binary64, from an unsigned integer.
    FloatUn,
}

/// How a memory access may fail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// The address is known to be valid (frame slots, statics, checked elements).
    Safe,
    /// The base may be null: then NullReferenceException.
    MayBeNull,
}

/// Read-modify-write operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rmw {
    /// Adds; gives the old value.
    Add,
    /// Replaces; gives the old value.
    Exchange,
}

/// How a call reaches its callee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// The stable entry of a method.
    Direct(MethodHandle),
    /// Through the vtable of the first argument; null throws.
    Virtual {
        /// Byte offset in the vtable.
        offset: u32,
        /// Declared method.
        method: MethodHandle,
    },
    /// Through the interface table of the first argument; null throws.
    Interface {
        /// Interface method.
        method: MethodHandle,
        /// Index in the interface method table.
        slot: u32,
    },
    /// [`Helper::ResolveVirtual`] on the first argument; null throws.
    VirtualGeneric(MethodHandle),
    /// Code address in a field of the first argument; null throws.
    CodeField(u32),
    /// A code address.
    Indirect(Value),
}

/// A call of managed code.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who.
    pub callee: Callee,
    /// Calling convention.
    pub sig: AbiSig,
    /// Machine-level arguments in the order of [`AbiSig::param_types`].
    pub args: Vec<Value>,
}

/// An operation.
#[derive(Clone, Debug)]
pub enum Inst {
    /// Constant.
    I32(i32),
    /// Constant; also null references.
    I64(i64),
    /// Constant, as bits.
    F32(u32),
    /// Constant, as bits.
    F64(u64),
    /// One-operand operation.
    Unary(Unary, Value),
    /// Two-operand operation. The right operand of a shift is an `i32`.
    Binary(Binary, Value, Value),
    /// Overflow-checked operation.
    Checked(Checked, Value, Value),
    /// Integer division.
    Division(Division, Value, Value),
    /// Comparison; gives 0 or 1 as `i32`.
    Compare(Cond, Value, Value),
    /// Conversion.
    Convert(Convert, Value),
    /// Conversion to an integer; throws OverflowException. The flag: the operand is unsigned.
    ConvertChecked {
        /// Target storage.
        to: Mem,
        /// Whether the target is unsigned although its storage does not say so (`u4`, `u8`).
        to_unsigned: bool,
        /// Whether the operand is taken as unsigned.
        from_unsigned: bool,
        /// Operand.
        arg: Value,
    },
    /// Zero-extends an `i32` to `i64` (array indices and lengths).
    ZeroExtend(Value),
    /// `cond != 0 ? a : b`
    Select(Value, Value, Value),
    /// Reinterprets the bits of a scalar of the same size.
    Bitcast(Value),
    /// Throws ArithmeticException for NaN and infinities; gives the operand.
    CheckFinite(Value),
    /// Throws NullReferenceException for null.
    NullCheck(Value),
    /// Throws IndexOutOfRangeException unless `index < length`, both `i64`, unsigned.
    BoundsCheck {
        /// Index.
        index: Value,
        /// Length.
        length: Value,
    },
    /// Loads and widens.
    Load {
        /// Storage.
        mem: Mem,
        /// How it may fail.
        access: Access,
        /// Base.
        addr: Value,
        /// Byte offset from the base.
        offset: u32,
    },
    /// Loads an `i32` of an array or string that never changes and is not negative (a length),
    /// or may be (a lower bound).
    Length {
        /// How it may fail.
        access: Access,
        /// Array or string.
        object: Value,
        /// Byte offset.
        offset: u32,
        /// Whether it is a length.
        is_length: bool,
    },
    /// Narrows and stores. Not for references into the heap: [`Inst::StoreRef`].
    Store {
        /// Storage.
        mem: Mem,
        /// How it may fail.
        access: Access,
        /// Base.
        addr: Value,
        /// Byte offset from the base.
        offset: u32,
        /// Stored value.
        value: Value,
    },
    /// Stores a reference where the collector may need to know (the write barrier).
    StoreRef {
        /// How it may fail.
        access: Access,
        /// Base.
        addr: Value,
        /// Byte offset from the base.
        offset: u32,
        /// Stored reference.
        value: Value,
    },
    /// Stores a reference in a vector of references, with its checks: bounds, then type.
    StoreElement {
        /// Vector, not null.
        array: Value,
        /// Index, `i64`.
        index: Value,
        /// Stored reference.
        value: Value,
        /// Vtable offset of the vector class whose element type is the stored value's static
        /// type, for a quick test; 0 if it is not known.
        exact: u32,
    },
    /// Copies a value of a struct; addresses are valid, equal or disjoint.
    CopyStruct {
        /// Destination.
        dst: Value,
        /// Source.
        src: Value,
        /// Bytes.
        size: u32,
        /// Whether references go to memory that may be in the heap (barrier).
        barrier: bool,
    },
    /// Clears memory at a valid address.
    Clear {
        /// Destination.
        dst: Value,
        /// Bytes.
        size: u32,
    },
    /// Address of a frame slot.
    SlotAddr(Slot, u32),
    /// Address of a symbol.
    SymbolAddr(Symbol),
    /// A call.
    Call(Box<Call>),
    /// A call of a runtime helper that returns.
    Helper(Helper, Box<[Value]>),
    /// A zeroed instance of a class, from the thread's buffer.
    NewObject {
        /// Class.
        class: TypeHandle,
        /// Bytes.
        size: u32,
        /// Its vtable offset: the header.
        vtable_offset: u32,
    },
    /// A zeroed vector, from the thread's buffer when it is small.
    NewVector {
        /// Class.
        array: TypeHandle,
        /// Bytes of an element.
        elem_size: u32,
        /// Largest vector from the buffer, in bytes.
        max_bytes: u32,
        /// Its vtable offset.
        vtable_offset: u32,
        /// Length, `i64`.
        length: Value,
    },
    /// Runs the class initialiser if it has not run.
    ClassInit(TypeHandle),
    /// Safepoint.
    Poll,
    /// Nothing but a use: the object is alive up to here.
    KeepAlive(Value),
    /// Whether the (non-null) object has exactly this vtable offset in its header.
    IsExact {
        /// Object.
        object: Value,
        /// Vtable offset.
        vtable_offset: u32,
    },
    /// `isinst`: the object or null.
    IsInst {
        /// Object or null.
        object: Value,
        /// Target.
        ty: TypeHandle,
        /// How to test.
        strategy: CastStrategy,
        /// Vtable offset of the target; 0 when it has none.
        vtable_offset: u32,
    },
    /// `castclass`: the object, or InvalidCastException.
    CastClass {
        /// Object or null.
        object: Value,
        /// Target.
        ty: TypeHandle,
        /// How to test.
        strategy: CastStrategy,
        /// Vtable offset of the target; 0 when it has none.
        vtable_offset: u32,
    },
    /// Address of the payload of a boxed value of this type; throws for null and other types.
    Unbox {
        /// Object.
        object: Value,
        /// Value type.
        ty: TypeHandle,
        /// Its vtable offset.
        vtable_offset: u32,
    },
    /// Code address of the method that a call would reach (`ldftn`, `ldvirtftn`).
    CodeAddress {
        /// Direct or through the object.
        callee: Callee,
        /// Object for virtual look-ups.
        object: Option<Value>,
    },
    /// Sequentially consistent load.
    AtomicLoad(Mem, Value),
    /// Sequentially consistent store.
    AtomicStore(Mem, Value, Value),
    /// Atomic update; gives the old value.
    AtomicRmw(Rmw, Mem, Value, Value),
    /// Atomic compare and swap of (address, expected, new); gives the old value.
    AtomicCas(Mem, Value, Value, Value),
    /// Full fence.
    Fence,
}

/// A control-flow edge and the values for the parameters of its target.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Target.
    pub block: Block,
    /// One value per parameter.
    pub args: Vec<Value>,
}

/// How a block ends.
#[derive(Clone, Debug, Default)]
pub enum Terminator {
    /// Not built yet, or never reached.
    #[default]
    Unreachable,
    /// Always.
    Jump(Edge),
    /// If the value is not zero.
    Branch(Value, Edge, Edge),
    /// If the comparison holds.
    BranchCompare(Cond, Value, Value, Edge, Edge),
    /// By an `i32`, unsigned; the last edge is the default.
    Switch(Value, Vec<Edge>, Edge),
    /// Return.
    Return(Option<Value>),
    /// A helper that never returns.
    Raise(Helper, Vec<Value>),
    /// Call and return its result, in this frame's place.
    TailCall(Box<Call>),
}

/// The match behind `args` and `args_mut` of [`Inst`].
macro_rules! inst_operands {
    ($self:ident, $f:ident, $args:ident, $iter:ident) => {
        match $self {
            Inst::I32(_)
            | Inst::I64(_)
            | Inst::F32(_)
            | Inst::F64(_)
            | Inst::SlotAddr(..)
            | Inst::SymbolAddr(_)
            | Inst::NewObject { .. }
            | Inst::ClassInit(_)
            | Inst::Poll
            | Inst::Fence => {}
            Inst::Unary(_, a)
            | Inst::Convert(_, a)
            | Inst::ConvertChecked { arg: a, .. }
            | Inst::ZeroExtend(a)
            | Inst::Bitcast(a)
            | Inst::CheckFinite(a)
            | Inst::NullCheck(a)
            | Inst::KeepAlive(a)
            | Inst::Load { addr: a, .. }
            | Inst::Length { object: a, .. }
            | Inst::Clear { dst: a, .. }
            | Inst::IsExact { object: a, .. }
            | Inst::IsInst { object: a, .. }
            | Inst::CastClass { object: a, .. }
            | Inst::Unbox { object: a, .. }
            | Inst::NewVector { length: a, .. }
            | Inst::AtomicLoad(_, a) => $f(a),
            Inst::Binary(_, a, b)
            | Inst::Checked(_, a, b)
            | Inst::Division(_, a, b)
            | Inst::Compare(_, a, b)
            | Inst::BoundsCheck {
                index: a,
                length: b,
            }
            | Inst::Store {
                addr: a, value: b, ..
            }
            | Inst::StoreRef {
                addr: a, value: b, ..
            }
            | Inst::CopyStruct { dst: a, src: b, .. }
            | Inst::AtomicStore(_, a, b)
            | Inst::AtomicRmw(_, _, a, b) => {
                $f(a);
                $f(b);
            }
            Inst::Select(a, b, c)
            | Inst::AtomicCas(_, a, b, c)
            | Inst::StoreElement {
                array: a,
                index: b,
                value: c,
                ..
            } => {
                $f(a);
                $f(b);
                $f(c);
            }
            Inst::Call(call) => call.$args($f),
            Inst::Helper(_, args) => args.$iter().for_each($f),
            Inst::CodeAddress { object, .. } => object.$iter().for_each($f),
        }
    };
}

/// The match behind `edges` and `edges_mut`.
macro_rules! edges {
    ($self:ident, $f:ident, $iter:ident) => {
        match $self {
            Terminator::Jump(edge) => $f(edge),
            Terminator::Branch(_, a, b) | Terminator::BranchCompare(_, _, _, a, b) => {
                $f(a);
                $f(b);
            }
            Terminator::Switch(_, edges, default) => {
                edges.$iter().for_each(&mut $f);
                $f(default);
            }
            Terminator::Unreachable
            | Terminator::Return(_)
            | Terminator::Raise(..)
            | Terminator::TailCall(_) => {}
        }
    };
}

/// The match behind `args` and `args_mut` of [`Terminator`].
macro_rules! terminator_operands {
    ($self:ident, $f:ident, $args:ident, $iter:ident) => {
        match $self {
            Terminator::Branch(value, ..)
            | Terminator::Switch(value, ..)
            | Terminator::Return(Some(value)) => $f(value),
            Terminator::BranchCompare(_, a, b, ..) => {
                $f(a);
                $f(b);
            }
            Terminator::Raise(_, args) => args.$iter().for_each($f),
            Terminator::TailCall(call) => call.$args($f),
            Terminator::Unreachable | Terminator::Jump(_) | Terminator::Return(None) => {}
        }
    };
}

impl Inst {
    /// A store of a scalar to memory that may be in the heap.
    #[must_use]
    pub fn store_to_heap(mem: Mem, access: Access, addr: Value, offset: u32, value: Value) -> Inst {
        if mem == Mem::Ref {
            Inst::StoreRef {
                access,
                addr,
                offset,
                value,
            }
        } else {
            Inst::Store {
                mem,
                access,
                addr,
                offset,
                value,
            }
        }
    }

    /// Calls `f` on each operand.
    pub fn args_mut(&mut self, mut f: impl FnMut(&mut Value)) {
        inst_operands!(self, f, args_mut, iter_mut)
    }

    /// Calls `f` on each operand.
    pub fn args(&self, mut f: impl FnMut(Value)) {
        let mut f = |value: &Value| f(*value);
        inst_operands!(self, f, args_by_ref, iter)
    }

    /// Whether the code of the instruction may call something that collects.
    #[must_use]
    pub fn may_collect(&self) -> bool {
        match self {
            Inst::Call(_) => true,
            Inst::Helper(helper, _) => helper.may_collect(),
            Inst::NewObject { .. }
            | Inst::NewVector { .. }
            | Inst::ClassInit(_)
            | Inst::StoreElement { .. }
            | Inst::IsInst { .. }
            | Inst::CastClass { .. }
            | Inst::Unbox { .. } => true,
            Inst::CodeAddress { object, .. } => object.is_some(),
            _ => false,
        }
    }

    /// Whether operands must stay alive while a call of the instruction runs: those of helpers,
    /// and of calls that look their callee up by a helper first. Other callees look after their
    /// arguments themselves.
    #[must_use]
    pub fn keeps_operands(&self) -> bool {
        match self {
            Inst::Call(call) => call.looks_up(),
            _ => true,
        }
    }

    /// Whether an unused result makes the instruction useless.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        match self {
            Inst::I32(_)
            | Inst::I64(_)
            | Inst::F32(_)
            | Inst::F64(_)
            | Inst::Unary(..)
            | Inst::Binary(..)
            | Inst::Compare(..)
            | Inst::Convert(..)
            | Inst::ZeroExtend(_)
            | Inst::Select(..)
            | Inst::Bitcast(_)
            | Inst::SlotAddr(..)
            | Inst::SymbolAddr(_)
            | Inst::IsExact { .. }
            | Inst::IsInst { .. } => true,
            Inst::Load { access, .. } | Inst::Length { access, .. } => *access == Access::Safe,
            Inst::CodeAddress { object, .. } => object.is_none(),
            _ => false,
        }
    }
}

impl Call {
    /// Calls `f` on each operand.
    pub fn args_mut(&mut self, mut f: impl FnMut(&mut Value)) {
        if let Callee::Indirect(code) = &mut self.callee {
            f(code);
        }
        self.args.iter_mut().for_each(f);
    }

    /// Calls `f` on each operand.
    fn args_by_ref(&self, mut f: impl FnMut(&Value)) {
        if let Callee::Indirect(code) = &self.callee {
            f(code);
        }
        self.args.iter().for_each(f);
    }

    /// Whether a helper finds the callee.
    #[must_use]
    pub fn looks_up(&self) -> bool {
        matches!(
            self.callee,
            Callee::Interface { .. } | Callee::VirtualGeneric(_)
        )
    }
}

impl Terminator {
    /// Calls `f` on each edge.
    pub fn edges_mut(&mut self, mut f: impl FnMut(&mut Edge)) {
        edges!(self, f, iter_mut)
    }

    /// Calls `f` on each edge.
    pub fn edges(&self, mut f: impl FnMut(&Edge)) {
        edges!(self, f, iter)
    }

    /// Calls `f` on each operand that is not an edge's.
    pub fn args_mut(&mut self, mut f: impl FnMut(&mut Value)) {
        terminator_operands!(self, f, args_mut, iter_mut)
    }

    /// Calls `f` on each operand that is not an edge's.
    pub fn args(&self, mut f: impl FnMut(Value)) {
        let mut f = |value: &Value| f(*value);
        terminator_operands!(self, f, args_by_ref, iter)
    }

    /// Whether its code may call something that collects before control leaves the frame.
    #[must_use]
    pub fn may_collect(&self) -> bool {
        match self {
            Terminator::TailCall(call) => call.looks_up(),
            _ => false,
        }
    }
}
