//! The typed SSA form between IL and Cranelift.
//!
//! Scalars are SSA values; values of structs are frame memory, named by address. Checks,
//! barriers, class initialisation, virtual calls and safepoints are instructions.

mod builder;
mod display;
mod func;
mod inst;
mod types;

pub use builder::{Builder, Var};
pub use func::{
    Block, BlockData, Clause, ClauseKind, Contents, Func, FuncKind, Handler, MethodEh, Node,
    RegionId, Slot, SlotData, Value, ValueData,
};
pub use inst::{
    Access, Binary, Call, Callee, Checked, Cond, Convert, Division, Edge, Inst, Rmw, Terminator,
    Unary,
};
pub use types::{Mem, Ty};
