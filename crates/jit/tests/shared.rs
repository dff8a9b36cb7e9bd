//! Code that several instances run: what it takes from its generic context.

mod support;

use ferrocil_jit::Tier;
use ferrocil_jit::host::{CompilerHost, FieldPlace, MethodHandle, Symbol};
use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::Opcode as O;
use support::{Il, Machine, Method, Sig, T, class_of, field_token, method_token, type_token};

fn both(mut test: impl FnMut(&mut Machine)) {
    for tier in [Tier::Quick, Tier::Optimized] {
        test(&mut Machine::new(tier));
    }
}

/// A static method that returns a constant.
fn constant(m: &Machine, value: i32) -> MethodHandle {
    let mut il = Il::new();
    il.i32(value).op(O::Ret);
    let method = m.declare(Method {
        sig: Sig::fixed(&[], T::I4),
        locals: vec![],
        body: il.finish(),
        site: None,
        synchronized: None,
        no_inlining: true,
    });
    m.compile(method);
    method
}

#[test]
fn each_instance_has_its_own_methods_types_and_statics() {
    both(|m| {
        let classes = [m.host.class(T::OBJECT, 32), m.host.class(T::OBJECT, 32)];
        let offsets = classes.map(|c| m.host.vtable_offset(c).unwrap_or(0));
        let methods = [constant(m, 100), constant(m, 200)];
        let statics = [
            m.host.field(T::I4, FieldPlace::Static, false),
            m.host.field(T::I4, FieldPlace::Static, false),
        ];
        // int f(int n) { do { s += g(); } while (--n); return s; }
        let mut il = Il::new();
        let top = il.label();
        il.bind(top);
        il.tok(O::Ldsfld, field_token(statics[0]))
            .tok(O::Call, method_token(methods[0]))
            .op(O::Add)
            .tok(O::Stsfld, field_token(statics[0]));
        il.arg(0).i32(1).op(O::Sub).var(O::Starg, 0);
        il.arg(0).br(O::Brtrue, top);
        il.tok(O::Ldsfld, field_token(statics[0])).op(O::Ret);
        let sum = m.method(Sig::fixed(&[T::I4], T::I4), &[], il.finish());
        // object h(object o) { return o is C ? o : new C(); }
        let mut il = Il::new();
        let other = il.label();
        il.arg(0).tok(O::Isinst, type_token(classes[0]));
        il.op(O::Dup).br(O::Brfalse, other).op(O::Ret);
        il.bind(other);
        il.op(O::Pop)
            .tok(O::Newobj, method_token(m.make(classes[0])))
            .op(O::Ret);
        let renew = m.method(Sig::fixed(&[T::OBJECT], T::OBJECT), &[], il.finish());
        m.host.generic.borrow_mut().extend([
            Symbol::MethodEntry(sum),
            Symbol::MethodEntry(renew),
            Symbol::MethodEntry(methods[0]),
            Symbol::StaticField(statics[0]),
            Symbol::VTable(classes[0]),
            Symbol::VTableOffset(offsets[0]),
        ]);
        let exact = |which: usize| {
            move |symbol| match symbol {
                Symbol::MethodEntry(_) => Symbol::MethodEntry(methods[which]),
                Symbol::StaticField(_) => Symbol::StaticField(statics[which]),
                Symbol::VTable(_) => Symbol::VTable(classes[which]),
                Symbol::VTableOffset(_) => Symbol::VTableOffset(offsets[which]),
                other => panic!("{other:?} is not generic"),
            }
        };
        m.compile(sum);
        let (a, b) = (m.instance(exact(0)), m.instance(exact(1)));
        let sig = Sig::fixed(&[T::I4], T::I4);
        assert_eq!(m.call_code(&sig, a, &[3]), Ok(300));
        assert_eq!(m.call_code(&sig, b, &[2]), Ok(400));
        assert_eq!(m.call_code(&sig, a, &[1]), Ok(400));
        assert_eq!(m.call_code(&sig, b, &[1]), Ok(600));
        m.compile(renew);
        let codes = [m.instance(exact(0)), m.instance(exact(1))];
        let sig = Sig::fixed(&[T::OBJECT], T::OBJECT);
        let made = codes.map(|code| m.call_code(&sig, code, &[0]).expect("an object"));
        assert_eq!(made.map(class_of), classes);
        for (code, class, own) in [(codes[0], classes[0], 0), (codes[1], classes[1], 1)] {
            assert_eq!(m.call_code(&sig, code, &[made[own]]), Ok(made[own]));
            let other = m
                .call_code(&sig, code, &[made[1 - own]])
                .expect("an object");
            assert_eq!(class_of(other), class);
        }
    });
}

#[test]
fn a_generic_symbol_is_looked_up_once() {
    both(|m| {
        let callee = constant(m, 7);
        let mut il = Il::new();
        il.tok(O::Call, method_token(callee))
            .tok(O::Call, method_token(callee))
            .op(O::Add)
            .op(O::Ret);
        let twice = m.method(Sig::fixed(&[], T::I4), &[], il.finish());
        m.host
            .generic
            .borrow_mut()
            .extend([Symbol::MethodEntry(twice), Symbol::MethodEntry(callee)]);
        m.compile(twice);
        let codes = m.codes.borrow();
        let compiled = &codes.last().expect("code").1;
        assert_eq!(compiled.lookups, [Symbol::MethodEntry(callee)]);
        // Nothing generic is linked.
        assert!(
            compiled
                .relocs
                .iter()
                .all(|r| !matches!(r.symbol, Symbol::MethodEntry(_)))
        );
    });
}

#[test]
fn code_of_one_instance_has_no_context() {
    both(|m| {
        // Nor has shared code that takes nothing from it.
        let next = MethodHandle(m.host.methods.borrow().len() as u32);
        m.host.generic.borrow_mut().push(Symbol::MethodEntry(next));
        for value in [1, 2] {
            let f = constant(m, value);
            {
                let codes = m.codes.borrow();
                let compiled = &codes.last().expect("code").1;
                assert!(compiled.lookups.is_empty());
                assert_eq!(compiled.context_offset, None);
            }
            assert_eq!(m.run(f, &[]), Ok(value as u64));
        }
    });
}

#[test]
fn filters_are_refused() {
    both(|m| {
        let mut il = Il::new();
        let out = il.label();
        il.op(O::Ldnull).op(O::Throw);
        let end = il.here();
        il.op(O::Pop).i32(1).op(O::Endfilter);
        let handler = il.here();
        il.op(O::Pop).br(O::Leave, out);
        let after = il.here();
        il.clause(EhKind::Filter(end), (0, end), (handler, after));
        il.bind(out).i32(5).op(O::Ret);
        let sig = Sig::fixed(&[], T::I4);
        let next = MethodHandle(m.host.methods.borrow().len() as u32);
        m.host.generic.borrow_mut().push(Symbol::MethodEntry(next));
        let refused = m.try_compile(sig, &[T::I4], il.finish());
        assert!(refused.is_err_and(|e| e.contains("filters")));
    });
}
