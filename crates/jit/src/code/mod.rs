//! The product of a compilation: position-independent bytes, relocations and tables.

mod assemble;
mod check;
mod handles;
mod listing;

pub(crate) use assemble::{Assembler, Source};
pub use handles::HandleMap;

use crate::host::{DeferredError, MethodHandle, Symbol, ThrowKind, TypeHandle};

/// How a relocation is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RelocKind {
    /// 4 bytes, little endian: `symbol + addend - place`, where `place` is the address of the 4 bytes.
    Rel4,
    /// 8 bytes, little endian: `symbol + addend`.
    Abs8,
}

/// A place in the code that needs an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reloc {
    /// Byte offset in [`CompiledMethod::code`].
    pub offset: u32,
    /// How to write it.
    pub kind: RelocKind,
    /// What it names. [`Symbol::Funclet`] is the start of `functions[index]` of the same method.
    pub symbol: Symbol,
    /// Added to the symbol's address.
    pub addend: i64,
}

/// One function inside the code: the body or a filter funclet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Function {
    /// Byte offset of its first instruction.
    pub start: u32,
    /// Bytes.
    pub len: u32,
}

/// What a clause does when it is selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EhClauseKind {
    /// Catches exceptions of this type.
    Catch(TypeHandle),
    /// Catches everything (stubs, filter funclets).
    CatchAll,
    /// Catches when the funclet answers 1.
    ///
    /// The funclet is `extern "C" fn(thread, context, exception) -> i32` with r15 = thread.
    /// `context` is the 8-byte word at [`CallSiteOut::context_offset`] from SP at the call
    /// site whose region names this clause. It catches its own exceptions (answer 0).
    Filter {
        /// Index in [`CompiledMethod::functions`].
        funclet: u32,
    },
    /// Runs in the second pass, then resumes by `Helper::ResumeUnwind`.
    Finally,
    /// Like `Finally`; only entered by exceptions.
    Fault,
}

/// One exception clause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EhClauseOut {
    /// What it does.
    pub kind: EhClauseKind,
    /// First IL offset of the try block.
    pub try_start: u32,
    /// End (exclusive) of the try block.
    pub try_end: u32,
    /// First IL offset of the handler.
    pub handler_start: u32,
    /// End (exclusive) of the handler.
    pub handler_end: u32,
}

/// The clauses that protect a call site.
///
/// To enter clause `clauses[i]` the unwinder restores SP and FP of the frame, puts the
/// exception reference in rax and **`i` (the position in this list)** in rdx, and jumps to
/// the call site's landing pad.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Region {
    /// Indices in [`CompiledMethod::clauses`], innermost first: the search order.
    pub clauses: Vec<u32>,
}

/// A return address in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CallSiteOut {
    /// Byte offset of the return address.
    pub ret_offset: u32,
    /// Protecting region, if any.
    pub region: Option<u32>,
    /// Byte offset of the landing pad; present exactly when `region` is.
    pub landing_pad: Option<u32>,
    /// Offset from SP of the word that holds the filter context, when the region has filters.
    pub context_offset: Option<u32>,
    /// What of the frame's root area is live during the call.
    pub live: LiveWords,
}

/// What of a frame's root area is live at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LiveWords {
    /// Nothing.
    None,
    /// The bit set at this index of [`CompiledMethod::live_sets`]: one bit per word of the area,
    /// in as many 64-bit words as the area needs.
    Set(u32),
    /// Unknown: any register and any word of the frame may hold a reference. Calls of
    /// [`Helper::PollPreserved`](crate::host::Helper::PollPreserved) only, so the frame is
    /// the last one.
    Anything,
}

/// Where the frame of a function holds references. What it names is an object, a place
/// inside one, or no object at all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FrameRoots {
    /// FP (rbp) minus SP at each call.
    pub frame_size: u32,
    /// Bytes at SP that may hold arguments of a call.
    pub outgoing: u32,
    /// The root area: offset from SP, and words. Call sites say which words are live.
    pub area: (u32, u32),
    /// Memory that holds references at every call: offset from SP, and words.
    pub always: Vec<(u32, u32)>,
}

/// A call that was expanded in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InlinedCall {
    /// The method that was expanded.
    pub method: MethodHandle,
    /// Position of the call in its caller.
    pub call: IlPosition,
}

/// An IL offset in the compiled method, or in a method that was expanded in place: then the index
/// of the call in [`CompiledMethod::inlined`] and the offset in the callee, which is small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IlPosition(u32);

impl IlPosition {
    const INLINED: u32 = 1 << 31;
    /// Bytes of IL of a method that can be expanded.
    pub(crate) const MAX_INLINED: u32 = 1 << 8;
    /// Calls that can be expanded in one method.
    pub(crate) const MAX_CALLS: u32 = 1 << 23;

    /// In the compiled method itself.
    #[must_use]
    pub fn own(offset: u32) -> IlPosition {
        IlPosition(offset & !IlPosition::INLINED)
    }

    /// In a method that was expanded.
    pub(crate) fn inlined(call: u32, offset: u32) -> IlPosition {
        debug_assert!(call < IlPosition::MAX_CALLS && offset < IlPosition::MAX_INLINED);
        IlPosition(IlPosition::INLINED | call << 8 | offset)
    }

    /// Offset in the method that the position is in.
    #[must_use]
    pub fn offset(self) -> u32 {
        match self.call() {
            Some(_) => self.0 & (IlPosition::MAX_INLINED - 1),
            None => self.0,
        }
    }

    /// The expanded call that the position is in.
    #[must_use]
    pub fn call(self) -> Option<u32> {
        (self.0 & IlPosition::INLINED != 0).then_some((self.0 & !IlPosition::INLINED) >> 8)
    }

    /// The position when `calls` expanded calls come before those of its function.
    pub(crate) fn after(self, calls: u32) -> IlPosition {
        match self.call() {
            Some(call) => IlPosition::inlined(call + calls, self.offset()),
            None => self,
        }
    }

    /// The offset in the compiled method that the position belongs to.
    #[must_use]
    pub fn outermost(self, inlined: &[InlinedCall]) -> u32 {
        let mut at = self;
        while let Some(call) = at.call().and_then(|c| inlined.get(c as usize)) {
            at = call.call;
        }
        at.offset()
    }
}

/// Measurements of one compilation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stats {
    /// IL bytes.
    pub il_bytes: u32,
    /// hir instructions after the passes.
    pub hir_insts: u32,
    /// hir blocks.
    pub hir_blocks: u32,
    /// Bytes of explicit frame slots.
    pub slot_bytes: u32,
}

/// Text of the stages, made on request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dumps {
    /// Each step that changed the hir, with the hir after it: import first, then the passes.
    pub stages: Vec<(String, String)>,
    /// hir of the body and its funclets, after all passes.
    pub hir: String,
    /// Cranelift IR before its optimisations.
    pub clif: String,
    /// Machine code, as Cranelift prints it.
    pub vcode: String,
}

/// Compiled code of a method or a stub.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompiledMethod {
    /// Machine code, without addresses.
    pub code: Vec<u8>,
    /// Needed alignment of the first byte, a power of two.
    pub align: u32,
    /// The body first, then filter funclets.
    pub functions: Vec<Function>,
    /// Frames of the functions, in the same order.
    pub frames: Vec<FrameRoots>,
    /// Sets of live words, named by call sites.
    pub live_sets: Vec<u64>,
    /// Places to patch.
    pub relocs: Vec<Reloc>,
    /// Protected regions, named by call sites.
    pub regions: Vec<Region>,
    /// Exception clauses.
    pub clauses: Vec<EhClauseOut>,
    /// Every return address, sorted by offset.
    pub call_sites: Vec<CallSiteOut>,
    /// Instructions that may trap (SIGSEGV, SIGILL, SIGFPE) and what to raise, sorted by
    /// offset. A trapping instruction is never inside a protected region.
    pub traps: Vec<(u32, ThrowKind)>,
    /// `(code offset, IL position)`: start of each run of code, sorted by code offset.
    pub il_map: Vec<(u32, IlPosition)>,
    /// Calls that were expanded in place, callers first.
    pub inlined: Vec<InlinedCall>,
    /// What shared code takes from its generic context: word `i + 1` of the context is the address
    /// that `lookups[i]` stands for in the instance. Word 0 is the host's own.
    pub lookups: Vec<Symbol>,
    /// Shared code with look-ups: where in the frame of the body the context is kept, as an offset
    /// from FP, valid at every call site and trap.
    pub context_offset: Option<i32>,
    /// Set when the IL was invalid: the body throws this error.
    pub invalid: Option<DeferredError>,
    /// Measurements.
    pub stats: Stats,
    /// Texts, when asked for.
    pub dumps: Option<Dumps>,
}

impl CompiledMethod {
    /// The call site of a return address (byte offset), if there is one.
    #[must_use]
    pub fn call_site(&self, ret_offset: u32) -> Option<&CallSiteOut> {
        let i = self
            .call_sites
            .binary_search_by_key(&ret_offset, |c| c.ret_offset)
            .ok()?;
        self.call_sites.get(i)
    }

    /// The frame of the function that contains a byte offset.
    #[must_use]
    pub fn frame_at(&self, offset: u32) -> Option<&FrameRoots> {
        let i = self.functions.partition_point(|f| f.start <= offset);
        self.frames.get(i.checked_sub(1)?)
    }

    /// The live words of a frame's root area at one of its call sites, by number.
    pub fn live_words(&self, frame: &FrameRoots, site: &CallSiteOut) -> impl Iterator<Item = u32> {
        let (first, count) = match site.live {
            LiveWords::Set(first) => (first as usize, frame.area.1.div_ceil(64) as usize),
            LiveWords::None | LiveWords::Anything => (0, 0),
        };
        let sets = self.live_sets.iter().skip(first).take(count);
        sets.enumerate().flat_map(|(i, &set)| {
            let bits = std::iter::successors(Some(set), |s| Some(s & s.wrapping_sub(1)));
            bits.take_while(|s| *s != 0)
                .map(move |s| i as u32 * 64 + s.trailing_zeros())
        })
    }

    /// What to raise for a trap at this byte offset.
    #[must_use]
    pub fn trap_at(&self, offset: u32) -> Option<ThrowKind> {
        let i = self.traps.binary_search_by_key(&offset, |t| t.0).ok()?;
        self.traps.get(i).map(|t| t.1)
    }

    /// IL offset, in the compiled method, of the code at this byte offset (for a return address,
    /// pass the offset minus one).
    #[must_use]
    pub fn il_offset(&self, offset: u32) -> Option<u32> {
        Some(self.il_position(offset)?.outermost(&self.inlined))
    }

    fn il_position(&self, offset: u32) -> Option<IlPosition> {
        let i = self.il_map.partition_point(|e| e.0 <= offset);
        self.il_map.get(i.checked_sub(1)?).map(|e| e.1)
    }

    /// The methods expanded in place that the code at a byte offset belongs to, innermost first,
    /// each with the IL offset in it.
    pub fn inlined_at(&self, offset: u32) -> impl Iterator<Item = (MethodHandle, u32)> + '_ {
        let mut at = self.il_position(offset);
        std::iter::from_fn(move || {
            let position = at?;
            let call = self.inlined.get(position.call()? as usize)?;
            at = Some(call.call);
            Some((call.method, position.offset()))
        })
    }
}
