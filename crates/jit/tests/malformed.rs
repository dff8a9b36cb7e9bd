//! Malformed IL gives an error or a throwing body, never a panic and never invalid code.

mod support;

use std::cell::RefCell;

use ferrocil_jit::Tier;
use ferrocil_jit::host::{
    CallSite, CalliSig, Dispatch, FieldPlace, Intrinsic, MethodHandle, This, ThisFixup, TypeHandle,
};
use ferrocil_metadata::il::Opcode;
use ferrocil_metadata::{EhClause, EhKind};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use support::{Il, Machine, Method, Sig, T, field_token, method_token, sig_token, type_token};

/// A machine whose tokens name things of every kind.
fn machine(tier: Tier) -> (Box<Machine>, Vec<u32>) {
    let m = Machine::new(tier);
    let point = m.host.structure(16, 8);
    let big = m.host.structure(300, 8);
    let class = m.host.class(T::OBJECT, 32);
    let array = m.host.class(T::OBJECT, 16);
    {
        let mut types = m.host.types.borrow_mut();
        types[array.0 as usize].elem = Some(point);
        types[array.0 as usize].rank = 2;
    }
    let mut tokens = vec![0, 0x0200_0000, 0x0a00_0001, 0x7000_0005];
    for ty in [
        T::VOID,
        T::BOOL,
        T::I1,
        T::I4,
        T::I8,
        T::I,
        T::R4,
        T::R8,
        T::OBJECT,
        T::STRING,
        T::NULLABLE,
        T::TYPEDREF,
        point,
        big,
        class,
        array,
    ] {
        tokens.push(type_token(ty).0);
    }
    for (ty, place) in [
        (T::I4, FieldPlace::Instance { offset: 0 }),
        (T::I8, FieldPlace::Instance { offset: 8 }),
        (T::R4, FieldPlace::Instance { offset: 5000 }),
        (point, FieldPlace::Instance { offset: 8 }),
        (T::OBJECT, FieldPlace::Static),
        (big, FieldPlace::Static),
        (T::I2, FieldPlace::ThreadStatic),
        (T::U1, FieldPlace::Rva),
    ] {
        for in_value_type in [false, true] {
            tokens.push(field_token(m.host.field(ty, place, in_value_type)).0);
        }
    }
    let sigs = [
        Sig::fixed(&[], T::VOID),
        Sig::fixed(&[T::I4, T::R8], T::I8),
        Sig::instance(This::Ref, &[T::I4], T::I4),
        Sig::instance(This::Ref, &[], T::OBJECT),
        Sig::instance(This::ByRef, &[point], point),
        Sig::fixed(&[big, T::U1], big),
        Sig::fixed(&[T::BYREF, T::I4], T::I4),
        Sig::instance(This::Ref, &[T::I4, T::I4], point),
    ];
    let h = MethodHandle(0);
    let dispatches = [
        Dispatch::Direct(h),
        Dispatch::VTable {
            offset: 64,
            method: h,
        },
        Dispatch::Interface { method: h, slot: 1 },
        Dispatch::VirtualGeneric(h),
        Dispatch::CodeField { offset: 24 },
        Dispatch::Intrinsic(Intrinsic::InterlockedAdd, h),
        Dispatch::Intrinsic(Intrinsic::CompareExchange, h),
        Dispatch::Intrinsic(Intrinsic::UnsafeMov, h),
        Dispatch::Intrinsic(Intrinsic::StringChars, h),
        Dispatch::Intrinsic(Intrinsic::UnsafeStore, h),
        Dispatch::ArrayGet(array),
        Dispatch::ArraySet(array),
        Dispatch::ArrayAddress(array),
        Dispatch::NewObject {
            class,
            ctor: Some(h),
        },
        Dispatch::NewValue {
            class: point,
            ctor: h,
        },
        Dispatch::NewString(h),
        Dispatch::NewArray {
            array,
            with_bounds: false,
        },
        Dispatch::NewDelegate(class),
    ];
    for sig in &sigs {
        m.host.sigs.borrow_mut().push(CalliSig {
            sig: sig.clone(),
            native: None,
        });
        m.host.sigs.borrow_mut().push(CalliSig {
            sig: sig.clone(),
            native: Some(h),
        });
        for dispatch in &dispatches {
            for fixup in [ThisFixup::None, ThisFixup::Deref, ThisFixup::Box(point)] {
                let site = CallSite {
                    sig: sig.clone(),
                    dispatch: dispatch.clone(),
                    this_fixup: fixup,
                    null_check: true,
                    no_return: false,
                };
                let method = Method {
                    sig: sig.clone(),
                    locals: vec![],
                    body: Il::new(),
                    site: Some(site),
                    synchronized: None,
                    no_inlining: false,
                };
                tokens.push(method_token(m.declare(method)).0);
            }
        }
    }
    for n in 0..m.host.sigs.borrow().len() as u32 {
        tokens.push(sig_token(n).0);
    }
    (m, tokens)
}

thread_local! {
    static MACHINES: RefCell<Vec<(Box<Machine>, Vec<u32>)>> = RefCell::default();
}

/// Compiles bytes as a method in both tiers, verifying what comes out.
fn compile(build: impl Fn(&[u32]) -> (Vec<u8>, Vec<EhClause>), signature: usize) {
    MACHINES.with_borrow_mut(|machines| {
        if machines.is_empty() {
            machines.push(machine(Tier::Quick));
            machines.push(machine(Tier::Optimized));
        }
        for (m, tokens) in machines {
            let (code, clauses) = build(tokens);
            let point = TypeHandle(T::USER);
            let sig = match signature % 4 {
                0 => Sig::fixed(&[T::I4, T::OBJECT], T::I4),
                1 => Sig::instance(This::Ref, &[T::R8, point], point),
                2 => Sig::fixed(&[T::BYREF, T::I8, T::R4], T::VOID),
                _ => Sig::fixed(&[], T::OBJECT),
            };
            let locals = [
                T::I4,
                T::I8,
                T::R8,
                T::OBJECT,
                point,
                T::R4,
                T::BYREF,
                T::U1,
            ];
            let mut il = Il::new();
            il.code = code;
            il.clauses = clauses;
            let method = m.try_compile(sig, &locals, il);
            assert!(method.is_ok(), "{method:?}");
        }
    });
}

#[derive(Clone, Debug)]
enum Piece {
    Op(Opcode, u32),
    Push(u8),
    Bytes(Vec<u8>),
}

fn piece() -> impl Strategy<Value = Piece> {
    let ops: Vec<Opcode> = Opcode::ALL.to_vec();
    prop_oneof![
        6 => (prop::sample::select(ops), any::<u32>()).prop_map(|(op, n)| Piece::Op(op, n)),
        5 => any::<u8>().prop_map(Piece::Push),
        1 => prop::collection::vec(any::<u8>(), 1..4).prop_map(Piece::Bytes),
        1 => Just(Piece::Op(Opcode::Ret, 0)),
    ]
}

/// Bytes of a body: operands are plausible for their instruction.
fn assemble(pieces: &[Piece], tokens: &[u32]) -> Vec<u8> {
    use ferrocil_metadata::il::OperandKind as K;
    let mut il = Il::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => il.code.extend(bytes),
            Piece::Push(n) => {
                let local = u16::from(*n / 8 % 8);
                match n % 8 {
                    0 => il.i32(i32::from(*n)),
                    1 => il.i64(i64::from(*n) - 100),
                    2 => il.f64(f64::from(*n)),
                    3 => il.op(Opcode::Ldnull),
                    4 => il.loc(local),
                    5 => il.var(Opcode::Ldloca, local),
                    6 => il.arg(local % 3),
                    _ => il.op(Opcode::Dup),
                };
            }
            Piece::Op(op, n) => {
                il.op(*op);
                match op.operand_kind() {
                    K::None => {}
                    K::I8 | K::U8 | K::ShortVar => il.code.push((n % 9) as u8),
                    K::ShortBranch => il.code.push((n % 24) as u8),
                    K::Var => il.code.extend(((n % 9) as u16).to_le_bytes()),
                    K::I32 | K::F32 => il.code.extend(n.to_le_bytes()),
                    K::Branch => il
                        .code
                        .extend((n % 60).cast_signed().wrapping_sub(20).to_le_bytes()),
                    K::I64 | K::F64 => il.code.extend(u64::from(*n).to_le_bytes()),
                    K::Switch => {
                        il.code.extend(2u32.to_le_bytes());
                        il.code.extend((n % 30).to_le_bytes());
                        il.code.extend((n / 30 % 30).to_le_bytes());
                    }
                    _ => il
                        .code
                        .extend(tokens[*n as usize % tokens.len()].to_le_bytes()),
                }
            }
        }
    }
    il.op(Opcode::Ret);
    il.code
}

fn clauses() -> impl Strategy<Value = Vec<(u8, u8, u8, u8, u8)>> {
    prop::collection::vec(any::<(u8, u8, u8, u8, u8)>(), 0..3)
}

/// Clauses with ranges inside the code, often at instruction boundaries.
fn eh(raw: &[(u8, u8, u8, u8, u8)], len: u32) -> Vec<EhClause> {
    raw.iter()
        .map(|(kind, a, b, c, d)| {
            let at = |x: u8| u32::from(x) % (len + 1);
            let (try_offset, try_len) = (at(*a), at(*b) / 2);
            let handler_offset = if c % 2 == 0 {
                try_offset + try_len
            } else {
                at(*c)
            };
            let kind = match kind % 4 {
                0 => EhKind::Catch(type_token(T::OBJECT)),
                1 => EhKind::Finally,
                2 => EhKind::Fault,
                _ => EhKind::Filter(at(*d)),
            };
            EhClause {
                kind,
                try_offset,
                try_len,
                handler_offset,
                handler_len: at(*d),
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_instructions(pieces in prop::collection::vec(piece(), 0..40), raw in clauses(), signature in 0usize..4) {
        compile(|tokens| {
            let code = assemble(&pieces, tokens);
            let clauses = eh(&raw, code.len() as u32);
            (code, clauses)
        }, signature);
    }

    #[test]
    fn random_bytes(code in prop::collection::vec(any::<u8>(), 0..60), raw in clauses(), signature in 0usize..4) {
        compile(|_| {
            let clauses = eh(&raw, code.len() as u32);
            (code.clone(), clauses)
        }, signature);
    }

    /// Try blocks of single-instruction pieces, so that the clauses are often valid.
    #[test]
    fn random_protected_blocks(
        body in prop::collection::vec(piece(), 1..8),
        handler in prop::collection::vec(piece(), 1..6),
        kind in 0u8..4,
        signature in 0usize..4,
    ) {
        compile(|tokens| {
            let leave = |code: &mut Vec<u8>, to: u32| {
                code.push(0xDD);
                let at = code.len() as u32 + 4;
                code.extend(to.wrapping_sub(at).to_le_bytes());
            };
            let strip = |mut code: Vec<u8>| { code.pop(); code };
            let mut code = strip(assemble(&body, tokens));
            let handler_code = strip(assemble(&handler, tokens));
            let filter = [0x26u8, 0x17, 0xFE, 0x11];
            let filter_len = if kind == 3 { filter.len() as u32 } else { 0 };
            let try_len = code.len() as u32 + 5;
            let handler_offset = try_len + filter_len;
            let catches = kind == 0 || kind == 3;
            let handler_len = u32::from(catches) + handler_code.len() as u32 + if catches { 5 } else { 1 };
            let after = handler_offset + handler_len;
            leave(&mut code, after);
            if kind == 3 { code.extend(filter); }
            if catches { code.push(0x26); }
            code.extend(&handler_code);
            if catches { leave(&mut code, after) } else { code.push(0xDC) }
            code.extend([0x14, 0x2A]);
            let kind = match kind {
                0 => EhKind::Catch(type_token(T::OBJECT)),
                1 => EhKind::Finally,
                2 => EhKind::Fault,
                _ => EhKind::Filter(try_len),
            };
            (code, vec![EhClause { kind, try_offset: 0, try_len, handler_offset, handler_len }])
        }, signature);
    }
}

/// Enough by default; more with `JIT_CASES`.
fn cases() -> u32 {
    std::env::var("JIT_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300)
}
