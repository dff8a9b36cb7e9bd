//! Text of hir, for people and golden tests.

use std::fmt;

use crate::hir::{Callee, Edge, Func, FuncKind, Handler, Inst, Terminator};

impl fmt::Display for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FuncKind::Body => writeln!(f, "body {{")?,
            FuncKind::Filter { clause } => writeln!(f, "filter of clause {clause} {{")?,
        }
        for (slot, data) in &self.slots {
            writeln!(f, "  {slot} = {} bytes align {}", data.size, data.align)?;
        }
        for (i, handler) in self.handlers.iter().enumerate() {
            match handler {
                Some(Handler::Catch(block)) => writeln!(f, "  clause {i} -> catch {block}")?,
                Some(Handler::Finally(block)) => writeln!(f, "  clause {i} -> finally {block}")?,
                None => {}
            }
        }
        for &block in &self.layout {
            let data = &self.blocks[block];
            write!(f, "{block}(")?;
            for (i, param) in data.params.iter().enumerate() {
                let comma = if i == 0 { "" } else { ", " };
                write!(f, "{comma}{param}: {}", self.values[*param].ty)?;
            }
            write!(f, ")")?;
            if let Some(region) = data.region {
                write!(f, " {region}")?;
            }
            if data.cold {
                write!(f, " cold")?;
            }
            writeln!(f, ":")?;
            for node in &data.nodes {
                write!(f, "  ")?;
                if let Some(result) = node.result {
                    write!(f, "{result}: {} = ", self.values[result].ty)?;
                }
                writeln!(f, "{}", node.inst)?;
            }
            writeln!(f, "  {}", data.term)?;
        }
        writeln!(f, "}}")
    }
}

impl fmt::Display for Inst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inst::I32(c) => write!(f, "{c}"),
            Inst::I64(c) => write!(f, "{c}"),
            Inst::F32(bits) => write!(f, "{:?}", f32::from_bits(*bits)),
            Inst::F64(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Inst::Unary(op, a) => write!(f, "{} {a}", lower(op)),
            Inst::Binary(op, a, b) => write!(f, "{} {a}, {b}", lower(op)),
            Inst::Checked(op, a, b) => write!(f, "checked_{} {a}, {b}", lower(op)),
            Inst::Division(op, a, b) => write!(f, "{} {a}, {b}", lower(op)),
            Inst::Compare(cond, a, b) => write!(f, "compare {} {a}, {b}", lower(cond)),
            Inst::Convert(to, a) => write!(f, "convert {to:?} {a}"),
            Inst::ConvertChecked {
                to,
                to_unsigned,
                from_unsigned,
                arg,
            } => {
                let to_sign = if *to_unsigned { " unsigned" } else { "" };
                let from_sign = if *from_unsigned { " from unsigned" } else { "" };
                write!(f, "checked_convert {to}{to_sign}{from_sign} {arg}")
            }
            Inst::ZeroExtend(a) => write!(f, "zero_extend {a}"),
            Inst::Select(c, a, b) => write!(f, "select {c}, {a}, {b}"),
            Inst::Bitcast(a) => write!(f, "bitcast {a}"),
            Inst::CheckFinite(a) => write!(f, "check_finite {a}"),
            Inst::NullCheck(a) => write!(f, "null_check {a}"),
            Inst::BoundsCheck { index, length } => write!(f, "bounds_check {index} < {length}"),
            Inst::Load {
                mem,
                access,
                addr,
                offset,
            } => write!(f, "load.{mem} [{addr}+{offset}] {}", lower(access)),
            Inst::Length {
                access,
                object,
                offset,
                ..
            } => write!(f, "length [{object}+{offset}] {}", lower(access)),
            Inst::Store {
                mem,
                access,
                addr,
                offset,
                value,
            } => {
                write!(
                    f,
                    "store.{mem} [{addr}+{offset}] = {value} {}",
                    lower(access)
                )
            }
            Inst::StoreRef {
                access,
                addr,
                offset,
                value,
            } => {
                write!(f, "store_ref [{addr}+{offset}] = {value} {}", lower(access))
            }
            Inst::CopyStruct {
                dst,
                src,
                size,
                barrier,
            } => {
                let barrier = if *barrier { " barrier" } else { "" };
                write!(f, "copy [{dst}] = [{src}], {size} bytes{barrier}")
            }
            Inst::Clear { dst, size } => write!(f, "clear [{dst}], {size} bytes"),
            Inst::SlotAddr(slot, offset) => write!(f, "address {slot}+{offset}"),
            Inst::SymbolAddr(symbol) => write!(f, "address {symbol:?}"),
            Inst::Call(call) => write!(f, "call {} {}", call.callee, Args(&call.args)),
            Inst::Helper(helper, args) => write!(f, "helper {helper:?}{}", Args(args)),
            Inst::StoreElement {
                array,
                index,
                value,
                ..
            } => write!(f, "store_element {array}[{index}] = {value}"),
            Inst::NewObject { class, size, .. } => {
                write!(f, "new_object type {}, {size} bytes", class.0)
            }
            Inst::NewVector {
                array,
                elem_size,
                length,
                ..
            } => {
                write!(
                    f,
                    "new_vector type {}, {length} elements of {elem_size} bytes",
                    array.0
                )
            }
            Inst::ClassInit(ty) => write!(f, "class_init {}", ty.0),
            Inst::Poll => write!(f, "poll"),
            Inst::KeepAlive(object) => write!(f, "keep_alive {object}"),
            Inst::IsExact {
                object,
                vtable_offset,
            } => write!(f, "is_exact {object}, {vtable_offset:#x}"),
            Inst::IsInst {
                object,
                ty,
                strategy,
                ..
            } => write!(f, "isinst {object}, type {} {}", ty.0, lower(strategy)),
            Inst::CastClass {
                object,
                ty,
                strategy,
                ..
            } => {
                write!(f, "castclass {object}, type {} {}", ty.0, lower(strategy))
            }
            Inst::Unbox { object, ty, .. } => write!(f, "unbox {object}, type {}", ty.0),
            Inst::CodeAddress { callee, object } => {
                write!(f, "code_address {callee}")?;
                object.iter().try_for_each(|o| write!(f, " of {o}"))
            }
            Inst::AtomicLoad(mem, addr) => write!(f, "atomic_load.{mem} [{addr}]"),
            Inst::AtomicStore(mem, addr, value) => {
                write!(f, "atomic_store.{mem} [{addr}] = {value}")
            }
            Inst::AtomicRmw(op, mem, addr, value) => {
                write!(f, "atomic_{}.{mem} [{addr}], {value}", lower(op))
            }
            Inst::AtomicCas(mem, addr, expected, new) => {
                write!(f, "atomic_cas.{mem} [{addr}], {expected} -> {new}")
            }
            Inst::Fence => write!(f, "fence"),
        }
    }
}

/// Variant name in lower case.
fn lower(x: &impl fmt::Debug) -> String {
    let mut out = String::new();
    for c in format!("{x:?}").chars() {
        if c.is_uppercase() {
            if !out.is_empty() {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

struct Args<'a>(&'a [crate::hir::Value]);

impl fmt::Display for Args<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(")?;
        for (i, arg) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{arg}")?;
        }
        write!(f, ")")
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Callee::Direct(method) => write!(f, "method {}", method.0),
            Callee::Virtual { offset, method } => {
                write!(f, "virtual {} at vtable+{offset}", method.0)
            }
            Callee::Interface { method, slot } => write!(f, "interface {} slot {slot}", method.0),
            Callee::VirtualGeneric(method) => write!(f, "generic virtual {}", method.0),
            Callee::CodeField(offset) => write!(f, "code field +{offset}"),
            Callee::Indirect(code) => write!(f, "indirect {code}"),
        }
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.block, Args(&self.args))
    }
}

impl fmt::Display for Terminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Terminator::Unreachable => write!(f, "unreachable"),
            Terminator::Jump(edge) => write!(f, "jump {edge}"),
            Terminator::Branch(value, a, b) => write!(f, "branch {value}, {a}, {b}"),
            Terminator::BranchCompare(cond, x, y, a, b) => {
                write!(f, "branch {} {x}, {y}, {a}, {b}", lower(cond))
            }
            Terminator::Switch(value, edges, default) => {
                write!(f, "switch {value}")?;
                edges.iter().try_for_each(|e| write!(f, ", {e}"))?;
                write!(f, ", default {default}")
            }
            Terminator::Return(None) => write!(f, "return"),
            Terminator::Return(Some(value)) => write!(f, "return {value}"),
            Terminator::Raise(helper, args) => write!(f, "raise {helper:?}{}", Args(args)),
            Terminator::TailCall(call) => {
                write!(f, "tail call {} {}", call.callee, Args(&call.args))
            }
        }
    }
}
