//! The evaluation stack.

use crate::compiler::Tier;
use crate::hir::{Access, Block, Contents, Convert, Edge, Inst, Mem, Slot, Ty, Value};
use crate::host::{Helper, Symbol, TypeHandle, TypeLayout};
use crate::il::Stop;

use super::{Importer, MAX_FRAME, Step};

/// Most scalars of a struct that is taken apart.
const MAX_FIELDS: usize = 8;
/// Largest temporary that may be taken apart, in bytes: it is not used for several values.
const MAX_SPLIT: u32 = 64;

/// A value on the evaluation stack.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// An SSA value.
    Scalar(Value),
    /// A struct in memory.
    Struct(StructItem),
}

/// A struct on the evaluation stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct StructItem {
    /// Where it is.
    pub(super) addr: Value,
    /// Bytes from there.
    pub(super) offset: u32,
    pub(super) ty: TypeHandle,
    pub(super) layout: TypeLayout,
    /// The temporary that holds it and nothing else, free after its only use.
    pub(super) temp: Option<Slot>,
    /// It is still in a variable or object that the next write may change.
    pub(super) lazy: bool,
}

/// An entry of the stack where control flow joins.
#[derive(Clone, Copy, Debug)]
pub(super) enum EntryItem {
    /// Parameter of the block.
    Scalar(Ty),
    /// Struct in a slot of the join.
    Struct(TypeHandle, TypeLayout, Slot),
}

impl Importer<'_, '_> {
    pub(super) fn push(&mut self, value: Value) {
        self.stack.push(Item::Scalar(value));
    }

    pub(super) fn pop(&mut self) -> Step<Item> {
        self.stack
            .pop()
            .ok_or(Stop::Invalid("the evaluation stack underflows"))
    }

    /// Pops a scalar.
    pub(super) fn pop_scalar(&mut self) -> Step<Value> {
        match self.pop()? {
            Item::Scalar(value) => Ok(value),
            Item::Struct(_) => Err(Stop::Invalid("a struct where a scalar is needed")),
        }
    }

    /// Pops an object reference.
    pub(super) fn pop_ref(&mut self) -> Step<Value> {
        let value = self.pop_scalar()?;
        if self.b.ty(value).is_word() {
            Ok(value)
        } else {
            Err(Stop::Invalid("no object reference where one is needed"))
        }
    }

    /// Pops an address.
    pub(super) fn pop_address(&mut self) -> Step<Value> {
        let value = self.pop_scalar()?;
        match self.b.ty(value) {
            Ty::I64 | Ty::ByRef | Ty::Ref => Ok(value),
            Ty::I32 => Ok(self.b.emit(Inst::Convert(Convert::UInt64, value), Ty::I64)),
            _ => Err(Stop::Invalid("no address where one is needed")),
        }
    }

    /// Pops a value of a type as it is passed or stored.
    pub(super) fn pop_as(&mut self, mem: Mem) -> Step<Value> {
        let value = self.pop_scalar()?;
        self.coerce(value, mem.ty())
    }

    /// Implicit conversions of ECMA-335 III.1.6, and those that unverifiable code relies on.
    pub(super) fn coerce(&mut self, value: Value, to: Ty) -> Step<Value> {
        let from = self.b.ty(value);
        Ok(match (from, to) {
            _ if from == to => value,
            (Ty::I64 | Ty::Ref | Ty::ByRef, Ty::I64 | Ty::Ref | Ty::ByRef) => value,
            (Ty::I32, Ty::I64 | Ty::ByRef) => self
                .b
                .emit(Inst::Convert(Convert::Int(Mem::I64), value), to),
            (Ty::I32, Ty::Ref) if self.b.constant(value) == Some(0) => self.b.zero(Ty::Ref),
            (Ty::I64 | Ty::ByRef, Ty::I32) => self
                .b
                .emit(Inst::Convert(Convert::Int(Mem::I32), value), Ty::I32),
            (Ty::F32, Ty::F64) => self
                .b
                .emit(Inst::Convert(Convert::Float(Mem::F64), value), Ty::F64),
            (Ty::F64, Ty::F32) => self
                .b
                .emit(Inst::Convert(Convert::Float(Mem::F32), value), Ty::F32),
            _ => return Err(Stop::Invalid("a value of the wrong type")),
        })
    }

    /// Converts to the type of storage and cuts it to its width.
    pub(super) fn narrow(&mut self, value: Value, mem: Mem) -> Step<Value> {
        let value = self.coerce(value, mem.ty())?;
        if !mem.is_narrow() {
            return Ok(value);
        }
        let fits = self.b.constant(value).is_some_and(|c| match mem {
            Mem::I8 => i8::try_from(c).is_ok(),
            Mem::U8 => u8::try_from(c).is_ok(),
            Mem::I16 => i16::try_from(c).is_ok(),
            _ => u16::try_from(c).is_ok(),
        });
        if fits || self.is_narrowed(value, mem) {
            return Ok(value);
        }
        Ok(self
            .b
            .emit(Inst::Convert(Convert::Int(mem), value), Ty::I32))
    }

    /// Whether the last instruction made this value and it fits already.
    fn is_narrowed(&self, value: Value, mem: Mem) -> bool {
        let node = self.b.func.blocks[self.b.current()].nodes.last();
        node.is_some_and(|n| {
            n.result == Some(value)
                && match &n.inst {
                    Inst::Convert(Convert::Int(m), _) | Inst::Load { mem: m, .. } => *m == mem,
                    Inst::Compare(..) => true,
                    _ => false,
                }
        })
    }

    /// Pops a struct of a type.
    pub(super) fn pop_struct(&mut self, ty: TypeHandle, layout: &TypeLayout) -> Step<StructItem> {
        match self.pop()? {
            Item::Struct(item) if item.ty == ty || item.layout.size == layout.size => Ok(item),
            Item::Struct(_) => Err(Stop::Invalid("a struct of another size")),
            Item::Scalar(_) => Err(Stop::Invalid("a scalar where a struct is needed")),
        }
    }

    /// Pops a struct of a type into memory. `barrier`: it may be in the heap, and references too.
    pub(super) fn pop_struct_to(
        &mut self,
        addr: Value,
        ty: TypeHandle,
        layout: &TypeLayout,
        barrier: bool,
    ) -> Step<()> {
        let item = self.pop_struct(ty, layout)?;
        self.flush()?;
        let src = self.struct_addr(&item);
        self.b.effect(Inst::CopyStruct {
            dst: addr,
            src,
            size: layout.size,
            barrier,
        });
        self.release_struct(&item);
        Ok(())
    }

    /// Address of a struct on the stack.
    pub(super) fn struct_addr(&mut self, item: &StructItem) -> Value {
        self.add_offset(item.addr, item.offset)
    }

    /// `addr + offset`, not null if `addr` is not.
    pub(super) fn add_offset(&mut self, addr: Value, offset: u32) -> Value {
        if offset == 0 {
            return addr;
        }
        let by = self.b.i64(i64::from(offset));
        let sum = self
            .b
            .emit(Inst::Binary(crate::hir::Binary::Add, addr, by), Ty::ByRef);
        if self.non_null.contains(&addr) {
            self.non_null.insert(sum);
        }
        sum
    }

    /// Address of a frame slot.
    pub(super) fn slot_addr(&mut self, slot: Slot, offset: u32) -> Value {
        let value = self.b.emit(Inst::SlotAddr(slot, offset), Ty::ByRef);
        self.non_null.insert(value);
        value
    }

    /// Address of a symbol.
    pub(super) fn symbol(&mut self, symbol: Symbol) -> Value {
        let value = self.b.emit(Inst::SymbolAddr(symbol), Ty::I64);
        self.non_null.insert(value);
        value
    }

    pub(super) fn access(&self, addr: Value) -> Access {
        if self.non_null.contains(&addr) {
            Access::Safe
        } else {
            Access::MayBeNull
        }
    }

    pub(super) fn null_check(&mut self, value: Value) {
        if self.non_null.insert(value) {
            self.b.effect(Inst::NullCheck(value));
            // The knowledge holds only where this check dominates; forget it at the block's end.
            self.local_non_null.push(value);
        }
    }

    pub(super) fn helper(&mut self, helper: Helper, args: &[Value], ty: Ty) -> Value {
        self.b.emit(Inst::Helper(helper, args.into()), ty)
    }

    pub(super) fn helper_effect(&mut self, helper: Helper, args: &[Value]) {
        self.b.effect(Inst::Helper(helper, args.into()));
    }

    /// A temporary of a type, perhaps used before.
    pub(super) fn temp(&mut self, layout: &TypeLayout) -> Step<Slot> {
        let key = (layout.size, layout.align);
        let slot = match self.free_slots.get_mut(&key).and_then(Vec::pop) {
            Some(slot) => slot,
            None => self.new_slot(layout.size, layout.align)?,
        };
        self.b.func.slots[slot].roots |= layout.has_refs;
        Ok(slot)
    }

    /// Frame memory for values of a struct.
    pub(super) fn struct_slot(&mut self, layout: &TypeLayout) -> Step<Slot> {
        let slot = self.new_slot(layout.size, layout.align)?;
        self.b.func.slots[slot].roots = layout.has_refs;
        Ok(slot)
    }

    pub(super) fn new_slot(&mut self, size: u32, align: u32) -> Step<Slot> {
        self.slot_bytes = self.slot_bytes.saturating_add(size.max(8));
        if self.slot_bytes > MAX_FRAME {
            return Err(Stop::Invalid("the frame is too large"));
        }
        Ok(self.b.slot(size, align))
    }

    /// Notes what a slot holds, for scalar replacement.
    pub(super) fn note_contents(&mut self, slot: Slot, contents: Contents) {
        if self.c.tier == Tier::Quick {
            return;
        }
        if let Contents::Struct(ty) = contents {
            self.note_fields(ty);
        }
        let noted = &mut self.b.func.contents[slot];
        if *noted == Contents::Bytes {
            *noted = contents;
        } else if *noted != contents {
            *noted = Contents::Mixed;
        }
    }

    /// Asks for the fields of a struct, once.
    pub(super) fn note_fields(&mut self, ty: TypeHandle) {
        let host = self.host;
        self.b.func.fields.entry(ty).or_insert_with(|| {
            let fields = host.struct_fields(ty, MAX_FIELDS)?;
            let scalar = |(offset, repr)| Some((offset, Mem::of(repr)?));
            fields.into_iter().map(scalar).collect()
        });
    }

    /// Pushes a struct that is alone in a temporary.
    pub(super) fn push_temp(
        &mut self,
        slot: Slot,
        addr: Value,
        ty: TypeHandle,
        layout: TypeLayout,
    ) {
        self.note_contents(slot, Contents::Struct(ty));
        self.stack.push(Item::Struct(StructItem {
            addr,
            offset: 0,
            ty,
            layout,
            temp: Some(slot),
            lazy: false,
        }));
    }

    /// The item is not used again.
    pub(super) fn release(&mut self, item: &Item) {
        if let Item::Struct(StructItem {
            temp: Some(slot), ..
        }) = item
        {
            self.pending_free.push(*slot);
        }
    }

    pub(super) fn release_struct(&mut self, item: &StructItem) {
        self.pending_free.extend(item.temp);
    }

    /// Makes temporaries of the instructions before available.
    pub(super) fn release_slots(&mut self) {
        while let Some(slot) = self.pending_free.pop() {
            let data = self.b.func.slots[slot];
            // A slot of its own may be taken apart.
            if self.c.tier == Tier::Optimized && data.size <= MAX_SPLIT {
                continue;
            }
            self.free_slots
                .entry((data.size, data.align))
                .or_default()
                .push(slot);
        }
    }

    /// Copies structs that are still in variables or objects: something is about to change them.
    pub(super) fn flush(&mut self) -> Step<()> {
        for i in 0..self.stack.len() {
            if let Item::Struct(item) = self.stack[i]
                && item.lazy
            {
                self.stack[i] = Item::Struct(self.copy_to_temp(&item)?);
            }
        }
        Ok(())
    }

    /// A copy in a temporary.
    pub(super) fn copy_to_temp(&mut self, item: &StructItem) -> Step<StructItem> {
        let slot = self.temp(&item.layout)?;
        self.note_contents(slot, Contents::Struct(item.ty));
        let dst = self.slot_addr(slot, 0);
        let src = self.struct_addr(item);
        self.b.effect(Inst::CopyStruct {
            dst,
            src,
            size: item.layout.size,
            barrier: false,
        });
        Ok(StructItem {
            addr: dst,
            offset: 0,
            temp: Some(slot),
            lazy: false,
            ..*item
        })
    }

    pub(super) fn dup(&mut self) -> Step<()> {
        let item = match self.pop()? {
            Item::Scalar(value) => Item::Scalar(value),
            // Two items share the memory now; neither may give it away.
            Item::Struct(item) => Item::Struct(StructItem { temp: None, ..item }),
        };
        self.stack.push(item);
        self.stack.push(item);
        Ok(())
    }

    /// Jumps to an IL block with the stack as it is.
    pub(super) fn goto(&mut self, block: u32) -> Step<()> {
        let block = self.redirected(block);
        let (target, args) = self.edge_to(block)?;
        if self.is_back_edge(block) {
            self.b.effect(Inst::Poll);
        }
        self.b.jump(target, args);
        Ok(())
    }

    /// The block that control reaches from the current block when the IL names `block`.
    fn redirected(&self, block: u32) -> u32 {
        match self.il_block {
            Some(from) => self.c.body.blocks[from].redirected(block),
            None => block,
        }
    }

    /// Every cycle has an edge that goes back in the order of the blocks: loops stop there.
    fn is_back_edge(&self, block: u32) -> bool {
        i64::from(self.c.body.order[block as usize]) <= self.current_order
    }

    /// An edge of a conditional branch to an IL block. If it goes back, the branch polls: before
    /// it, so that the edge itself needs no code.
    pub(super) fn edge(&mut self, block: u32) -> Step<Edge> {
        let block = self.redirected(block);
        let (target, args) = self.edge_to(block)?;
        if self.is_back_edge(block) && !self.polled {
            self.polled = true;
            self.b.effect(Inst::Poll);
        }
        Ok(Edge {
            block: target,
            args,
        })
    }

    /// Prepares an edge to an IL block.
    pub(super) fn edge_to(&mut self, block: u32) -> Step<(Block, Vec<Value>)> {
        let index = block as usize;
        if self.blocks[index].is_none() {
            let region = self.region_of_block(index);
            let target = self.b.block(region);
            let mut entry = Vec::with_capacity(self.stack.len());
            for i in 0..self.stack.len() {
                entry.push(match self.stack[i] {
                    Item::Scalar(value) => {
                        let ty = self.b.ty(value);
                        self.b.param(target, ty);
                        EntryItem::Scalar(ty)
                    }
                    Item::Struct(item) => {
                        let slot = self.struct_slot(&item.layout)?;
                        self.note_contents(slot, Contents::Struct(item.ty));
                        EntryItem::Struct(item.ty, item.layout, slot)
                    }
                });
            }
            self.blocks[index] = Some(target);
            self.entries[index] = Some(entry);
            self.queue
                .push(std::cmp::Reverse((self.c.body.order[index], block)));
        }
        let (Some(target), Some(entry)) = (self.blocks[index], self.entries[index].clone()) else {
            return Err(Stop::Invalid("a branch to nowhere"));
        };
        if entry.len() != self.stack.len() {
            return Err(Stop::Invalid(
                "different stack depths where control flow joins",
            ));
        }
        let mut args = Vec::new();
        for (i, entry) in entry.into_iter().enumerate() {
            match (self.stack[i], entry) {
                (Item::Scalar(value), EntryItem::Scalar(ty)) => args.push(self.coerce(value, ty)?),
                (Item::Struct(item), EntryItem::Struct(ty, layout, slot))
                    if item.ty == ty || item.layout.size == layout.size =>
                {
                    let dst = self.slot_addr(slot, 0);
                    let src = self.struct_addr(&item);
                    self.b.effect(Inst::CopyStruct {
                        dst,
                        src,
                        size: layout.size,
                        barrier: false,
                    });
                }
                _ => {
                    return Err(Stop::Invalid(
                        "different stack types where control flow joins",
                    ));
                }
            }
        }
        Ok((target, args))
    }

    /// Sets up the stack at the start of an IL block.
    pub(super) fn enter(&mut self, index: usize, block: Block) {
        while let Some(value) = self.local_non_null.pop() {
            self.non_null.remove(&value);
        }
        self.stack.clear();
        let Some(entry) = self.entries[index].clone() else {
            return;
        };
        let params = self.b.func.blocks[block].params.clone();
        let mut params = params.into_iter();
        for item in entry {
            match item {
                EntryItem::Scalar(_) => self.stack.extend(params.next().map(Item::Scalar)),
                EntryItem::Struct(ty, layout, slot) => {
                    let addr = self.slot_addr(slot, 0);
                    self.stack.push(Item::Struct(StructItem {
                        addr,
                        offset: 0,
                        ty,
                        layout,
                        temp: None,
                        lazy: false,
                    }));
                }
            }
        }
    }
}
