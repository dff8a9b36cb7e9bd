//! Control flow and exceptions.

mod support;

use ferrocil_jit::Tier;
use ferrocil_jit::host::{MethodHandle, SyncObject, This, ThrowKind};
use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::Opcode as O;
use support::{Il, Machine, Method, Sig, T, method_token, type_token};

fn both(mut test: impl FnMut(&mut Machine)) {
    for tier in [Tier::Quick, Tier::Optimized] {
        test(&mut Machine::new(tier));
    }
}

fn thrown(kind: ThrowKind) -> support::Outcome {
    Err(Machine::exception(kind))
}

/// `throw new E(kind)`, as a division or an explicit object.
fn throw_null(il: &mut Il) {
    il.ops(&[O::Ldnull, O::Throw]);
}

#[test]
fn loops_and_switch() {
    both(|m| {
        // sum of 0..n
        let mut il = Il::new();
        let (head, body) = (il.label(), il.label());
        il.br(O::Br, head).bind(body);
        il.loc(0).loc(1).op(O::Add).set(0);
        il.loc(1).op(O::LdcI41).op(O::Add).set(1);
        il.bind(head).loc(1).arg(0).br(O::Blt, body);
        il.loc(0).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4, T::I4], il.finish());
        assert_eq!(m.go(f, &[10]), Ok(45));
        assert_eq!(m.run(f, &[0]), Ok(0));
        m.thread.poll = 1;
        assert_eq!(m.run(f, &[3]), Ok(3));
        assert_eq!(m.thread.log.borrow().as_slice(), [777]);

        // switch
        let mut il = Il::new();
        let cases = [il.label(), il.label(), il.label()];
        il.arg(0).switch(&cases).i32(-1).op(O::Ret);
        for (i, case) in cases.into_iter().enumerate() {
            il.bind(case).i32(i as i32 * 10).op(O::Ret);
        }
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        m.compile(f);
        let got: Vec<_> = (-1i32..4)
            .map(|n| m.run(f, &[n as u32 as u64]).map(|r| r as i32))
            .collect();
        assert_eq!(got, [Ok(-1), Ok(0), Ok(10), Ok(20), Ok(-1)]);

        // values on the stack at a join: n < 0 ? -n : n, plus 1
        let mut il = Il::new();
        let (neg, join) = (il.label(), il.label());
        il.op(O::LdcI41)
            .arg(0)
            .op(O::LdcI40)
            .br(O::Blt, neg)
            .arg(0)
            .br(O::Br, join);
        il.bind(neg)
            .arg(0)
            .op(O::Neg)
            .bind(join)
            .op(O::Add)
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[-5i32 as u32 as u64]), Ok(6));
        assert_eq!(m.run(f, &[7]), Ok(8));

        // a loop whose variables swap: fibonacci
        let mut il = Il::new();
        let (head, done) = (il.label(), il.label());
        il.op(O::LdcI41).set(1);
        il.bind(head).arg(0).br(O::Brfalse, done);
        il.loc(0).loc(1).op(O::Add).loc(1).set(0).set(1);
        il.arg(0)
            .op(O::LdcI41)
            .op(O::Sub)
            .var(O::Starg, 0)
            .br(O::Br, head);
        il.bind(done).loc(0).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4, T::I4], il.finish());
        assert_eq!(m.go(f, &[10]), Ok(55));
    });
}

/// local 0 counts: +1 before the throw, +10 in the handler, +100 after.
fn counting(kind: EhKind, throws: bool) -> Il {
    let mut il = Il::new();
    let out = il.label();
    il.i32(1).set(0);
    if throws {
        il.arg(0).op(O::LdcI40).op(O::Div).op(O::Pop);
    }
    il.br(O::Leave, out);
    let end = il.here();
    if matches!(kind, EhKind::Catch(_)) {
        il.op(O::Pop);
    }
    il.loc(0).i32(10).op(O::Add).set(0);
    if matches!(kind, EhKind::Catch(_)) {
        il.br(O::Leave, out);
    } else {
        il.op(O::Endfinally);
    }
    let after = il.here();
    il.clause(kind, (0, end), (end, after));
    il.bind(out).loc(0).i32(100).op(O::Add).op(O::Ret);
    il.finish()
}

#[test]
fn catch_and_finally() {
    both(|m| {
        let object = type_token(T::OBJECT);
        let divide = type_token(Machine::exception(ThrowKind::DivideByZero));
        let null = type_token(Machine::exception(ThrowKind::NullReference));
        for (kind, throws, want) in [
            (EhKind::Catch(object), true, Ok(111)),
            (EhKind::Catch(object), false, Ok(101)),
            (EhKind::Catch(divide), true, Ok(111)),
            (EhKind::Catch(null), true, thrown(ThrowKind::DivideByZero)),
            (EhKind::Finally, false, Ok(111)),
            (EhKind::Finally, true, thrown(ThrowKind::DivideByZero)),
            (EhKind::Fault, false, Ok(101)),
            (EhKind::Fault, true, thrown(ThrowKind::DivideByZero)),
        ] {
            let f = m.method(
                Sig::fixed(&[T::I4], T::I4),
                &[T::I4],
                counting(kind, throws),
            );
            assert_eq!(m.go(f, &[5]), want, "{kind:?} {throws}");
        }
    });
}

/// `static void Thrower() { throw null; }`
fn thrower(m: &Machine) -> MethodHandle {
    let mut il = Il::new();
    throw_null(&mut il);
    let f = m.method(Sig::fixed(&[], T::VOID), &[], il.finish());
    m.compile(f);
    f
}

#[test]
fn nested_finally_and_catch_in_caller() {
    both(|m| {
        let thrower = thrower(m);
        // try { try { try { thrower() } finally { a |= 1 } } finally { a |= 2 } } catch { a |= 4 } return a
        let mut il = Il::new();
        let (l1, l2, l3) = (il.label(), il.label(), il.label());
        il.tok(O::Call, method_token(thrower)).br(O::Leave, l1);
        let e1 = il.here();
        il.loc(0)
            .i32(3)
            .op(O::Mul)
            .i32(1)
            .op(O::Add)
            .set(0)
            .op(O::Endfinally);
        let f1 = il.here();
        il.bind(l1).br(O::Leave, l2);
        let e2 = il.here();
        il.loc(0)
            .i32(3)
            .op(O::Mul)
            .i32(2)
            .op(O::Add)
            .set(0)
            .op(O::Endfinally);
        let f2 = il.here();
        il.bind(l2).br(O::Leave, l3);
        let e3 = il.here();
        il.op(O::Pop)
            .loc(0)
            .i32(100)
            .op(O::Add)
            .set(0)
            .br(O::Leave, l3);
        let f3 = il.here();
        il.clause(EhKind::Finally, (0, e1), (e1, f1));
        il.clause(EhKind::Finally, (0, e2), (e2, f2));
        il.clause(EhKind::Catch(type_token(T::OBJECT)), (0, e3), (e3, f3));
        il.bind(l3).loc(0).op(O::Ret);
        let f = m.method(Sig::fixed(&[], T::I4), &[T::I4], il.finish());
        assert_eq!(m.go(f, &[]), Ok(105));
        assert!(m.thread.unwinding.borrow().is_empty());
    });
}

#[test]
fn leave_through_two_finallys_to_different_targets() {
    both(|m| {
        // for i in 0..3: try { try { if i == 1 leave A; leave B } finally { x += 1 } } finally { x += 10 }
        let mut il = Il::new();
        let (a, b, inner) = (il.label(), il.label(), il.label());
        il.arg(0).br(O::Brtrue, inner);
        il.br(O::Leave, b);
        il.bind(inner).br(O::Leave, a);
        let e1 = il.here();
        il.loc(0).i32(1).op(O::Add).set(0).op(O::Endfinally);
        let f1 = il.here();
        il.loc(0).i32(10).op(O::Add).set(0).op(O::Endfinally);
        let f2 = il.here();
        il.clause(EhKind::Finally, (0, e1), (e1, f1));
        il.clause(EhKind::Finally, (0, f1), (f1, f2));
        il.bind(a).loc(0).i32(100).op(O::Add).op(O::Ret);
        il.bind(b).loc(0).i32(200).op(O::Add).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4], il.finish());
        assert_eq!(m.go(f, &[1]), Ok(111));
        assert_eq!(m.run(f, &[0]), Ok(211));
    });
}

#[test]
fn rethrow_and_value_of_exception() {
    both(|m| {
        // try { try { 1/0 } catch (object e) { local = e; rethrow } } catch (object e) { return e == local }
        let mut il = Il::new();
        let (out, mid) = (il.label(), il.label());
        il.i32(1).arg(0).op(O::Div).op(O::Pop).br(O::Leave, mid);
        let e1 = il.here();
        il.set(0).op(O::Rethrow);
        let f1 = il.here();
        il.bind(mid).br(O::Leave, out);
        let e2 = il.here();
        il.loc(0).op(O::Ceq).set(1).br(O::Leave, out);
        let f2 = il.here();
        let object = type_token(T::OBJECT);
        il.clause(EhKind::Catch(object), (0, e1), (e1, f1));
        il.clause(EhKind::Catch(object), (0, e2), (e2, f2));
        il.bind(out).loc(1).op(O::Ret);
        let f = m.method(
            Sig::fixed(&[T::I4], T::I4),
            &[T::OBJECT, T::I4],
            il.finish(),
        );
        assert_eq!(m.go(f, &[0]), Ok(1));
        assert_eq!(m.run(f, &[1]), Ok(0));
    });
}

#[test]
fn filters_see_locals_and_arguments() {
    both(|m| {
        // try { local = arg + 1; thrower() } filter { local == 6 } { return local * 2 }
        let thrower = thrower(m);
        let mut il = Il::new();
        let out = il.label();
        il.arg(0).op(O::LdcI41).op(O::Add).set(0);
        il.tok(O::Call, method_token(thrower)).br(O::Leave, out);
        let filter = il.here();
        il.op(O::Pop).arg(1).loc(0).op(O::Ceq);
        il.loc(1).op(O::LdcI41).op(O::Add).set(1).op(O::Endfilter);
        let handler = il.here();
        il.op(O::Pop)
            .loc(0)
            .i32(2)
            .op(O::Mul)
            .set(0)
            .br(O::Leave, out);
        let end = il.here();
        il.clause(EhKind::Filter(filter), (0, filter), (handler, end));
        il.bind(out)
            .loc(0)
            .i32(1000)
            .loc(1)
            .op(O::Mul)
            .op(O::Add)
            .op(O::Ret);
        let f = m.method(
            Sig::fixed(&[T::I4, T::I4], T::I4),
            &[T::I4, T::I4],
            il.finish(),
        );
        assert_eq!(m.go(f, &[5, 6]), Ok(1012));
        assert_eq!(m.run(f, &[4, 6]), thrown(ThrowKind::NullReference));
    });
}

#[test]
fn exceptions_in_filters_are_false() {
    both(|m| {
        let thrower = thrower(m);
        let mut il = Il::new();
        let out = il.label();
        il.tok(O::Call, method_token(thrower)).br(O::Leave, out);
        let filter = il.here();
        il.op(O::Pop).i32(1).arg(0).op(O::Div).op(O::Endfilter);
        let handler = il.here();
        il.op(O::Pop).br(O::Leave, out);
        let end = il.here();
        il.clause(EhKind::Filter(filter), (0, filter), (handler, end));
        il.bind(out).i32(7).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[1]), Ok(7));
        assert_eq!(m.run(f, &[0]), thrown(ThrowKind::NullReference));
    });
}

#[test]
fn synchronized_methods_release_their_lock() {
    both(|m| {
        let mut il = Il::new();
        il.i32(6).arg(1).op(O::Div).op(O::Ret);
        let class = m.host.class(T::OBJECT, 16);
        let f = m.declare(Method {
            sig: Sig::instance(This::Ref, &[T::I4], T::I4),
            locals: vec![],
            body: il.finish(),
            site: None,
            synchronized: Some(SyncObject::This),
            no_inlining: false,
        });
        let this = m.alloc(class, 16);
        let lock = class.0 as i32;
        assert_eq!(m.go(f, &[this, 3]), Ok(2));
        assert_eq!(m.thread.log.borrow().as_slice(), [lock, lock]);
        assert_eq!(m.run(f, &[this, 0]), thrown(ThrowKind::DivideByZero));
        assert_eq!(m.thread.log.borrow().as_slice(), [lock, lock, lock, lock]);
    });
}

#[test]
fn locals_changed_in_try_are_seen_by_handlers_and_after() {
    both(|m| {
        let thrower = thrower(m);
        // x = 1; try { x = 2; call maybe; x = 3 } catch { } return x
        let mut il = Il::new();
        let (skip, out) = (il.label(), il.label());
        il.i32(1).set(0);
        let start = il.here();
        il.i32(2).set(0).arg(0).br(O::Brfalse, skip);
        il.tok(O::Call, method_token(thrower));
        il.bind(skip).i32(3).set(0).br(O::Leave, out);
        let end = il.here();
        il.op(O::Pop).br(O::Leave, out);
        let after = il.here();
        il.clause(
            EhKind::Catch(type_token(T::OBJECT)),
            (start, end),
            (end, after),
        );
        il.bind(out).loc(0).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4], il.finish());
        assert_eq!(m.go(f, &[1]), Ok(2));
        assert_eq!(m.run(f, &[0]), Ok(3));
    });
}

#[test]
fn exception_inside_a_loop_keeps_ssa_variables() {
    both(|m| {
        // for (i = 0; i < n; i++) { try { if (i odd) throw } catch { caught++ } } return caught * 100 + i
        let thrower = thrower(m);
        let mut il = Il::new();
        let (head, body, even, next) = (il.label(), il.label(), il.label(), il.label());
        il.br(O::Br, head).bind(body);
        let start = il.here();
        il.loc(0).op(O::LdcI41).op(O::And).br(O::Brfalse, even);
        il.tok(O::Call, method_token(thrower));
        il.bind(even).br(O::Leave, next);
        let end = il.here();
        il.op(O::Pop)
            .loc(1)
            .op(O::LdcI41)
            .op(O::Add)
            .set(1)
            .br(O::Leave, next);
        let after = il.here();
        il.clause(
            EhKind::Catch(type_token(T::OBJECT)),
            (start, end),
            (end, after),
        );
        il.bind(next).loc(0).op(O::LdcI41).op(O::Add).set(0);
        il.bind(head).loc(0).arg(0).br(O::Blt, body);
        il.loc(1).i32(100).op(O::Mul).loc(0).op(O::Add).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4, T::I4], il.finish());
        assert_eq!(m.go(f, &[7]), Ok(307));
    });
}

#[test]
fn invalid_il_throws() {
    both(|m| {
        let deferred = Err(ferrocil_jit::host::TypeHandle(T::EXCEPTION.0 + 15));
        let bodies: Vec<Vec<O>> = vec![
            vec![O::Add, O::Ret],
            vec![O::Pop, O::Ret],
            vec![O::LdcI40],
            vec![O::Ldnull, O::LdcI41, O::Add, O::Endfilter],
            vec![O::Rethrow],
            vec![O::Endfinally],
            vec![O::Ldarg3, O::Ret],
            vec![O::Stloc0, O::Ret],
        ];
        for ops in bodies {
            let mut il = Il::new();
            il.ops(&ops);
            let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
            assert_eq!(m.go(f, &[1]), deferred, "{ops:?}");
        }
        // A bad token throws when it is reached, not before.
        let mut il = Il::new();
        let bad = il.label();
        il.arg(0).br(O::Brtrue, bad).i32(5).op(O::Ret);
        il.bind(bad)
            .tok(O::Call, ferrocil_metadata::Token(0x0a00_0001))
            .op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        assert_eq!(m.go(f, &[0]), Ok(5));
        assert_eq!(m.run(f, &[1]), deferred);
    });
}

#[test]
fn a_handler_may_begin_with_a_try_block() {
    both(|m| {
        // try { 6 / arg } finally { try { x += 1 } finally { x += 10 } } return x
        let mut il = Il::new();
        let (out, inner) = (il.label(), il.label());
        il.i32(6).arg(0).op(O::Div).op(O::Pop).br(O::Leave, out);
        let e1 = il.here();
        il.loc(0).i32(1).op(O::Add).set(0).br(O::Leave, inner);
        let e2 = il.here();
        il.loc(0).i32(10).op(O::Add).set(0).op(O::Endfinally);
        let f2 = il.here();
        il.bind(inner).op(O::Endfinally);
        let f1 = il.here();
        il.clause(EhKind::Finally, (e1, e2), (e2, f2));
        il.clause(EhKind::Finally, (0, e1), (e1, f1));
        il.bind(out).loc(0).op(O::Ret);
        let f = m.method(Sig::fixed(&[T::I4], T::I4), &[T::I4], il.finish());
        assert_eq!(m.go(f, &[1]), Ok(11));
        assert_eq!(m.run(f, &[0]), thrown(ThrowKind::DivideByZero));
    });
}
