//! The checker of the compiler's output: it accepts what the compiler makes of random methods, and
//! objects to every kind of wrong table.

mod support;

use std::fmt::Write as _;

use ferrocil_jit::host::{CallSig, FieldHandle, FieldPlace, Helper, Symbol, This, TypeHandle};
use ferrocil_jit::{CompiledMethod, Fault, LiveWords, RelocKind, Tier, Violation, Witness};
use ferrocil_metadata::il::Opcode as O;
use ferrocil_metadata::{EhKind, Token};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use support::{Il, Machine, Method, Sig, T, field_token, method_token, type_token};

const REFS: u16 = 4;
const COUNTER: u16 = REFS;
/// An object that lives through the whole method.
const KEPT: u16 = REFS + 2;

/// A statement of a random method.
#[derive(Clone, Debug)]
enum Stmt {
    New(u16),
    Call(u16, u16),
    Copy(u16, u16),
    StoreField(u16, u16),
    LoadField(u16, u16),
    StoreStatic(u16),
    StoreElement(u16, u16),
    Divide,
    Cast(u16, u16),
    If(Vec<Stmt>, Vec<Stmt>),
    Loop(Vec<Stmt>),
    Finally(Vec<Stmt>, Vec<Stmt>),
    Catch(Vec<Stmt>, Vec<Stmt>),
    Throw(u16),
}

fn statements() -> impl Strategy<Value = Vec<Stmt>> {
    let var = || 0..REFS;
    let leaf = prop_oneof![
        var().prop_map(Stmt::New),
        (var(), var()).prop_map(|(a, b)| Stmt::Call(a, b)),
        (var(), var()).prop_map(|(a, b)| Stmt::Copy(a, b)),
        (var(), var()).prop_map(|(a, b)| Stmt::StoreField(a, b)),
        (var(), var()).prop_map(|(a, b)| Stmt::LoadField(a, b)),
        var().prop_map(Stmt::StoreStatic),
        (var(), var()).prop_map(|(a, b)| Stmt::StoreElement(a, b)),
        Just(Stmt::Divide),
        (var(), var()).prop_map(|(a, b)| Stmt::Cast(a, b)),
        var().prop_map(Stmt::Throw),
    ];
    let tree = leaf.prop_recursive(4, 40, 5, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            (list(), list()).prop_map(|(a, b)| Stmt::If(a, b)),
            list().prop_map(Stmt::Loop),
            (list(), list()).prop_map(|(a, b)| Stmt::Finally(a, b)),
            (list(), list()).prop_map(|(a, b)| Stmt::Catch(a, b)),
        ]
    });
    prop::collection::vec(tree, 1..8)
}

/// A machine and the tokens that random methods use.
struct World {
    machine: Box<Machine>,
    class: TypeHandle,
    new: Token,
    call: Token,
    field: FieldHandle,
    global: FieldHandle,
}

impl World {
    fn new(tier: Tier) -> World {
        let machine = Machine::new(tier);
        let class = machine.host.class(T::OBJECT, 32);
        let new = method_token(machine.make(class));
        let call = method_token(machine.declare(Method {
            sig: Sig::fixed(&[T::OBJECT], T::OBJECT),
            locals: vec![],
            body: Il::new(),
            site: None,
            synchronized: None,
            no_inlining: true,
        }));
        let place = FieldPlace::Instance { offset: 8 };
        let field = machine.host.field(T::OBJECT, place, false);
        let global = machine.host.field(T::OBJECT, FieldPlace::Static, false);
        World {
            machine,
            class,
            new,
            call,
            field,
            global,
        }
    }

    fn body(&self, statements: &[Stmt]) -> Il {
        let mut il = Il::new();
        il.arg(0).set(0);
        il.tok(O::Newobj, self.new).set(KEPT);
        self.emit(&mut il, statements);
        for var in 1..REFS {
            il.loc(var).tok(O::Call, self.call).op(O::Pop);
        }
        il.loc(KEPT).tok(O::Call, self.call).op(O::Pop);
        il.loc(0).op(O::Ret);
        il.finish()
    }

    fn emit(&self, il: &mut Il, statements: &[Stmt]) {
        for statement in statements {
            match statement {
                Stmt::New(a) => {
                    il.tok(O::Newobj, self.new).set(*a);
                }
                Stmt::Call(a, b) => {
                    il.loc(*b).tok(O::Call, self.call).set(*a);
                }
                Stmt::Copy(a, b) => {
                    il.loc(*b).set(*a);
                }
                Stmt::StoreField(a, b) => {
                    il.loc(*a).loc(*b).tok(O::Stfld, field_token(self.field));
                }
                Stmt::LoadField(a, b) => {
                    il.loc(*b).tok(O::Ldfld, field_token(self.field)).set(*a);
                }
                Stmt::StoreStatic(a) => {
                    il.loc(*a).tok(O::Stsfld, field_token(self.global));
                }
                Stmt::StoreElement(a, b) => {
                    il.loc(*a).arg(1).loc(*b).op(O::StelemRef);
                }
                Stmt::Divide => {
                    il.i32(1000).arg(1).op(O::Div).set(COUNTER + 1);
                }
                Stmt::Cast(a, b) => {
                    il.loc(*b).tok(O::Castclass, type_token(self.class)).set(*a);
                }
                Stmt::If(then, other) => {
                    let (no, end) = (il.label(), il.label());
                    il.arg(1).br(O::Brfalse, no);
                    self.emit(il, then);
                    il.br(O::Br, end).bind(no);
                    self.emit(il, other);
                    il.bind(end);
                }
                Stmt::Loop(body) => {
                    let (head, end) = (il.label(), il.label());
                    il.i32(10).set(COUNTER).bind(head);
                    il.loc(COUNTER).br(O::Brfalse, end);
                    self.emit(il, body);
                    il.loc(COUNTER).i32(1).op(O::Sub).set(COUNTER);
                    il.br(O::Br, head).bind(end);
                }
                Stmt::Finally(body, handler) => {
                    self.protect(il, body, EhKind::Finally, |world, il| {
                        world.emit(il, handler);
                        il.op(O::Endfinally);
                    });
                }
                Stmt::Catch(body, handler) => {
                    let class = type_token(self.class);
                    self.protect(il, body, EhKind::Catch(class), |world, il| {
                        il.set(1);
                        world.emit(il, handler);
                    });
                }
                Stmt::Throw(a) => {
                    let skip = il.label();
                    il.arg(1).br(O::Brtrue, skip);
                    il.loc(*a).op(O::Throw).bind(skip);
                }
            }
        }
    }

    fn protect(
        &self,
        il: &mut Il,
        body: &[Stmt],
        kind: EhKind,
        handler: impl FnOnce(&World, &mut Il),
    ) {
        let end = il.label();
        let start = il.here();
        self.emit(il, body);
        il.br(O::Leave, end);
        let middle = il.here();
        handler(self, il);
        if matches!(kind, EhKind::Catch(_)) {
            il.br(O::Leave, end);
        }
        let after = il.here();
        il.bind(end);
        il.clause(kind, (start, middle), (middle, after));
    }

    fn compile(&self, statements: &[Stmt]) -> (CompiledMethod, Witness) {
        self.compile_as(Sig::fixed(&[T::OBJECT, T::I4], T::OBJECT), statements)
    }

    /// The same as an instance method.
    fn compile_instance(&self, statements: &[Stmt]) -> (CompiledMethod, Witness) {
        let sig = Sig::instance(This::Ref, &[T::I4], T::OBJECT);
        self.compile_as(sig, statements)
    }

    fn compile_as(&self, sig: CallSig, statements: &[Stmt]) -> (CompiledMethod, Witness) {
        let mut locals = vec![T::OBJECT; usize::from(REFS)];
        locals.extend([T::I4, T::I4, T::OBJECT]);
        let body = self.body(statements);
        let made = self.machine.try_compile_with_witness(sig, &locals, body);
        made.unwrap_or_else(|e| panic!("{e}\n{statements:?}"))
    }
}

fn faults(witness: &Witness, method: &CompiledMethod) -> Vec<Fault> {
    let found = witness.check(method).err().unwrap_or_default();
    found.into_iter().map(|v: Violation| v.fault).collect()
}

/// A method in which much is live: three references, a loop, protected regions, stores.
fn sample(tier: Tier) -> (CompiledMethod, Witness) {
    let world = World::new(tier);
    world.machine.set_barrier();
    world.compile(&[
        Stmt::New(1),
        Stmt::Call(2, 1),
        Stmt::Loop(vec![Stmt::StoreField(1, 2), Stmt::Call(3, 2)]),
        Stmt::Catch(
            vec![
                Stmt::Finally(vec![Stmt::Call(1, 2)], vec![Stmt::New(3)]),
                Stmt::Divide,
            ],
            vec![Stmt::Call(2, 1)],
        ),
    ])
}

const TIERS: [Tier; 2] = [Tier::Quick, Tier::Optimized];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_methods_are_accepted(statements in statements(), barrier in any::<bool>()) {
        for tier in TIERS {
            let world = World::new(tier);
            if barrier {
                world.machine.set_barrier();
            }
            // The compiler runs the checker and fails when it objects.
            let (method, witness) = world.compile(&statements);
            assert_eq!(faults(&witness, &method), []);
            assert!(method.invalid.is_none(), "{statements:?}");
            world.machine.host.keeps_this.set(true);
            let (method, witness) = world.compile_instance(&statements);
            assert_eq!(faults(&witness, &method), []);
        }
    }

    #[test]
    fn maps_without_words_are_refused(statements in statements()) {
        for tier in TIERS {
            let (mut method, witness) = World::new(tier).compile(&statements);
            for site in &mut method.call_sites {
                site.live = LiveWords::None;
            }
            let found = faults(&witness, &method);
            let unmapped = |f: &Fault| matches!(f, Fault::Unmapped { .. });
            assert!(found.iter().any(unmapped), "{statements:?}: {found:?}");
        }
    }
}

#[test]
fn wrong_root_maps_are_found() {
    for tier in TIERS {
        let (method, witness) = sample(tier);
        assert_eq!(faults(&witness, &method), []);
        // Each claimed bit by itself.
        let mut dropped = 0;
        for bit in 0..64 * method.live_sets.len() {
            let mut broken = method.clone();
            let word = &mut broken.live_sets[bit / 64];
            if *word >> (bit % 64) & 1 == 0 {
                continue;
            }
            *word &= !(1 << (bit % 64));
            let found = faults(&witness, &broken);
            dropped += usize::from(found.iter().any(|f| matches!(f, Fault::Unmapped { .. })));
        }
        assert!(dropped > 2, "{dropped}");
        let mut broken = method.clone();
        let site = broken.call_sites.iter_mut();
        for site in site.filter(|s| matches!(s.live, LiveWords::Set(_))) {
            site.live = LiveWords::Anything;
        }
        assert!(faults(&witness, &broken).contains(&Fault::NotPreserved));
        let mut broken = method.clone();
        broken.frames[0].area.0 += 8;
        broken.frames[0].frame_size += 8;
        assert!(faults(&witness, &broken).contains(&Fault::FrameMoved));
    }
}

#[test]
fn words_that_were_never_stored_are_found() {
    for tier in TIERS {
        let (method, mut witness) = sample(tier);
        witness.forget_root_stores();
        let found = faults(&witness, &method);
        assert!(found.iter().any(|f| matches!(f, Fault::NotStored { .. })));
        assert!(found.iter().any(|f| matches!(f, Fault::Unmapped { .. })));
    }
}

#[test]
fn wrong_exception_tables_are_found() {
    for tier in TIERS {
        let (method, witness) = sample(tier);
        let protected = |m: &CompiledMethod| {
            let mut sites = m.call_sites.iter();
            sites.position(|s| s.region.is_some()).expect("a region")
        };
        let mut broken = method.clone();
        broken.call_sites.remove(0);
        assert!(faults(&witness, &broken).contains(&Fault::MissingCallSite));
        let mut broken = method.clone();
        broken.call_sites[0].ret_offset -= 1;
        assert!(faults(&witness, &broken).contains(&Fault::NoCall));
        let mut broken = method.clone();
        let site = &mut broken.call_sites[protected(&method)];
        (site.region, site.landing_pad) = (None, None);
        let found = faults(&witness, &broken);
        assert!(found.contains(&Fault::WrongLandingPad));
        assert!(
            found
                .iter()
                .any(|f| matches!(f, Fault::WrongClauses { .. }))
        );
        let mut broken = method.clone();
        broken.call_sites[protected(&method)].landing_pad = Some(1);
        assert!(faults(&witness, &broken).contains(&Fault::WrongLandingPad));
        let mut broken = method.clone();
        for region in &mut broken.regions {
            region.clauses.reverse();
        }
        let found = faults(&witness, &broken);
        assert!(
            found
                .iter()
                .any(|f| matches!(f, Fault::WrongClauses { .. }))
        );
        assert!(
            found
                .iter()
                .any(|f| matches!(f, Fault::WrongHandler { .. }))
        );
        let mut broken = method.clone();
        broken.clauses[0].try_end -= 1;
        assert!(faults(&witness, &broken).contains(&Fault::WrongClause { clause: 0 }));
        let mut broken = method.clone();
        broken.traps.push((
            broken.code.len() as u32 - 1,
            ferrocil_jit::host::ThrowKind::Overflow,
        ));
        assert!(faults(&witness, &broken).contains(&Fault::WrongTraps));
    }
}

#[test]
fn wrong_relocations_are_found() {
    let wrong = |found: &[Fault]| found.iter().any(|f| matches!(f, Fault::WrongReloc { .. }));
    for tier in TIERS {
        let (method, witness) = sample(tier);
        for i in 0..method.relocs.len() {
            let mut text = String::new();
            let _ = write!(text, "{:?}", method.relocs[i]);
            let mut broken = method.clone();
            broken.relocs[i].offset += 1;
            assert!(wrong(&faults(&witness, &broken)), "{text}");
            let mut broken = method.clone();
            broken.relocs[i].addend += 1;
            assert!(wrong(&faults(&witness, &broken)), "{text}");
            let mut broken = method.clone();
            broken.relocs[i].symbol = Symbol::Helper(Helper::FloatRem);
            assert!(wrong(&faults(&witness, &broken)), "{text}");
            let mut broken = method.clone();
            broken.relocs[i].kind = match broken.relocs[i].kind {
                RelocKind::Rel4 => RelocKind::Abs8,
                RelocKind::Abs8 => RelocKind::Rel4,
            };
            assert!(wrong(&faults(&witness, &broken)), "{text}");
            let mut broken = method.clone();
            broken.relocs.remove(i);
            assert!(wrong(&faults(&witness, &broken)), "{text}");
        }
    }
}

#[test]
fn missing_barriers_are_found() {
    for tier in TIERS {
        let world = World::new(tier);
        let stores = [
            Stmt::New(1),
            Stmt::StoreField(1, 0),
            Stmt::Call(2, 0),
            Stmt::StoreField(1, 0),
            Stmt::StoreStatic(0),
            Stmt::StoreElement(1, 0),
        ];
        let (method, mut witness) = world.compile(&stores);
        assert_eq!(faults(&witness, &method), []);
        witness.demand_barriers();
        let found = faults(&witness, &method);
        let missing = |f: &&Fault| matches!(f, Fault::NoBarrier { .. });
        // Not the object that was just made, and not the static field. In quick code a helper stores
        // the element.
        let expected = if tier == Tier::Quick { 1 } else { 2 };
        assert_eq!(found.iter().filter(missing).count(), expected, "{found:?}");
    }
}

#[test]
fn this_that_is_not_kept_is_found() {
    for tier in TIERS {
        let world = World::new(tier);
        let calls = [Stmt::New(1), Stmt::Call(0, 1)];
        let (method, mut witness) = world.compile_instance(&calls);
        assert_eq!(faults(&witness, &method), []);
        witness.demand_this();
        assert_eq!(faults(&witness, &method), [Fault::ThisNotKept]);

        world.machine.host.keeps_this.set(true);
        let (mut method, witness) = world.compile_instance(&calls);
        assert_eq!(faults(&witness, &method), []);
        method.frames[0].always.clear();
        assert!(faults(&witness, &method).contains(&Fault::ThisNotKept));
    }
}
