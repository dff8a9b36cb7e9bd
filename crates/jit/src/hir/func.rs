//! A function in hir.

use cranelift_entity::{PrimaryMap, SecondaryMap, entity_impl};
use rustc_hash::FxHashMap;

use crate::clif::abi::AbiSig;
use crate::code::{IlPosition, InlinedCall};
use crate::hir::{Inst, Mem, Terminator, Ty};
use crate::host::TypeHandle;

/// An SSA value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(u32);
entity_impl!(Value, "v");

/// A basic block with parameters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(u32);
entity_impl!(Block, "b");

/// Memory in the frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u32);
entity_impl!(Slot, "s");

/// A set of clauses that protects blocks: index in the method's regions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(u32);
entity_impl!(RegionId, "region");

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub struct ValueData {
    /// Its type.
    pub ty: Ty,
    /// Its value, if it is an integer constant.
    pub constant: Option<i64>,
}

/// An instruction in a block.
#[derive(Clone, Debug)]
pub struct Node {
    /// Operation.
    pub inst: Inst,
    /// Result, if it has one.
    pub result: Option<Value>,
    /// IL it comes from.
    pub il: IlPosition,
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct BlockData {
    /// Parameters.
    pub params: Vec<Value>,
    /// Instructions in order.
    pub nodes: Vec<Node>,
    /// End.
    pub term: Terminator,
    /// IL of the end.
    pub term_il: IlPosition,
    /// Where exceptions raised in the block go.
    pub region: Option<RegionId>,
    /// Seldom executed.
    pub cold: bool,
}

/// Frame memory.
#[derive(Clone, Copy, Debug)]
pub struct SlotData {
    /// Bytes.
    pub size: u32,
    /// Alignment, a power of two.
    pub align: u32,
    /// Whether it may hold references: then the collector reads all of it at every call.
    pub roots: bool,
    /// Whether it is written as a whole before the first call.
    pub written: bool,
}

/// What frame memory holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Contents {
    /// Not known, or several things.
    #[default]
    Bytes,
    /// A scalar.
    Scalar(Mem),
    /// A struct.
    Struct(TypeHandle),
    /// One thing after another.
    Mixed,
}

/// Which function of a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FuncKind {
    /// The method itself.
    Body,
    /// The filter of a clause: (thread, context, exception) -> i32.
    Filter {
        /// The clause.
        clause: u32,
    },
}

/// How a clause is entered.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// The block takes the exception.
    Catch(Block),
    /// The block takes nothing.
    Finally(Block),
}

/// A function.
#[derive(Clone, Debug)]
pub struct Func {
    /// Which.
    pub kind: FuncKind,
    /// Calling convention of the body.
    pub sig: AbiSig,
    /// Values.
    pub values: PrimaryMap<Value, ValueData>,
    /// Blocks.
    pub blocks: PrimaryMap<Block, BlockData>,
    /// Order of the blocks; the first is the entry, whose parameters are the function's.
    pub layout: Vec<Block>,
    /// Frame memory.
    pub slots: PrimaryMap<Slot, SlotData>,
    /// What a slot holds, where it is one thing only.
    pub contents: SecondaryMap<Slot, Contents>,
    /// Scalars of the structs in slots and arguments that may be taken apart.
    pub fields: FxHashMap<TypeHandle, Option<Vec<(u32, Mem)>>>,
    /// Calls expanded in place, callers first.
    pub inlined: Vec<InlinedCall>,
    /// Frame memory shared with filters; its address is the exception context.
    pub shared: Option<Slot>,
    /// How each clause is entered in this function, by clause number.
    pub handlers: Vec<Option<Handler>>,
}

/// Facts about exception handling that the functions of one method share.
#[derive(Clone, Debug, Default)]
pub struct MethodEh {
    /// Clauses in search order.
    pub clauses: Vec<Clause>,
    /// Regions: lists of clauses, innermost first.
    pub regions: PrimaryMap<RegionId, Vec<u32>>,
}

/// An exception clause.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// What it does.
    pub kind: ClauseKind,
    /// Try range in IL.
    pub try_range: (u32, u32),
    /// Handler range in IL.
    pub handler_range: (u32, u32),
}

/// What a clause does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClauseKind {
    /// Catches a type.
    Catch(TypeHandle),
    /// Catches everything.
    CatchAll,
    /// Asks a filter, which starts at this IL offset.
    Filter(u32),
    /// Finally.
    Finally,
    /// Fault.
    Fault,
}

impl Func {
    /// An empty function.
    #[must_use]
    pub fn new(kind: FuncKind, sig: AbiSig, clauses: usize) -> Func {
        Func {
            kind,
            sig,
            values: PrimaryMap::new(),
            blocks: PrimaryMap::new(),
            layout: Vec::new(),
            slots: PrimaryMap::new(),
            contents: SecondaryMap::new(),
            fields: FxHashMap::default(),
            inlined: Vec::new(),
            shared: None,
            handlers: vec![None; clauses],
        }
    }

    /// A new value.
    pub fn value(&mut self, ty: Ty) -> Value {
        self.values.push(ValueData { ty, constant: None })
    }

    /// A new block, not yet in the layout.
    pub fn block(&mut self, region: Option<RegionId>) -> Block {
        self.blocks.push(BlockData {
            params: Vec::new(),
            nodes: Vec::new(),
            term: Terminator::Unreachable,
            term_il: IlPosition::default(),
            region,
            cold: false,
        })
    }

    /// Number of instructions.
    #[must_use]
    pub fn inst_count(&self) -> usize {
        self.layout
            .iter()
            .map(|b| self.blocks[*b].nodes.len() + 1)
            .sum()
    }
}
