//! Objects, structs, arrays, calls and stubs.

mod support;

use ferrocil_jit::host::{
    CallSite, CalliSig, Dispatch, FieldHandle, FieldPlace, Intrinsic, MethodHandle, This,
    ThisFixup, ThrowKind, TypeHandle,
};
use ferrocil_jit::{StubKind, Tier};
use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::Opcode as O;
use support::{
    Il, Machine, Method, Sig, T, class_of, field_token, method_token, sig_token, type_token,
};

fn both(mut test: impl FnMut(&mut Machine)) {
    for tier in [Tier::Quick, Tier::Optimized] {
        test(&mut Machine::new(tier));
    }
}

fn thrown(kind: ThrowKind) -> support::Outcome {
    Err(Machine::exception(kind))
}

/// `Point { int x; int y; long z }` and its fields.
fn point(m: &Machine) -> (TypeHandle, [FieldHandle; 3]) {
    let ty = m.host.structure(16, 8);
    let at = |offset| FieldPlace::Instance { offset };
    (
        ty,
        [
            m.host.field(T::I4, at(0), true),
            m.host.field(T::I4, at(4), true),
            m.host.field(T::I8, at(8), true),
        ],
    )
}

/// `break` without a debugger does nothing; a runtime may do the checks that `no.` waives
/// (ECMA-335 III.2.2). No assembler here writes the latter.
#[test]
fn break_and_waived_checks() {
    const NO_RANGE_CHECK: u8 = 2;
    both(|m| {
        let mut il = Il::new();
        il.op(O::LdcI43).tok(O::Newarr, type_token(T::I4)).set(0);
        il.loc(0).arg(0).op(O::Break).op(O::No);
        il.code.push(NO_RANGE_CHECK);
        il.op(O::LdelemI4).op(O::LdcI41).op(O::Add).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::OBJECT], il.finish());
        assert_eq!(m.go(f, &[2]), Ok(1));
        assert_eq!(m.run(f, &[3]), thrown(ThrowKind::IndexOutOfRange));
    });
}

#[test]
fn fields_of_objects() {
    both(|m| {
        let class = m.host.class(T::OBJECT, 32);
        let f = m
            .host
            .field(T::I2, FieldPlace::Instance { offset: 8 }, false);
        let far = m
            .host
            .field(T::I4, FieldPlace::Instance { offset: 8000 }, false);
        let make = m.site(
            Sig::instance(This::Ref, &[], T::VOID),
            Dispatch::NewObject { class, ctor: None },
        );
        // o = new C; o.f = arg; return o.f
        let mut il = Il::new();
        il.tok(O::Newobj, method_token(make)).set(0);
        il.loc(0)
            .arg(0)
            .tok(O::Stfld, field_token(f))
            .loc(0)
            .tok(O::Ldfld, field_token(f))
            .op(O::Ret);
        let g = m.method(Sig::fixed(&[T::I4], T::I4), &[T::OBJECT], il.finish());
        assert_eq!(m.go(g, &[0x18000]), Ok(-32768i64 as u64));
        for field in [f, far] {
            for protected in [false, true] {
                let mut il = Il::new();
                il.arg(0).tok(O::Ldfld, field_token(field));
                if protected {
                    let out = il.label();
                    il.set(0).br(O::Leave, out);
                    let end = il.here();
                    il.op(O::Endfinally);
                    let after = il.here();
                    il.clause(EhKind::Finally, (0, end), (end, after));
                    il.bind(out).loc(0);
                }
                il.op(O::Ret);
                let g = m.method(Sig::fixed(&[T::OBJECT], T::I4), &[T::I4], il.finish());
                assert_eq!(m.go(g, &[0]), thrown(ThrowKind::NullReference));
            }
        }
    });
}

#[test]
fn structs_are_values() {
    both(|m| {
        let (ty, [x, y, z]) = point(m);
        // Point f(Point p) { p.x = 100; return p }
        let mut il = Il::new();
        il.var(O::Ldarga, 0)
            .i32(100)
            .tok(O::Stfld, field_token(x))
            .arg(0)
            .op(O::Ret);
        let change = m.method(Sig::fixed(&[ty], ty), &[], il.finish());
        m.compile(change);
        // long g(int a) { Point p; p.x = a; p.z = 5; Point q = f(p); return p.x * 1000 + q.x + q.z + q.y }
        let mut il = Il::new();
        il.var(O::Ldloca, 0).arg(0).tok(O::Stfld, field_token(x));
        il.var(O::Ldloca, 0).i64(5).tok(O::Stfld, field_token(z));
        il.loc(0).tok(O::Call, method_token(change)).set(1);
        il.loc(0)
            .tok(O::Ldfld, field_token(x))
            .i32(1000)
            .op(O::Mul)
            .op(O::ConvI8);
        il.loc(1)
            .tok(O::Ldfld, field_token(x))
            .op(O::ConvI8)
            .op(O::Add);
        il.loc(1).tok(O::Ldfld, field_token(z)).op(O::Add);
        il.var(O::Ldloca, 1)
            .tok(O::Ldfld, field_token(y))
            .op(O::ConvI8)
            .op(O::Add)
            .op(O::Ret);
        let g = m.method(Sig::fixed(&[T::I4], T::I8), &[ty, ty], il.finish());
        assert_eq!(m.go(g, &[7]), Ok(7105));
        // A struct on the stack keeps its value when its variable changes: p = q; then change q.
        let mut il = Il::new();
        il.var(O::Ldloca, 0).i32(1).tok(O::Stfld, field_token(x));
        il.loc(0);
        il.var(O::Ldloca, 0).i32(2).tok(O::Stfld, field_token(x));
        il.set(1)
            .loc(1)
            .tok(O::Ldfld, field_token(x))
            .i32(10)
            .op(O::Mul);
        il.loc(0)
            .tok(O::Ldfld, field_token(x))
            .op(O::Add)
            .op(O::Ret);
        let g = m.method(Sig::fixed(&[], T::I4), &[ty, ty], il.finish());
        assert_eq!(m.go(g, &[]), Ok(12));
        // arg ? p : q
        let mut il = Il::new();
        let (other, join) = (il.label(), il.label());
        il.var(O::Ldloca, 0).i32(1).tok(O::Stfld, field_token(x));
        il.var(O::Ldloca, 1).i32(2).tok(O::Stfld, field_token(x));
        il.arg(0)
            .br(O::Brtrue, other)
            .loc(0)
            .br(O::Br, join)
            .bind(other)
            .loc(1);
        il.bind(join).tok(O::Ldfld, field_token(x)).op(O::Ret);
        let g = m.method(Sig::fixed(&[T::I4], T::I4), &[ty, ty], il.finish());
        assert_eq!(m.go(g, &[0]), Ok(1));
        assert_eq!(m.run(g, &[1]), Ok(2));
        // initobj, ldobj, stobj, cpobj, sizeof
        let mut il = Il::new();
        let ty_token = type_token(ty);
        il.var(O::Ldloca, 0).i32(9).tok(O::Stfld, field_token(y));
        il.var(O::Ldloca, 1)
            .var(O::Ldloca, 0)
            .tok(O::Cpobj, ty_token);
        il.var(O::Ldloca, 0).tok(O::Initobj, ty_token);
        il.loc(0).tok(O::Ldfld, field_token(y)).i32(100).op(O::Mul);
        il.var(O::Ldloca, 1)
            .tok(O::Ldobj, ty_token)
            .tok(O::Ldfld, field_token(y))
            .op(O::Add);
        il.tok(O::Sizeof, ty_token)
            .i32(1000)
            .op(O::Mul)
            .op(O::Add)
            .op(O::Ret);
        let g = m.method(Sig::fixed(&[], T::I4), &[ty, ty], il.finish());
        assert_eq!(m.go(g, &[]), Ok(16009));
    });
}

#[test]
fn big_structs_are_copied() {
    both(|m| {
        let big = m.host.structure(400, 8);
        let last = m
            .host
            .field(T::I8, FieldPlace::Instance { offset: 392 }, true);
        let mut il = Il::new();
        il.arg(0).op(O::Ret);
        let id = m.method(Sig::fixed(&[big], big), &[], il.finish());
        m.compile(id);
        let mut il = Il::new();
        il.var(O::Ldloca, 0).arg(0).tok(O::Stfld, field_token(last));
        il.loc(0)
            .tok(O::Call, method_token(id))
            .tok(O::Call, method_token(id))
            .tok(O::Ldfld, field_token(last));
        il.op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I8], T::I8), &[big], il.finish());
        assert_eq!(m.go(f, &[77]), Ok(77));
    });
}

#[test]
fn vectors() {
    both(|m| {
        let int = type_token(T::I4);
        // a = new int[n]; for i: a[i] = i * i; return a[k]
        let mut il = Il::new();
        let (head, body) = (il.label(), il.label());
        il.arg(0).tok(O::Newarr, int).set(0).br(O::Br, head);
        il.bind(body)
            .loc(0)
            .loc(1)
            .loc(1)
            .loc(1)
            .op(O::Mul)
            .op(O::StelemI4);
        il.loc(1).op(O::LdcI41).op(O::Add).set(1);
        il.bind(head)
            .loc(1)
            .loc(0)
            .op(O::Ldlen)
            .op(O::ConvI4)
            .br(O::Blt, body);
        il.loc(0).arg(1).tok(O::Ldelem, int).op(O::Ret);
        let f = m.method(
            Sig::fixed(&[T::I4, T::I4], T::I4),
            &[T::OBJECT, T::I4],
            il.finish(),
        );
        assert_eq!(m.go(f, &[10, 9]), Ok(81));
        assert_eq!(m.run(f, &[10, 10]), thrown(ThrowKind::IndexOutOfRange));
        assert_eq!(
            m.run(f, &[10, -1i32 as u32 as u64]),
            thrown(ThrowKind::IndexOutOfRange)
        );
        assert_eq!(
            m.run(f, &[-1i32 as u32 as u64, 0]),
            thrown(ThrowKind::Overflow)
        );
        // references and element addresses
        let object = type_token(T::OBJECT);
        let mut il = Il::new();
        il.op(O::LdcI43).tok(O::Newarr, object).set(0);
        il.loc(0).op(O::LdcI41).loc(0).op(O::StelemRef);
        il.loc(0).arg(0).op(O::LdelemRef).loc(0).op(O::Ceq);
        il.loc(0)
            .op(O::LdcI41)
            .tok(O::Ldelema, object)
            .op(O::LdindRef)
            .loc(0)
            .op(O::Ceq)
            .op(O::And)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::OBJECT], il.finish());
        assert_eq!(m.go(f, &[1]), Ok(1));
        assert_eq!(m.run(f, &[2]), Ok(0));
        // structs in vectors
        let (ty, [_, y, _]) = point(m);
        let mut il = Il::new();
        il.op(O::LdcI43).tok(O::Newarr, type_token(ty)).set(0);
        il.loc(0)
            .op(O::LdcI42)
            .tok(O::Ldelema, type_token(ty))
            .i32(42)
            .tok(O::Stfld, field_token(y));
        il.loc(0)
            .op(O::LdcI41)
            .loc(0)
            .op(O::LdcI42)
            .tok(O::Ldelem, type_token(ty))
            .tok(O::Stelem, type_token(ty));
        il.loc(0)
            .op(O::LdcI41)
            .tok(O::Ldelem, type_token(ty))
            .tok(O::Ldfld, field_token(y))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[], T::I4), &[T::OBJECT], il.finish());
        assert_eq!(m.go(f, &[]), Ok(42));
    });
}

#[test]
fn multi_dimensional_arrays() {
    both(|m| {
        let array = m.host.class(T::OBJECT, 16);
        {
            let mut types = m.host.types.borrow_mut();
            types[array.0 as usize].elem = Some(T::I8);
            types[array.0 as usize].rank = 2;
        }
        let four = [T::I4; 4];
        let new = m.site(
            Sig::instance(This::Ref, &four, T::VOID),
            Dispatch::NewArray {
                array,
                with_bounds: true,
            },
        );
        let get = m.site(
            Sig::instance(This::Ref, &four[..2], T::I8),
            Dispatch::ArrayGet(array),
        );
        let set = m.site(
            Sig::instance(This::Ref, &[T::I4, T::I4, T::I8], T::VOID),
            Dispatch::ArraySet(array),
        );
        let addr = m.site(
            Sig::instance(This::Ref, &four[..2], T::BYREF),
            Dispatch::ArrayAddress(array),
        );
        // a = new long[1..3, -1..1]; a[2, 0] = 5; a.Address(i, j) += 1; return a[i, j]
        let mut il = Il::new();
        il.i32(1)
            .i32(3)
            .i32(-1)
            .i32(3)
            .tok(O::Newobj, method_token(new))
            .set(0);
        il.loc(0)
            .i32(2)
            .i32(0)
            .i64(5)
            .tok(O::Call, method_token(set));
        il.loc(0)
            .arg(0)
            .arg(1)
            .tok(O::Call, method_token(addr))
            .op(O::Dup)
            .op(O::LdindI8)
            .i64(1)
            .op(O::Add);
        il.op(O::StindI8);
        il.loc(0)
            .arg(0)
            .arg(1)
            .tok(O::Call, method_token(get))
            .op(O::Ret);
        let f = m.method(
            Sig::fixed(&[T::I4, T::I4], T::I8),
            &[T::OBJECT],
            il.finish(),
        );
        assert_eq!(m.go(f, &[2, 0]), Ok(6));
        assert_eq!(m.run(f, &[3, 1]), Ok(1));
        for (i, j) in [(0, 0), (4, 0), (1, 2), (1, -2i32 as u32 as u64)] {
            assert_eq!(
                m.run(f, &[i, j]),
                thrown(ThrowKind::IndexOutOfRange),
                "{i} {j}"
            );
        }
    });
}

/// The host's answers are not what the vtable says, so that it shows who was asked.
#[test]
fn calls_and_casts_of_objects_made_here() {
    both(|m| {
        let sig = Sig::instance(This::Ref, &[T::I4], T::I4);
        let returns = |n: i32| {
            let mut il = Il::new();
            il.arg(1).i32(n).op(O::Add).op(O::Ret);
            let f = m.method(sig.clone(), &[], il.finish());
            m.compile(f);
            f
        };
        let (a, b, c) = (returns(100), returns(200), returns(300));
        let class = m.host.class(T::OBJECT, 16);
        let other = m.host.class(T::OBJECT, 16);
        m.host.types.borrow_mut()[class.0 as usize].virtuals = vec![a];
        m.build_vtable(class);
        m.build_vtable(other);
        m.set_imt(class, 2, b, m.entry(a));
        let make = m.site(
            Sig::instance(This::Ref, &[], T::VOID),
            Dispatch::NewObject { class, ctor: None },
        );
        let virt = m.site(
            sig.clone(),
            Dispatch::VTable {
                offset: 64,
                method: a,
            },
        );
        let face = m.site(sig.clone(), Dispatch::Interface { method: b, slot: 2 });
        let call = |which: MethodHandle| {
            let mut il = Il::new();
            il.tok(O::Newobj, method_token(make))
                .arg(0)
                .tok(O::Callvirt, method_token(which))
                .op(O::Ret);
            let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
            m.go(f, &[1])
        };
        let cast = |op: O| {
            let mut il = Il::new();
            il.tok(O::Newobj, method_token(make))
                .tok(op, type_token(other))
                .op(O::Ret);
            let f = m.method(Sig::fixed(&[], T::OBJECT), &[], il.finish());
            m.go(f, &[])
        };
        // Nothing is known.
        assert_eq!((call(virt), call(face)), (Ok(101), Ok(101)));
        assert_eq!(cast(O::Isinst), Ok(0));
        m.host
            .exact_callees
            .borrow_mut()
            .extend([(class, a, b), (class, b, c)]);
        assert_eq!((call(virt), call(face)), (Ok(201), Ok(301)));
        m.host.exact_casts.borrow_mut().push((class, other, false));
        assert_eq!(cast(O::Isinst), Ok(0));
        assert_eq!(cast(O::Castclass), thrown(ThrowKind::InvalidCast));
        m.host.exact_casts.borrow_mut()[0].2 = true;
        assert!(matches!(cast(O::Isinst), Ok(object) if object != 0));
        assert!(matches!(cast(O::Castclass), Ok(object) if object != 0));
    });
}

#[test]
fn virtual_and_interface_calls() {
    both(|m| {
        let sig = Sig::instance(This::Ref, &[T::I4], T::I4);
        let returns = |n: i32| {
            let mut il = Il::new();
            il.arg(1).i32(n).op(O::Add).op(O::Ret);
            let f = m.method(sig.clone(), &[], il.finish());
            m.compile(f);
            f
        };
        let (a, b) = (returns(100), returns(200));
        let base = m.host.class(T::OBJECT, 16);
        let derived = m.host.class(base, 16);
        m.host.types.borrow_mut()[base.0 as usize].virtuals = vec![a];
        m.host.types.borrow_mut()[derived.0 as usize].virtuals = vec![b];
        m.build_vtable(base);
        m.build_vtable(derived);
        let virt = m.site(
            sig.clone(),
            Dispatch::VTable {
                offset: 64,
                method: a,
            },
        );
        let face = m.site(sig.clone(), Dispatch::Interface { method: a, slot: 2 });
        let generic = m.site(sig.clone(), Dispatch::VirtualGeneric(b));
        m.set_imt(derived, 2, a, m.entry(b));
        let call = |which: MethodHandle, object: u64| {
            let mut il = Il::new();
            il.arg(0)
                .arg(1)
                .tok(O::Callvirt, method_token(which))
                .op(O::Ret);
            let f = m.method(Sig::fixed(&[T::OBJECT, T::I4], T::I4), &[], il.finish());
            m.go(f, &[object, 1])
        };
        let (x, y) = (m.alloc(base, 16), m.alloc(derived, 16));
        assert_eq!(call(virt, x), Ok(101));
        assert_eq!(call(virt, y), Ok(201));
        assert_eq!(call(virt, 0), thrown(ThrowKind::NullReference));
        assert_eq!(call(face, y), Ok(201));
        // No entry: the helper resolves the interface method itself.
        assert_eq!(call(face, x), Ok(101));
        assert_eq!(call(face, 0), thrown(ThrowKind::NullReference));
        assert_eq!(call(generic, x), Ok(201));
        assert_eq!(call(a, 0), thrown(ThrowKind::NullReference));
        // ldvirtftn + calli
        m.host.sigs.borrow_mut().push(CalliSig {
            sig: sig.clone(),
            native: None,
        });
        let mut il = Il::new();
        il.arg(0)
            .arg(1)
            .arg(0)
            .tok(O::Ldvirtftn, method_token(virt))
            .tok(O::Calli, sig_token(0))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::OBJECT, T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[y, 5]), Ok(205));
    });
}

#[test]
fn recursion_tail_calls_and_many_arguments() {
    both(|m| {
        // fact(n) = n < 2 ? 1 : n * fact(n - 1)
        let f = MethodHandle(m.host.methods.borrow().len() as u32);
        let mut il = Il::new();
        let small = il.label();
        il.arg(0).op(O::LdcI42).br(O::Blt, small);
        il.arg(0)
            .op(O::ConvI8)
            .arg(0)
            .op(O::LdcI41)
            .op(O::Sub)
            .tok(O::Call, method_token(f))
            .op(O::Mul)
            .op(O::Ret);
        il.bind(small).i64(1).op(O::Ret);
        assert_eq!(m.method(Sig::fixed(&[T::I4], T::I8), &[], il.finish()), f);
        assert_eq!(m.go(f, &[20]), Ok(2_432_902_008_176_640_000));
        // loop(n, acc) = n == 0 ? acc : tail loop(n - 1, acc + 1): needs no stack
        let g = MethodHandle(m.host.methods.borrow().len() as u32);
        let mut il = Il::new();
        let done = il.label();
        il.arg(0).br(O::Brfalse, done);
        il.arg(0)
            .op(O::LdcI41)
            .op(O::Sub)
            .arg(1)
            .op(O::LdcI41)
            .op(O::Add);
        il.op(O::Tail).tok(O::Call, method_token(g)).op(O::Ret);
        il.bind(done).arg(1).op(O::Ret);
        assert_eq!(
            m.method(Sig::fixed(&[T::I4, T::I4], T::I4), &[], il.finish()),
            g
        );
        assert_eq!(m.go(g, &[3_000_000, 0]), Ok(3_000_000));
        // 12 arguments of mixed types
        let types = [
            T::I4,
            T::R8,
            T::I8,
            T::R4,
            T::U1,
            T::I4,
            T::I8,
            T::R8,
            T::I2,
            T::I4,
            T::I8,
            T::R8,
        ];
        let mut il = Il::new();
        il.f64(0.0);
        for n in 0..types.len() as u16 {
            il.arg(n)
                .op(O::ConvR8)
                .i32(i32::from(n) + 1)
                .op(O::ConvR8)
                .op(O::Mul)
                .op(O::Add);
        }
        il.op(O::Ret);
        let sum = m.method(Sig::fixed(&types, T::R8), &[], il.finish());
        m.compile(sum);
        let mut il = Il::new();
        for n in 0..types.len() as u16 {
            il.arg(n);
        }
        il.tok(O::Call, method_token(sum)).op(O::Ret);
        let outer = m.method(Sig::fixed(&types, T::R8), &[], il.finish());
        m.compile(outer);
        let values: Vec<u64> = types
            .iter()
            .enumerate()
            .map(|(i, t)| match *t {
                t if t == T::R8 => (i as f64).to_bits(),
                t if t == T::R4 => u64::from((i as f32).to_bits()),
                _ => i as u64,
            })
            .collect();
        let want: f64 = (0..types.len()).map(|i| (i * (i + 1)) as f64).sum();
        assert_eq!(m.run(outer, &values).map(f64::from_bits), Ok(want));
        // jmp passes the arguments on
        let mut il = Il::new();
        il.i32(1000).var(O::Starg, 0).tok(O::Jmp, method_token(sum));
        let jumper = m.method(Sig::fixed(&types, T::R8), &[], il.finish());
        assert_eq!(m.go(jumper, &values).map(f64::from_bits), Ok(want + 1000.0));
    });
}

#[test]
fn boxing_and_casts() {
    both(|m| {
        let int = type_token(T::I4);
        let mut il = Il::new();
        il.arg(0).tok(O::Box, int).tok(O::UnboxAny, int).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[41]), Ok(41));
        let mut il = Il::new();
        il.arg(0).tok(O::Unbox, int).op(O::LdindI4).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::OBJECT], T::I4), &[], il.finish());
        let other = m.alloc(T::OBJECT, 16);
        assert_eq!(m.go(f, &[other]), thrown(ThrowKind::InvalidCast));
        assert_eq!(m.run(f, &[0]), thrown(ThrowKind::NullReference));
        // isinst and castclass to a class (helper) and to a sealed one (exact)
        let class = m.host.class(T::OBJECT, 16);
        let derived = m.host.class(class, 16);
        let (x, y) = (m.alloc(class, 16), m.alloc(derived, 16));
        let string = m.alloc(T::STRING, 16);
        for (op, ty, object, want) in [
            (O::Isinst, class, y, Ok(y)),
            (O::Isinst, derived, x, Ok(0)),
            (O::Isinst, class, 0, Ok(0)),
            (O::Isinst, T::STRING, string, Ok(string)),
            (O::Isinst, T::STRING, x, Ok(0)),
            (O::Isinst, T::OBJECT, x, Ok(x)),
            (O::Castclass, class, y, Ok(y)),
            (O::Castclass, class, 0, Ok(0)),
            (O::Castclass, derived, x, thrown(ThrowKind::InvalidCast)),
            (O::Castclass, T::STRING, string, Ok(string)),
            (O::Castclass, T::STRING, 0, Ok(0)),
            (O::Castclass, T::STRING, x, thrown(ThrowKind::InvalidCast)),
        ] {
            let mut il = Il::new();
            il.arg(0).tok(op, type_token(ty)).op(O::Ret);
            let f = m.method(Sig::fixed(&[T::OBJECT], T::OBJECT), &[], il.finish());
            assert_eq!(m.go(f, &[object]), want, "{op:?} {ty:?}");
        }
        // Nullable
        let nullable = type_token(T::NULLABLE);
        let mut il = Il::new();
        il.arg(0)
            .tok(O::UnboxAny, nullable)
            .set(0)
            .loc(0)
            .tok(O::Box, nullable)
            .op(O::Ret);
        let f = m.method(
            Sig::fixed(&[T::OBJECT], T::OBJECT),
            &[T::NULLABLE],
            il.finish(),
        );
        let boxed = m.alloc(T::I4, 16);
        // SAFETY: the new object's payload.
        unsafe { *((boxed + 8) as *mut i32) = 1234 };
        let again = m.go(f, &[boxed]).expect("a box");
        assert_ne!(again, boxed);
        assert_eq!(class_of(again), T::I4);
        // SAFETY: a boxed int.
        assert_eq!(unsafe { *((again + 8) as *const i32) }, 1234);
        assert_eq!(m.run(f, &[0]), Ok(0));
        assert_eq!(m.run(f, &[other]), thrown(ThrowKind::InvalidCast));
    });
}

#[test]
fn statics_and_class_initialisers() {
    both(|m| {
        let class = m.host.class(T::OBJECT, 16);
        let field = m.host.field(T::I8, FieldPlace::Static, false);
        let local = m.host.field(T::I4, FieldPlace::ThreadStatic, false);
        m.host.fields.borrow_mut()[field.0 as usize].class_init = Some(class);
        let mut il = Il::new();
        il.tok(O::Ldsfld, field_token(field))
            .i64(1)
            .op(O::Add)
            .tok(O::Stsfld, field_token(field));
        il.tok(O::Ldsflda, field_token(field)).op(O::LdindI8);
        il.i32(5)
            .tok(O::Stsfld, field_token(local))
            .tok(O::Ldsfld, field_token(local))
            .op(O::ConvI8)
            .op(O::Add);
        il.op(O::Ret);
        let f = m.method(Sig::fixed(&[], T::I8), &[], il.finish());
        assert_eq!(m.go(f, &[]), Ok(6));
        assert_eq!(m.run(f, &[]), Ok(7));
        assert_eq!(m.thread.log.borrow().as_slice(), [-(class.0 as i32)]);
    });
}

#[test]
fn memory_blocks_and_localloc() {
    both(|m| {
        let mut il = Il::new();
        il.arg(0).op(O::Localloc).set(0);
        il.loc(0).i32(0xab).arg(0).op(O::Initblk);
        il.loc(0)
            .op(O::LdcI44)
            .op(O::Add)
            .loc(0)
            .op(O::LdcI44)
            .op(O::Cpblk);
        il.loc(0)
            .op(O::LdcI41)
            .op(O::Add)
            .op(O::Volatile)
            .op(O::LdindU1)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I], il.finish());
        assert_eq!(m.go(f, &[64]), Ok(0xab));
        assert_eq!(m.thread.log.borrow().as_slice(), [1]);
        // Null pointers are an error only when there is something to copy.
        let mut il = Il::new();
        il.op(O::LdcI40)
            .op(O::ConvU)
            .op(O::LdcI40)
            .op(O::ConvU)
            .arg(0)
            .op(O::Cpblk)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::VOID), &[], il.finish());
        assert!(m.go(f, &[0]).is_ok());
        assert_eq!(m.run(f, &[1]), thrown(ThrowKind::NullReference));
    });
}

#[test]
fn typed_references_and_tokens() {
    both(|m| {
        let int = type_token(T::I4);
        let mut il = Il::new();
        il.var(O::Ldarga, 0).tok(O::Mkrefany, int).set(0);
        il.loc(0).tok(O::Refanyval, int).op(O::LdindI4).set(1);
        il.loc(0)
            .op(O::Refanytype)
            .set(2)
            .tok(O::Ldtoken, int)
            .set(3);
        il.loc(1).op(O::ConvI8);
        il.var(O::Ldloca, 2)
            .op(O::LdindI8)
            .var(O::Ldloca, 3)
            .op(O::LdindI8)
            .op(O::Sub)
            .op(O::Add)
            .op(O::Ret);
        let f = m.method(
            Sig::fixed(&[T::I4], T::I8),
            &[T::TYPEDREF, T::I4, T::HANDLE, T::HANDLE],
            il.finish(),
        );
        assert_eq!(m.go(f, &[99]), Ok(99));
        let mut il = Il::new();
        il.var(O::Ldarga, 0)
            .tok(O::Mkrefany, int)
            .tok(O::Refanyval, type_token(T::I8))
            .op(O::LdindI4)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[99]), thrown(ThrowKind::InvalidCast));
    });
}

#[test]
fn intrinsics() {
    both(|m| {
        let which = MethodHandle(0);
        let intrinsic = |sig, i| m.site(sig, Dispatch::Intrinsic(i, which));
        let add = intrinsic(
            Sig::fixed(&[T::BYREF, T::I4], T::I4),
            Intrinsic::InterlockedAdd,
        );
        let inc = intrinsic(
            Sig::fixed(&[T::BYREF], T::I8),
            Intrinsic::InterlockedIncrement,
        );
        let cas = intrinsic(
            Sig::fixed(&[T::BYREF, T::R8, T::R8], T::R8),
            Intrinsic::CompareExchange,
        );
        let sqrt = intrinsic(Sig::fixed(&[T::R8], T::R8), Intrinsic::Sqrt);
        let floor = intrinsic(Sig::fixed(&[T::R8], T::R8), Intrinsic::Floor);
        let mut il = Il::new();
        il.var(O::Ldarga, 0)
            .i32(5)
            .tok(O::Call, method_token(add))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[37]), Ok(42));
        let mut il = Il::new();
        il.var(O::Ldarga, 0)
            .tok(O::Call, method_token(inc))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I8], T::I8), &[], il.finish());
        assert_eq!(m.go(f, &[41]), Ok(42));
        let mut il = Il::new();
        il.var(O::Ldarga, 0)
            .f64(2.5)
            .f64(1.5)
            .tok(O::Call, method_token(cas))
            .arg(0)
            .op(O::Add)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::R8], T::R8), &[], il.finish());
        assert_eq!(m.go(f, &[1.5f64.to_bits()]).map(f64::from_bits), Ok(4.0));
        assert_eq!(m.run(f, &[7.0f64.to_bits()]).map(f64::from_bits), Ok(14.0));
        let mut il = Il::new();
        il.arg(0)
            .tok(O::Call, method_token(sqrt))
            .tok(O::Call, method_token(floor))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::R8], T::R8), &[], il.finish());
        assert_eq!(m.go(f, &[17.0f64.to_bits()]).map(f64::from_bits), Ok(4.0));
    });
}

extern "C" fn native_sum(thread: usize, this: u64, a: i32, b: f64, c: u8) -> u8 {
    assert_ne!(thread, 0);
    (this as i32 + a + b as i32 + i32::from(c)) as u8
}

extern "C" fn native_pair(thread: usize, out: *mut [u64; 2], p: *const [u64; 2]) {
    assert_ne!(thread, 0);
    // SAFETY: the stub passes both.
    unsafe { *out = [(*p)[1], (*p)[0]] };
}

extern "C" fn native_fails(thread: &mut support_thread::Pending) -> u64 {
    thread.0 = thread.0.wrapping_add(FAIL.with(std::cell::Cell::get));
    0
}

mod support_thread {
    /// The first field of the thread.
    #[repr(C)]
    pub struct Pending(pub u64);
}

thread_local! {
    static FAIL: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[test]
fn native_stubs() {
    both(|m| {
        let natives = [
            native_sum as *const () as usize,
            native_pair as *const () as usize,
            native_fails as *const () as usize,
        ];
        *m.natives.borrow_mut() = natives.to_vec();
        let sig = Sig::instance(This::Ref, &[T::I4, T::R8, T::U1], T::I1);
        let stub = m.stub(StubKind::InternalCall { thunk: 0 }, &sig);
        assert_eq!(
            m.call_code(&sig, stub, &[1000, 5, 2.0f64.to_bits(), 200]),
            Ok(((1000 + 207) as u8 as i8) as u64)
        );
        let pair = m.host.structure(16, 8);
        let sig = Sig::fixed(&[pair], pair);
        let stub = m.stub(StubKind::InternalCall { thunk: 1 }, &sig);
        let value = [11u64, 22];
        let got = m
            .call_code(&sig, stub, &[value.as_ptr() as u64])
            .expect("a struct");
        // SAFETY: the result buffer.
        assert_eq!(unsafe { *(got as *const [u64; 2]) }, [22, 11]);
        let sig = Sig::fixed(&[], T::OBJECT);
        let stub = m.stub(StubKind::InternalCall { thunk: 2 }, &sig);
        assert_eq!(m.call_code(&sig, stub, &[]), Ok(0));
        let exception = m.alloc(Machine::exception(ThrowKind::Arithmetic), 24);
        FAIL.with(|f| f.set(exception));
        assert_eq!(m.call_code(&sig, stub, &[]), thrown(ThrowKind::Arithmetic));
        FAIL.with(|f| f.set(0));
    });
}

#[test]
fn delegate_stubs() {
    both(|m| {
        let pair = m.host.structure(16, 8);
        let first = m
            .host
            .field(T::I8, FieldPlace::Instance { offset: 0 }, true);
        let invoke = Sig::instance(This::Ref, &[T::I8, pair], T::I8);
        let delegate = m.alloc(T::OBJECT, 64);
        let set = |object: u64, offset: u64, value: u64| {
            // SAFETY: a field of a test object.
            unsafe { *((object + offset) as *mut u64) = value };
        };
        let mut value = [7u64, 8];
        let args = [delegate, 3, value.as_mut_ptr() as u64];
        // static: a * 10 + p.first; changes its own copy of p
        let static_body = |skip: u16| {
            let mut il = Il::new();
            il.var(O::Ldarga, skip + 1)
                .op(O::Dup)
                .tok(O::Ldfld, field_token(first))
                .i64(1)
                .op(O::Add);
            il.tok(O::Stfld, field_token(first));
            il.arg(skip)
                .i64(10)
                .op(O::Mul)
                .arg(skip + 1)
                .tok(O::Ldfld, field_token(first))
                .op(O::Add)
                .op(O::Ret);
            il.finish()
        };
        let open = m.method(Sig::fixed(&[T::I8, pair], T::I8), &[], static_body(0));
        m.compile(open);
        set(delegate, 24, m.entry(open) as u64);
        let stub = m.stub(StubKind::DelegateOpenStatic { method_ptr_off: 24 }, &invoke);
        assert_eq!(m.call_code(&invoke, stub, &args), Ok(38));
        // instance and closed static: the target's word at +8 is added
        let closed_body = || {
            let field = m
                .host
                .field(T::I8, FieldPlace::Instance { offset: 8 }, false);
            let mut il = Il::new();
            il.arg(0)
                .tok(O::Ldfld, field_token(field))
                .arg(1)
                .op(O::Add);
            il.arg(2)
                .tok(O::Ldfld, field_token(first))
                .op(O::Add)
                .op(O::Ret);
            il.finish()
        };
        let target = m.alloc(T::OBJECT, 16);
        set(target, 8, 1000);
        set(delegate, 16, target);
        let mut value = [7u64, 8];
        let args = [delegate, 3, value.as_mut_ptr() as u64];
        let instance = m.method(
            Sig::instance(This::Ref, &[T::I8, pair], T::I8),
            &[],
            closed_body(),
        );
        m.compile(instance);
        set(delegate, 24, m.entry(instance) as u64);
        let stub = m.stub(
            StubKind::DelegateClosedInstance {
                method_ptr_off: 24,
                target_off: 16,
            },
            &invoke,
        );
        assert_eq!(m.call_code(&invoke, stub, &args), Ok(1010));
        let fixed = m.method(
            Sig::fixed(&[T::OBJECT, T::I8, pair], T::I8),
            &[],
            closed_body(),
        );
        m.compile(fixed);
        set(delegate, 24, m.entry(fixed) as u64);
        let stub = m.stub(
            StubKind::DelegateClosedStatic {
                method_ptr_off: 24,
                target_off: 16,
            },
            &invoke,
        );
        assert_eq!(m.call_code(&invoke, stub, &args), Ok(1010));
        // open instance: the first parameter is `this`
        let open_sig = Sig::instance(This::Ref, &[T::OBJECT, T::I8, pair], T::I8);
        set(delegate, 24, m.entry(instance) as u64);
        let stub = m.stub(
            StubKind::DelegateOpenInstance { method_ptr_off: 24 },
            &open_sig,
        );
        assert_eq!(
            m.call_code(
                &open_sig,
                stub,
                &[delegate, target, 3, value.as_mut_ptr() as u64]
            ),
            Ok(1010)
        );
        // multicast: each callee has its own copy of the struct
        let open_stub = m.stub(StubKind::DelegateOpenStatic { method_ptr_off: 24 }, &invoke);
        let list = m.alloc(T::OBJECT, 64);
        for i in 0..3u64 {
            let part = m.alloc(T::OBJECT, 64);
            set(part, 24, m.entry(open) as u64);
            set(part, 32, open_stub as u64);
            set(list, 16 + 8 * i, part);
        }
        set(list, 8, 3);
        set(delegate, 40, list);
        let stub = m.stub(
            StubKind::DelegateMulticast {
                delegates_off: 40,
                invoke_off: 32,
            },
            &invoke,
        );
        assert_eq!(m.call_code(&invoke, stub, &args), Ok(38));
    });
}

#[test]
fn construction_of_values_and_constrained_calls() {
    both(|m| {
        let (ty, [x, y, _]) = point(m);
        // .ctor(int a) { this.x = a; this.y = a + 1 }
        let mut il = Il::new();
        il.arg(0).arg(1).tok(O::Stfld, field_token(x));
        il.arg(0)
            .arg(1)
            .op(O::LdcI41)
            .op(O::Add)
            .tok(O::Stfld, field_token(y))
            .op(O::Ret);
        let sig = Sig::instance(This::ByRef, &[T::I4], T::VOID);
        let ctor = m.method(sig.clone(), &[], il.finish());
        m.compile(ctor);
        let new = m.site(sig, Dispatch::NewValue { class: ty, ctor });
        let mut il = Il::new();
        il.arg(0)
            .tok(O::Newobj, method_token(new))
            .tok(O::Ldfld, field_token(y))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[9]), Ok(10));
        // constrained. on a value type without an override: box and call
        let object_x = m
            .host
            .field(T::I4, FieldPlace::Instance { offset: 8 }, false);
        let mut il = Il::new();
        il.arg(0).tok(O::Ldfld, field_token(object_x)).op(O::Ret);
        let callee = m.method(Sig::instance(This::Ref, &[], T::I4), &[], il.finish());
        m.compile(callee);
        let boxed = m.declare(Method {
            sig: Sig::instance(This::Ref, &[], T::I4),
            locals: vec![],
            body: Il::new(),
            site: Some(CallSite {
                sig: Sig::instance(This::Ref, &[], T::I4),
                dispatch: Dispatch::Direct(callee),
                this_fixup: ThisFixup::Box(ty),
                null_check: false,
                no_return: false,
            }),
            synchronized: None,
            no_inlining: false,
        });
        let mut il = Il::new();
        il.arg(0).tok(O::Newobj, method_token(new)).set(0);
        il.var(O::Ldloca, 0)
            .tok(O::Constrained, type_token(ty))
            .tok(O::Callvirt, method_token(boxed))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[ty], il.finish());
        assert_eq!(m.go(f, &[9]), Ok(9));
    });
}

#[test]
fn stores_of_references_log_their_line() {
    both(|m| {
        let class = m.host.class(T::OBJECT, 32);
        let f = m
            .host
            .field(T::OBJECT, FieldPlace::Instance { offset: 16 }, false);
        let barrier = m.set_barrier();
        let object = m.alloc(class, 32);
        let mut il = Il::new();
        il.arg(0).arg(1).tok(O::Stfld, field_token(f)).op(O::Ret);
        let store = m.method(
            Sig::fixed(&[T::OBJECT, T::OBJECT], T::VOID),
            &[],
            il.finish(),
        );
        let state = |slot: u64| {
            let entry = |table: usize, shift| table.wrapping_add(slot as usize >> shift);
            // SAFETY: the tables are in the mapping.
            unsafe {
                (
                    *(entry(barrier.table, 7) as *const u8),
                    *(entry(barrier.block_table, 15) as *const u8),
                )
            }
        };
        assert_eq!(state(object), (0, 0));
        assert!(m.go(store, &[object, object]).is_ok());
        assert_eq!(state(object), (5, 1));
        // SAFETY: the object's field.
        assert_eq!(unsafe { *((object + 16) as *const u64) }, object);
        assert_eq!(m.run(store, &[0, object]), thrown(ThrowKind::NullReference));
        // A slot on the stack is outside the heap: no line, no fault.
        let mut il = Il::new();
        il.var(O::Ldloca, 0)
            .arg(0)
            .op(O::StindRef)
            .loc(0)
            .op(O::Ret);
        let local = m.method(
            Sig::fixed(&[T::OBJECT], T::OBJECT),
            &[T::OBJECT],
            il.finish(),
        );
        assert_eq!(m.go(local, &[object]), Ok(object));
        m.host.barrier.set(None);
    });
}

#[test]
fn allocation_from_the_buffer_and_beyond() {
    both(|m| {
        let class = m.host.class(T::OBJECT, 24);
        let make = m.site(
            Sig::instance(This::Ref, &[], T::VOID),
            Dispatch::NewObject { class, ctor: None },
        );
        let mut il = Il::new();
        il.tok(O::Newobj, method_token(make)).op(O::Ret);
        let f = m.method(Sig::fixed(&[], T::OBJECT), &[], il.finish());
        m.compile(f);
        let objects: Vec<u64> = (0..40).map(|_| m.run(f, &[]).expect("an object")).collect();
        assert!(objects.iter().all(|o| class_of(*o) == class));
        assert_eq!(objects[1] - objects[0], 24);
        let mut il = Il::new();
        il.arg(0)
            .tok(O::Newarr, type_token(T::I2))
            .op(O::Dup)
            .op(O::Ldlen)
            .op(O::ConvI4)
            .set(0)
            .op(O::Pop)
            .loc(0)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4], il.finish());
        m.compile(f);
        for n in [0u64, 1, 3, 50, 51, 52, 53, 1000] {
            m.thread.tlab[0] = m.thread.tlab[1] - 300;
            assert_eq!(m.run(f, &[n]), Ok(n));
        }
        assert_eq!(
            m.run(f, &[u64::from(u32::MAX)]),
            thrown(ThrowKind::Overflow)
        );
    });
}
