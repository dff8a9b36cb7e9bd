//! Arguments and locals: where they live and how they are accessed.

use std::rc::Rc;

use crate::clif::abi::{AbiSig, ArgClass};
use crate::compiler::Tier;
use crate::hir::{Access, Contents, FuncKind, Inst, Mem, Slot, Ty, Value, Var};
use crate::host::{TypeHandle, TypeLayout};
use crate::il::Stop;
use crate::il::liveness::{Use, Variables};

use super::stack::{Item, StructItem};
use super::{Importer, MAX_FRAME, Step};

/// Where a variable lives in the whole method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spot {
    /// An SSA value; the flag: it never changes after the entry.
    Ssa(bool),
    /// Its own slot.
    Slot,
    /// Its own slot, which stays one: what it refers to lives while it holds it.
    Pinned,
    /// In the block shared with filters, at this offset.
    Shared(u32),
    /// A struct argument, in the caller's copy.
    Argument,
    /// The same, with its address in the shared block for filters.
    SharedArgument(u32),
}

/// Places of all variables, arguments first.
pub(super) struct Frame {
    spots: Vec<Spot>,
    shared_size: u32,
    has_filters: bool,
}

/// A variable in one function.
#[derive(Clone, Copy)]
enum Place {
    Var(Var, Mem),
    Slot(Slot, u32, ArgClass),
    /// At a fixed address.
    At(Value, ArgClass),
    /// At an offset of the filter's context.
    Context(u32, ArgClass),
    /// At the address that is at an offset of the filter's context.
    ContextPointer(u32, ArgClass),
    /// Not used in this function.
    None,
}

/// The variables of one function.
#[derive(Default)]
pub(super) struct Places {
    args: usize,
    list: Vec<Place>,
}

impl Frame {
    pub(super) fn new(
        sig: &AbiSig,
        locals: &[ArgClass],
        variables: &Variables,
        has_filters: bool,
    ) -> Result<Frame, Stop> {
        let classes = arg_classes(sig).chain(locals.iter().copied());
        let args = usize::from(sig.this.is_some()) + sig.params.len();
        let mut frame = Frame {
            spots: Vec::new(),
            shared_size: 0,
            has_filters,
        };
        let mut total = 0u32;
        for (i, class) in classes.enumerate() {
            let (size, align) = class_size(class);
            total = total.saturating_add(size.max(8));
            if total > MAX_FRAME {
                return Err(Stop::Invalid("the frame is too large"));
            }
            let is_struct = matches!(class, ArgClass::Struct(..));
            let spot = match (is_struct && i < args, variables.in_filters[i]) {
                (true, true) => Spot::SharedArgument(frame.share(8, 8)),
                (true, false) => Spot::Argument,
                (false, true) => Spot::Shared(frame.share(size, align)),
                (false, false) if variables.pinned[i] => Spot::Pinned,
                (false, false)
                    if is_struct || variables.addressed[i] || variables.in_handlers[i] =>
                {
                    Spot::Slot
                }
                (false, false) => Spot::Ssa(!variables.assigned[i]),
            };
            frame.spots.push(spot);
        }
        Ok(frame)
    }

    fn share(&mut self, size: u32, align: u32) -> u32 {
        let at = self.shared_size.next_multiple_of(align.clamp(1, 16));
        self.shared_size = at + size;
        at
    }
}

/// Classes of the IL arguments: `this` first.
fn arg_classes(sig: &AbiSig) -> impl Iterator<Item = ArgClass> {
    let this = sig
        .this
        .map(|ty| ArgClass::Scalar(if ty == Ty::Ref { Mem::Ref } else { Mem::ByRef }));
    this.into_iter().chain(sig.params.iter().copied())
}

/// What a slot of a variable holds.
fn contents_of(class: ArgClass) -> Contents {
    match class {
        ArgClass::Scalar(mem) => Contents::Scalar(mem),
        ArgClass::Struct(ty, _) => Contents::Struct(ty),
    }
}

/// Whether values hold references.
fn has_refs(class: ArgClass) -> bool {
    match class {
        ArgClass::Struct(_, layout) => layout.has_refs,
        ArgClass::Scalar(mem) => matches!(mem, Mem::Ref | Mem::ByRef),
    }
}

fn class_size(class: ArgClass) -> (u32, u32) {
    match class {
        ArgClass::Scalar(mem) => (mem.size(), mem.size()),
        ArgClass::Struct(_, layout) => (layout.size, layout.align),
    }
}

impl Importer<'_, '_> {
    /// Places of the body; stores what lives in memory.
    pub(super) fn body_places(&mut self) -> Step<()> {
        let params = self.b.func.blocks[self.b.current()].params.clone();
        let mut params = params.into_iter();
        let this = self.c.sig.this.and_then(|_| params.next());
        if self.c.sig.sret().is_some() {
            self.sret = params.next();
            self.non_null.extend(self.sret);
        }
        if self.c.tier == Tier::Optimized {
            let context = Rc::clone(&self.c);
            for class in &context.sig.params {
                if let ArgClass::Struct(ty, _) = class {
                    self.note_fields(*ty);
                }
            }
        }
        self.make_places(this.into_iter().chain(params).collect())
    }

    /// Keeps `this` in frame memory that the collector reads at every call, if it must live as long
    /// as the method runs. Nothing else is stored there, so the variable may be assigned to.
    pub(super) fn keep_this(&mut self) -> Step<()> {
        let this = self.b.func.blocks[self.b.current()].params.first().copied();
        let (Some(Ty::Ref), Some(value)) = (self.c.sig.this, this) else {
            return Ok(());
        };
        if self.host.keeps_this(self.c.method) {
            let slot = self.new_slot(8, 8)?;
            self.b.func.slots[slot].roots = true;
            self.b.func.slots[slot].written = true;
            let addr = self.slot_addr(slot, 0);
            self.b.effect(Inst::Store {
                mem: Mem::Ref,
                access: Access::Safe,
                addr,
                offset: 0,
                value,
            });
        }
        Ok(())
    }

    /// Places of a method with these arguments, `this` first.
    pub(super) fn make_places(&mut self, args: Vec<Value>) -> Step<()> {
        let context = Rc::clone(&self.c);
        let frame = &context.frame;
        let args: Vec<(Value, ArgClass)> =
            args.into_iter().zip(arg_classes(&context.sig)).collect();
        self.places.args = args.len();
        let shared = if frame.has_filters {
            let slot = self.new_slot(frame.shared_size, 16)?;
            self.b.func.slots[slot].roots = true;
            self.b.func.shared = Some(slot);
            Some(slot)
        } else {
            None
        };
        for (i, (value, class)) in args.iter().enumerate() {
            let place = self.place_arg(frame.spots[i], *value, *class, shared)?;
            self.places.list.push(place);
        }
        let zero = self.c.init_locals;
        for (i, class) in context.locals.iter().enumerate() {
            let place = self.place_local(frame.spots[args.len() + i], *class, shared, zero)?;
            self.places.list.push(place);
        }
        Ok(())
    }

    /// Whether a callee is expanded in place: what it does first is not at the function's entry.
    fn is_expanding(&self) -> bool {
        self.inline.is_some()
    }

    fn place_arg(
        &mut self,
        spot: Spot,
        value: Value,
        class: ArgClass,
        shared: Option<Slot>,
    ) -> Step<Place> {
        let place = match (spot, shared) {
            (Spot::Argument, _) => {
                self.non_null.insert(value);
                return Ok(Place::At(value, class));
            }
            (Spot::SharedArgument(offset), Some(slot)) => {
                self.non_null.insert(value);
                let addr = self.slot_addr(slot, 0);
                self.b.effect(Inst::Store {
                    mem: Mem::I64,
                    access: Access::Safe,
                    addr,
                    offset,
                    value,
                });
                return Ok(Place::At(value, class));
            }
            (Spot::Shared(offset), Some(slot)) => Place::Slot(slot, offset, class),
            (Spot::Ssa(fixed), _) => {
                let ArgClass::Scalar(mem) = class else {
                    return Err(Stop::Invalid("a struct out of place"));
                };
                let var = if fixed {
                    self.b.fixed_var(value)
                } else {
                    self.b.var(mem.ty())
                };
                if !fixed {
                    self.b.set_var(var, value);
                }
                return Ok(Place::Var(var, mem));
            }
            _ => {
                let (size, align) = class_size(class);
                let slot = self.new_slot(size, align)?;
                self.note_contents(slot, contents_of(class));
                self.b.func.slots[slot].roots = has_refs(class);
                self.b.func.slots[slot].written = !self.is_expanding();
                Place::Slot(slot, 0, class)
            }
        };
        if let (Place::Slot(slot, offset, _), ArgClass::Scalar(mem)) = (place, class) {
            let addr = self.slot_addr(slot, 0);
            self.b.effect(Inst::Store {
                mem,
                access: Access::Safe,
                addr,
                offset,
                value,
            });
        }
        Ok(place)
    }

    fn place_local(
        &mut self,
        spot: Spot,
        class: ArgClass,
        shared: Option<Slot>,
        zero: bool,
    ) -> Step<Place> {
        let (size, align) = class_size(class);
        let (slot, offset) = match (spot, shared, class) {
            (Spot::Ssa(fixed), _, ArgClass::Scalar(mem)) => {
                let value = self.b.zero(mem.ty());
                let var = if fixed {
                    self.b.fixed_var(value)
                } else {
                    self.b.var(mem.ty())
                };
                if !fixed {
                    self.b.set_var(var, value);
                }
                return Ok(Place::Var(var, mem));
            }
            (Spot::Shared(offset), Some(slot), _) => (slot, offset),
            _ => {
                let slot = self.new_slot(size, align)?;
                if spot != Spot::Pinned {
                    self.note_contents(slot, contents_of(class));
                }
                self.b.func.slots[slot].roots = has_refs(class);
                // Cleared below.
                self.b.func.slots[slot].written = !self.is_expanding();
                (slot, 0)
            }
        };
        let has_refs = has_refs(class);
        if zero || has_refs {
            let dst = self.slot_addr(slot, offset);
            self.b.effect(Inst::Clear { dst, size });
        }
        Ok(Place::Slot(slot, offset, class))
    }

    /// Places as a filter sees them.
    pub(super) fn filter_places(&mut self) -> Step<()> {
        debug_assert_ne!(self.kind, FuncKind::Body);
        let context = self.b.func.blocks[self.b.current()].params[1];
        self.non_null.insert(context);
        let classes: Vec<ArgClass> = arg_classes(&self.c.sig)
            .chain(self.c.locals.iter().copied())
            .collect();
        self.places.args = classes.len() - self.c.locals.len();
        let spots = self.c.frame.spots.clone();
        for (spot, class) in spots.iter().zip(classes) {
            self.places.list.push(match spot {
                Spot::Shared(offset) => Place::Context(*offset, class),
                Spot::SharedArgument(offset) => Place::ContextPointer(*offset, class),
                _ => Place::None,
            });
        }
        Ok(())
    }

    fn place(&self, is_arg: bool, n: u16) -> Step<Place> {
        let n = usize::from(n);
        let index = if is_arg { n } else { self.places.args + n };
        if is_arg && n >= self.places.args {
            return Err(Stop::Invalid("no such argument"));
        }
        self.places
            .list
            .get(index)
            .copied()
            .ok_or(Stop::Invalid("no such local"))
    }

    /// Address and class of a variable in memory.
    fn place_addr(&mut self, place: Place) -> Step<(Value, ArgClass)> {
        let context = self.b.func.blocks[self.b.func.layout[0]]
            .params
            .get(1)
            .copied();
        Ok(match (place, context) {
            (Place::Slot(slot, offset, class), _) => (self.slot_addr(slot, offset), class),
            (Place::At(value, class), _) => (value, class),
            (Place::Context(offset, class), Some(context)) => {
                (self.add_offset(context, offset), class)
            }
            (Place::ContextPointer(offset, class), Some(context)) => {
                let load = Inst::Load {
                    mem: Mem::I64,
                    access: Access::Safe,
                    addr: context,
                    offset,
                };
                let addr = self.b.emit(load, Ty::ByRef);
                self.non_null.insert(addr);
                (addr, class)
            }
            _ => return Err(Stop::Invalid("the address of a variable without one")),
        })
    }

    pub(super) fn variable(&mut self, is_arg: bool, n: u16, how: Use) -> Step<()> {
        let place = self.place(is_arg, n)?;
        match (how, place) {
            (Use::Get, Place::Var(var, _)) => {
                let value = self.b.get_var(var);
                self.note_variable(value, is_arg, n);
                self.push(value);
            }
            (Use::Set, Place::Var(var, mem)) => {
                let value = self.pop_scalar()?;
                let value = self.narrow(value, mem)?;
                self.b.set_var(var, value);
            }
            (Use::Address, place) => {
                let (addr, _) = self.place_addr(place)?;
                self.push(addr);
            }
            (Use::Get, place) => {
                let (addr, class) = self.place_addr(place)?;
                match class {
                    ArgClass::Scalar(mem) => {
                        let load = Inst::Load {
                            mem,
                            access: Access::Safe,
                            addr,
                            offset: 0,
                        };
                        let value = self.b.emit(load, mem.ty());
                        self.note_variable(value, is_arg, n);
                        self.push(value);
                    }
                    ArgClass::Struct(ty, layout) => {
                        self.stack.push(Item::Struct(StructItem {
                            addr,
                            offset: 0,
                            ty,
                            layout,
                            temp: None,
                            lazy: true,
                        }));
                    }
                }
            }
            (Use::Set, place) => {
                // Only an argument by address may be in the heap (a box, when Rust calls).
                let anywhere = matches!(place, Place::At(..));
                let (addr, class) = self.place_addr(place)?;
                match class {
                    ArgClass::Scalar(mem) => {
                        let value = self.pop_as(mem)?;
                        self.b.effect(Inst::Store {
                            mem,
                            access: Access::Safe,
                            addr,
                            offset: 0,
                            value,
                        });
                    }
                    ArgClass::Struct(ty, layout) => {
                        let barrier = anywhere && layout.has_refs;
                        self.pop_struct_to(addr, ty, &layout, barrier)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes the declared type of a reference that a variable holds.
    fn note_variable(&mut self, value: Value, is_arg: bool, n: u16) {
        let n = usize::from(n);
        let index = if is_arg { n } else { self.places.args + n };
        if let Some(Some(ty)) = self.c.types.get(index).copied() {
            self.note_type(value, ty);
        }
    }

    /// Notes the static type of a value, if it is a reference. A value that is seen under two
    /// types (an array in a variable of a base type) has none any more: what is stored in it was
    /// only checked against the type it was seen under then.
    pub(super) fn note_type(&mut self, value: Value, ty: TypeHandle) {
        if self.b.ty(value) == Ty::Ref {
            let noted = self.types.entry(value).or_insert(Some(ty));
            if *noted != Some(ty) {
                *noted = None;
            }
        }
    }

    /// Value of a scalar argument.
    pub(super) fn arg_value(&mut self, n: u16) -> Step<Value> {
        let place = self.place(true, n)?;
        if let Place::Var(var, _) = place {
            return Ok(self.b.get_var(var));
        }
        let (addr, class) = self.place_addr(place)?;
        Ok(match class {
            ArgClass::Scalar(mem) => self.b.emit(
                Inst::Load {
                    mem,
                    access: Access::Safe,
                    addr,
                    offset: 0,
                },
                mem.ty(),
            ),
            // A struct argument is passed on as the address of the copy this method owns.
            ArgClass::Struct(..) => addr,
        })
    }

    /// The struct arguments that this body was given, each with its address.
    pub(super) fn struct_args(&self) -> Vec<(Value, TypeHandle, TypeLayout)> {
        self.places.list[..self.places.args]
            .iter()
            .filter_map(|place| match place {
                Place::At(addr, ArgClass::Struct(ty, layout)) => Some((*addr, *ty, *layout)),
                _ => None,
            })
            .collect()
    }

    /// Number of IL arguments.
    pub(super) fn arg_count(&self) -> usize {
        self.places.args
    }
}
