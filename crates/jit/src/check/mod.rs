//! The checker of the compiler's output.
//!
//! With [`CompilerOptions::check`](crate::CompilerOptions::check) a compilation keeps what its
//! tables must follow from: the hir after all passes, the Cranelift function before Cranelift
//! changes it, and what Cranelift said of the machine code (a [`Witness`]). The checker computes
//! liveness, protected ranges and barriers again, by other means than the compiler (plain data
//! flow instead of walks from uses; IL ranges instead of regions of blocks), and compares.

mod barriers;
mod calls;
mod flow;
mod liveness;
mod regions;
mod relocs;
mod roots;
mod witness;

pub use witness::Witness;
pub(crate) use witness::{Evidence, Machine};

use std::fmt;

use crate::hir::Value;
use crate::host::{Symbol, ThrowKind};

/// What the checker objects to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Function: the body is 0.
    pub function: usize,
    /// Where: a byte offset in the code of the method.
    pub at: u32,
    /// What.
    pub fault: Fault,
}

/// A way in which tables or code do not follow from the hir.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// An offset, index or order is wrong.
    #[error("a table does not fit its code")]
    Inconsistent,
    /// Cranelift made a call that the table does not have.
    #[error("a call without an entry in the table of call sites")]
    MissingCallSite,
    /// No call returns there.
    #[error("a call site where no call returns")]
    NoCall,
    /// The node that a call site is said to belong to makes no such call.
    #[error("a call of {callee:?} that its node, number {node}, does not make")]
    StrangeCall {
        /// Callee; `None` for an indirect call.
        callee: Option<Symbol>,
        /// Position of the node.
        node: u32,
    },
    /// A call that may collect belongs to no node, so nothing is known to be live.
    #[error("a call that may collect belongs to no instruction")]
    NoNode,
    /// A reference that is used later is in no claimed word.
    #[error("{value} is live but not in the root map")]
    Unmapped {
        /// The reference.
        value: Value,
    },
    /// A claimed word may hold anything.
    #[error("word {word} of the root area is claimed but not stored on every path")]
    NotStored {
        /// The word.
        word: u32,
    },
    /// Only [`Helper::PollPreserved`](crate::host::Helper::PollPreserved) keeps all registers.
    #[error("a call that does not keep all registers claims that anything may be live")]
    NotPreserved,
    /// The frame table names other memory than the frame has.
    #[error("the root area or a root slot is not where the frame has it")]
    FrameMoved,
    /// Frame memory that holds references is not scanned.
    #[error("frame slot {slot} holds references but is not scanned")]
    SlotNotScanned {
        /// The slot.
        slot: crate::hir::Slot,
    },
    /// Frame memory that is scanned may hold anything at a call.
    #[error("scanned frame memory at SP+{offset} is not written before a call")]
    SlotNotWritten {
        /// Byte offset from SP.
        offset: u32,
    },
    /// `this` is not in scanned frame memory of its own, though it must live as long as the method.
    #[error("this is not kept alive")]
    ThisNotKept,
    /// The clauses of a call site are not those whose try blocks hold its IL offset.
    #[error("IL_{il:04x} is protected by clauses {expected:?}, the call site says {found:?}")]
    WrongClauses {
        /// IL offset of the call.
        il: u32,
        /// By the IL.
        expected: Vec<u32>,
        /// By the table.
        found: Vec<u32>,
    },
    /// A call that never unwinds has a region.
    #[error("a call that cannot throw has a region")]
    NeedlessRegion,
    /// The landing pad is not the one that Cranelift made.
    #[error("the landing pad or filter context of a call site is wrong")]
    WrongLandingPad,
    /// A landing pad goes to another handler than the clause at that position.
    #[error("the landing pad does not go to the handler of clause {clause}")]
    WrongHandler {
        /// The clause.
        clause: u32,
    },
    /// A clause is not as the IL says.
    #[error("clause {clause} is not the one of the IL")]
    WrongClause {
        /// The clause.
        clause: u32,
    },
    /// A trap has no exception edge.
    #[error("an instruction that traps ({kind:?}) in a protected region, at IL_{il:04x}")]
    TrapInRegion {
        /// What it raises.
        kind: ThrowKind,
        /// IL offset.
        il: u32,
    },
    /// A trap is missing in the table, or too many.
    #[error("the table of traps is not the one of the code")]
    WrongTraps,
    /// A helper that may throw, without a look at the pending exception.
    #[error("an exception of {callee:?} is not looked at")]
    PendingIgnored {
        /// The helper.
        callee: Symbol,
    },
    /// A relocation is not the one of the code, or does not fit the instruction around it.
    #[error("a wrong relocation: {symbol:?}")]
    WrongReloc {
        /// What it names.
        symbol: Symbol,
    },
    /// A symbol of one instance in code that several run.
    #[error("shared code names {symbol:?}, which is another in each instance")]
    GenericSymbol {
        /// The symbol.
        symbol: Symbol,
    },
    /// A reference is stored in the heap and the collector does not hear of it.
    #[error("node {node} stores a reference without its write barrier")]
    NoBarrier {
        /// Position of the node.
        node: u32,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "function {} at {:#x}: {}",
            self.function, self.at, self.fault
        )
    }
}
