//! Golden compiler output: the hir of small methods, and every stage of a few.
//! `JIT_BLESS=1` rewrites the files.

mod support;

use std::path::Path;

use ferrocil_jit::host::{CallSig, Dispatch, FieldPlace, Repr, This, TypeHandle};
use ferrocil_jit::{CompilerOptions, Tier, il_listing};
use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::Opcode as O;
use support::{Il, Machine, Sig, T, field_token, method_token, type_token};

/// The hir after all passes.
fn check(name: &str, m: &Machine, sig: CallSig, locals: &[TypeHandle], il: Il) {
    let compiled = m.try_compile(sig, locals, il).expect("compiled code");
    let dumps = compiled.dumps.expect("dumps");
    compare(&format!("{name}.hir"), &dumps.hir);
}

/// Every stage, for a machine without this one's extensions.
fn check_stages(name: &str, sig: CallSig, locals: &[TypeHandle], il: Il) {
    let m = Machine::with_options(
        Tier::Optimized,
        CompilerOptions {
            verify: true,
            check: true,
            dumps: true,
            baseline_cpu: true,
        },
    );
    let code = il.code.clone();
    let compiled = m.try_compile(sig, locals, il).expect("compiled code");
    let mut text = format!("----- IL\n{}", il_listing(&code));
    let dumps = compiled.dumps.as_ref().expect("dumps");
    for (stage, hir) in &dumps.stages {
        text += &format!("----- hir after {stage}\n{hir}");
    }
    text += &format!("----- clif\n{}", dumps.clif);
    text += &format!("----- code\n{}", compiled.listing());
    compare(&format!("{name}.stages"), &text);
}

fn compare(file: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file);
    if std::env::var_os("JIT_BLESS").is_some() {
        std::fs::write(&path, got).expect("a golden file");
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        got.trim(),
        want.trim(),
        "{file}: run with JIT_BLESS=1 if the change is meant"
    );
}

#[test]
fn sum_of_a_vector() {
    let m = Machine::new(Tier::Optimized);
    let mut il = Il::new();
    let (head, body) = (il.label(), il.label());
    il.br(O::Br, head).bind(body);
    il.loc(0).arg(0).loc(1).op(O::LdelemI4).op(O::Add).set(0);
    il.loc(1).op(O::LdcI41).op(O::Add).set(1);
    il.bind(head)
        .loc(1)
        .arg(0)
        .op(O::Ldlen)
        .op(O::ConvI4)
        .br(O::Blt, body);
    il.loc(0).op(O::Ret);
    check(
        "sum_of_a_vector",
        &m,
        Sig::fixed(&[T::OBJECT], T::I4),
        &[T::I4, T::I4],
        il.finish(),
    );
}

#[test]
fn try_finally() {
    let m = Machine::new(Tier::Optimized);
    let mut il = Il::new();
    let (a, b, skip) = (il.label(), il.label(), il.label());
    il.arg(0)
        .br(O::Brtrue, skip)
        .br(O::Leave, a)
        .bind(skip)
        .i32(6)
        .arg(0)
        .op(O::Div)
        .set(0)
        .br(O::Leave, b);
    let end = il.here();
    il.loc(0).i32(1).op(O::Add).set(0).op(O::Endfinally);
    let after = il.here();
    il.clause(EhKind::Finally, (0, end), (end, after));
    il.bind(a).i32(-1).op(O::Ret).bind(b).loc(0).op(O::Ret);
    check(
        "try_finally",
        &m,
        Sig::fixed(&[T::I4], T::I4),
        &[T::I4],
        il.finish(),
    );
}

#[test]
fn property_expanded_in_place() {
    let m = Machine::new(Tier::Optimized);
    let field = m
        .host
        .field(T::I4, FieldPlace::Instance { offset: 8 }, false);
    let mut getter = Il::new();
    getter.arg(0).tok(O::Ldfld, field_token(field)).op(O::Ret);
    let getter = m.method(Sig::instance(This::Ref, &[], T::I4), &[], getter.finish());
    let mut il = Il::new();
    il.arg(0)
        .tok(O::Callvirt, method_token(getter))
        .arg(0)
        .tok(O::Callvirt, method_token(getter))
        .op(O::Add)
        .op(O::Ret);
    check(
        "property_expanded_in_place",
        &m,
        Sig::fixed(&[T::OBJECT], T::I4),
        &[],
        il.finish(),
    );
}

#[test]
fn structs_and_calls() {
    let m = Machine::new(Tier::Optimized);
    let point = m.host.structure(16, 8);
    let x = m
        .host
        .field(T::I4, FieldPlace::Instance { offset: 0 }, true);
    let sig = Sig::instance(This::Ref, &[point], point);
    let dispatch = Dispatch::VTable {
        offset: 72,
        method: ferrocil_jit::host::MethodHandle(0),
    };
    let callee = m.site(sig, dispatch);
    let mut il = Il::new();
    il.arg(0)
        .loc(0)
        .tok(O::Callvirt, method_token(callee))
        .tok(O::Ldfld, field_token(x));
    il.arg(0)
        .tok(O::Isinst, type_token(T::STRING))
        .op(O::Ldnull)
        .op(O::CgtUn)
        .op(O::Add)
        .op(O::Ret);
    check(
        "structs_and_calls",
        &m,
        Sig::fixed(&[T::OBJECT], T::I4),
        &[point],
        il.finish(),
    );
}

/// `for (i = a.Length - 1; i >= 0; i--) sum += a[i];` has no bounds check.
fn sum_downwards_il() -> Il {
    let mut il = Il::new();
    let (head, body) = (il.label(), il.label());
    il.arg(0)
        .op(O::Ldlen)
        .op(O::ConvI4)
        .op(O::LdcI41)
        .op(O::Sub);
    il.set(1).br(O::Br, head).bind(body);
    il.loc(0).arg(0).loc(1).op(O::LdelemI4).op(O::Add).set(0);
    il.loc(1).op(O::LdcI41).op(O::Sub).set(1);
    il.bind(head).loc(1).op(O::LdcI40).br(O::Bge, body);
    il.loc(0).op(O::Ret);
    il
}

#[test]
fn sum_downwards() {
    let m = Machine::new(Tier::Optimized);
    let sig = Sig::fixed(&[T::OBJECT], T::I4);
    check(
        "sum_downwards",
        &m,
        sig,
        &[T::I4, T::I4],
        sum_downwards_il().finish(),
    );
}

#[test]
fn sum_downwards_stages() {
    let sig = Sig::fixed(&[T::OBJECT], T::I4);
    check_stages(
        "sum_downwards",
        sig,
        &[T::I4, T::I4],
        sum_downwards_il().finish(),
    );
}

/// `for (i = 0; i < n; i++) sum += a[i];` keeps its check; null and length only in the first round.
#[test]
fn sum_up_to_a_count() {
    let m = Machine::new(Tier::Optimized);
    let mut il = Il::new();
    let (head, body) = (il.label(), il.label());
    il.br(O::Br, head).bind(body);
    il.loc(0).arg(0).loc(1).op(O::LdelemI4).op(O::Add).set(0);
    il.loc(1).op(O::LdcI41).op(O::Add).set(1);
    il.bind(head).loc(1).arg(1).br(O::Blt, body);
    il.loc(0).op(O::Ret);
    let sig = Sig::fixed(&[T::OBJECT, T::I4], T::I4);
    check("sum_up_to_a_count", &m, sig, &[T::I4, T::I4], il.finish());
}

/// A struct local whose fields change in a loop is two values; the argument is loaded once.
#[test]
fn struct_taken_apart() {
    let m = Machine::new(Tier::Optimized);
    let pair = m.host.structure(16, 8);
    let fields = vec![(0, Repr::I4), (8, Repr::R8)];
    m.host.scalars.borrow_mut().push((pair, fields));
    let x = m
        .host
        .field(T::I4, FieldPlace::Instance { offset: 0 }, true);
    let mut il = Il::new();
    let (head, body) = (il.label(), il.label());
    il.arg(0).set(0).br(O::Br, head).bind(body);
    il.var(O::LdlocaS, 0).loc(0).tok(O::Ldfld, field_token(x));
    il.op(O::LdcI41).op(O::Sub).tok(O::Stfld, field_token(x));
    il.bind(head).loc(0).tok(O::Ldfld, field_token(x));
    il.br(O::Brtrue, body);
    il.loc(0).op(O::Ret);
    check(
        "struct_taken_apart",
        &m,
        Sig::fixed(&[pair], pair),
        &[pair],
        il.finish(),
    );
}
