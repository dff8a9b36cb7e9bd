//! Compiling assemblies ahead of time, for other processes: see `docs/code-cache.md`.
//!
//! Everything that can be named without running the program is compiled: methods that are not
//! generic, the shared forms of those that are, and the instances over value types that compiled
//! code names, transitively.

use ferrocil_generics::{ImageId, TypeDef, TypeId};
use ferrocil_jit::host::{Symbol, TypeHandle};
use ferrocil_jit::{CompiledMethod, StubKind, Tier};
use ferrocil_metadata::{ElementType, GenericParamAttributes, TableId};
use rustc_hash::FxHashSet;

use super::host::Host;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::loader::LoadedImage;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::{ClassPtr, MethodKind, MethodPtr};

/// Most methods of one call of [`Thread::precompile_image`]: instances can name ever more instances.
const MOST: usize = 100_000;
/// How deep generic arguments may be nested in instances that are compiled.
const NESTING: u32 = 4;

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Precompiled {
    /// Methods that have code now.
    pub methods: u64,
    /// Methods that were refused; their calls compile, or throw, in the process that makes them.
    pub refused: u64,
}

/// Generic classes of corlib whose instances are made by reflection, or by most programs, over types that
/// many programs use.
const ROOTS: &[(&str, &str)] = &[
    ("System.Collections.Generic", "EqualityComparer`1"),
    ("System.Collections.Generic", "GenericEqualityComparer`1"),
    ("System.Collections.Generic", "Comparer`1"),
    ("System.Collections.Generic", "GenericComparer`1"),
    ("System.Collections.Generic", "List`1"),
    ("System", "EmptyArray`1"),
    ("System", "Span`1"),
    ("System", "ReadOnlySpan`1"),
    ("System", "ByReference`1"),
];

const ROOT_ARGUMENTS: &[ElementType] = &[
    ElementType::Boolean,
    ElementType::Char,
    ElementType::U1,
    ElementType::I4,
    ElementType::I8,
    ElementType::R8,
];

struct Work<'t> {
    host: Host<'t>,
    seen: FxHashSet<MethodPtr>,
    seen_classes: FxHashSet<ClassPtr>,
    open: Vec<MethodPtr>,
}

impl Runtime {
    /// Compiles what an image defines, and instances that this code names, and writes it to the code
    /// cache. `None`: that has been done by this build.
    ///
    /// # Errors
    /// When there is no code cache, or it cannot be written.
    pub fn precompile(
        &self,
        thread: &Thread,
        image: &LoadedImage,
    ) -> LoadResult<Option<Precompiled>> {
        let failed = |what: String| {
            LoadError::new(LoadErrorKind::ExecutionEngine, image.display_name(), what)
        };
        let cache = self
            .code_cache()
            .filter(|cache| cache.keeps())
            .ok_or_else(|| failed("there is no folder for code".into()))?;
        if cache.is_complete(self, image.id) {
            return Ok(None);
        }
        let done = thread.precompile_image(image);
        self.save_code_cache()
            .and_then(|_| cache.complete(self, image.id))
            .map_err(|e| failed(format!("the code cannot be written: {e}")))?;
        Ok(Some(done))
    }
}

impl Thread {
    fn precompile_image(&self, image: &LoadedImage) -> Precompiled {
        self.managed(|| {
            let mut work = Work {
                host: Host {
                    runtime: self.runtime(),
                    domain: self.domain(),
                    thread: self,
                    recorder: None,
                },
                seen: FxHashSet::default(),
                seen_classes: FxHashSet::default(),
                open: Vec::new(),
            };
            for rid in 1..=image.image().row_count(TableId::TypeDef) {
                // What cannot be loaded says so in the process that needs it.
                let _ = work.add_definition(TypeDef {
                    image: image.id,
                    rid,
                });
            }
            if work.host.runtime.is_corlib(image.id) {
                work.add_roots();
            }
            work.run()
        })
    }
}

impl Work<'_> {
    fn run(mut self) -> Precompiled {
        let mut done = Precompiled::default();
        while let Some(method) = self.open.pop() {
            self.host.thread.safepoint();
            match self.host.compile(method, Some(Tier::Optimized)) {
                Ok((code, _)) => {
                    done.methods += 1;
                    if let Some(info) = self.host.runtime.codemap.find(code) {
                        self.add_named(&info.tables);
                    }
                    // Reflection and class initialisers come through these.
                    if method.is_constructor()
                        && let Ok(sig) = self.host.call_sig(method)
                    {
                        let _ = self.host.shared_stub(StubKind::Invoke, &sig);
                    }
                }
                Err(_) => done.refused += 1,
            }
        }
        done
    }

    /// A type definition: its methods, or those of its shared form.
    fn add_definition(&mut self, def: TypeDef) -> LoadResult<()> {
        let runtime = self.host.runtime;
        let class = runtime.class(runtime.type_of_def(def))?;
        let parameters = self.parameters(def.image, TableId::TypeDef, def.rid);
        match parameters {
            None => Ok(()),
            Some(0) => self.add_methods(class),
            Some(count) => {
                let object = runtime.universe().primitive(ElementType::Object);
                let ty = runtime
                    .universe()
                    .inst(def, &vec![object; usize::from(count)])?;
                self.add_methods(runtime.class(ty)?)
            }
        }
    }

    /// Number of generic parameters; `None` when references are no arguments for one of them.
    fn parameters(&self, image: ImageId, table: TableId, rid: u32) -> Option<u16> {
        let image = self.host.runtime.image(image)?.image();
        let mut count = 0;
        for row in image.generic_params(ferrocil_metadata::Token::new(table, rid)) {
            let flags = image.generic_param(row).ok()?.flags;
            if flags.contains(GenericParamAttributes::NOT_NULLABLE_VALUE_TYPE_CONSTRAINT) {
                return None;
            }
            count += 1;
        }
        Some(count)
    }

    fn add_methods(&mut self, class: ClassPtr) -> LoadResult<()> {
        let runtime = self.host.runtime;
        if !self.seen_classes.insert(class) {
            return Ok(());
        }
        for &method in runtime.methods(class)? {
            if !method.generic_definition {
                self.add(method);
                continue;
            }
            let def = method.def;
            if let Some(count) = self.parameters(def.image, TableId::MethodDef, def.rid) {
                let object = runtime.universe().primitive(ElementType::Object);
                let args = runtime
                    .universe()
                    .inst_of(&vec![object; usize::from(count)])?;
                // Where references break a constraint, there is no such instance.
                if let Ok(instance) = runtime.method(class, def, Some(args)) {
                    self.add(instance);
                }
            }
        }
        Ok(())
    }

    /// A method, or the shared form that it runs.
    fn add(&mut self, method: MethodPtr) {
        let runtime = self.host.runtime;
        let method = match runtime.shared_form(method) {
            Ok(Some(form)) => match runtime.shared_method(&form) {
                Ok(shared) => shared,
                Err(_) => return,
            },
            Ok(None) => method,
            Err(_) => return,
        };
        let library = method.is_pinvoke() && !method.is_internal_call();
        if method.is_abstract()
            || library
            || method.kind != MethodKind::Defined
            || self.seen.len() >= MOST
            || self.nesting(method.class.ty) > NESTING
            || method.args.is_some_and(|args| {
                let args = runtime.universe().args(args);
                args.iter().any(|&ty| self.nesting(ty) >= NESTING)
            })
        {
            return;
        }
        if self.seen.insert(method) {
            self.open.push(method);
        }
    }

    fn nesting(&self, ty: TypeId) -> u32 {
        let universe = self.host.runtime.universe();
        let args = universe.type_args(ty).map(|args| universe.args(args));
        let of_args = args.map(|args| args.iter().map(|&ty| self.nesting(ty)).max());
        let own = of_args.map_or(0, |deepest| 1 + deepest.unwrap_or(0));
        let element = self.host.runtime.class(ty).ok().and_then(|c| c.element);
        match element {
            Some(element) if element.ty != ty => own.max(1 + self.nesting(element.ty)),
            _ => own,
        }
    }

    /// Instances of generic types and methods that code names.
    fn add_named(&mut self, code: &CompiledMethod) {
        let named = code.relocs.iter().map(|reloc| reloc.symbol);
        for symbol in named.chain(code.lookups.iter().copied()) {
            match symbol {
                Symbol::MethodEntry(m) => {
                    if let Ok(method) = self.host.method(m)
                        && (method.class.args.is_some() || method.args.is_some())
                    {
                        self.add(method);
                    }
                }
                Symbol::VTable(t) | Symbol::ClassInitFlag(t) => self.add_class(t),
                _ => {}
            }
        }
    }

    /// What can be called through a generic class that code names.
    fn add_class(&mut self, ty: TypeHandle) {
        let Ok(class) = self.host.class(ty) else {
            return;
        };
        if class.args.is_some() && self.nesting(class.ty) <= NESTING {
            let _ = self.add_methods(class);
        }
    }

    fn add_roots(&mut self) {
        let runtime = self.host.runtime;
        let universe = runtime.universe();
        for &(namespace, name) in ROOTS {
            let Some(def) = runtime.corlib().find_type(namespace, name) else {
                continue;
            };
            for &argument in ROOT_ARGUMENTS {
                let instance = universe.inst(def, &[universe.primitive(argument)]);
                if let Ok(class) = instance
                    .map_err(Into::into)
                    .and_then(|ty| runtime.class(ty))
                {
                    let _ = self.add_methods(class);
                }
            }
        }
    }
}
