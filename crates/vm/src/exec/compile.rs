//! First calls: class initialisers, compilation, opening of entries.

use ferrocil_gc::thread_cpu_time;
use ferrocil_jit::Tier;
use ferrocil_jit::host::{CallSig, IlBody, MethodInput, SyncObject};
use ferrocil_metadata::{EhClause, MethodImplAttributes, PInvokeAttributes, Token, TypeAttributes};

use super::codemap::CodeKind;
use super::host::{Host, method_handle, type_handle};
use super::link::link;
use super::tiering::{CALLS_OF_LOOPS, TierPolicy};
use crate::codecache::Recorder;
use crate::domain::{EntryPtr, MethodEntry};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::icall::Thrown;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::{MethodKind, MethodPtr};

/// Called by the prestub with the current thread and the entry: gives the address to go to,
/// or 0 with an exception pending.
pub extern "C" fn prestub(thread: *const Thread, entry: *const MethodEntry) -> usize {
    // SAFETY: the prestub passes r15 and the entry that its precode names.
    let (thread, entry) = unsafe { (&*thread, &*entry) };
    let domain = entry.domain();
    let result = domain
        .entry(entry.method)
        .map_err(|e| thread.throw_load_error(&e))
        .and_then(|e| thread.prepare(e));
    result.unwrap_or(0)
}

impl Thread {
    /// Makes an entry callable: initialises its class if its method triggers that, compiles
    /// it, opens it. Gives the code's address.
    ///
    /// # Errors
    /// What the initialiser threw, or what is wrong with the method.
    pub(crate) fn prepare(&self, entry: EntryPtr) -> Result<usize, Thrown> {
        let method = entry.method;
        let domain = entry.domain();
        let code = match entry.code() {
            Some(code) => code,
            None => {
                let host = Host {
                    runtime: self.runtime(),
                    domain,
                    thread: self,
                    recorder: None,
                };
                let (code, tier) = host
                    .compile(method, None)
                    .map_err(|e| self.throw_load_error(&e))?;
                entry.set_first_code(code, tier)
            }
        };
        let triggers = (method.is_static() || method.name == ".ctor")
            && method.name != ".cctor"
            && method.class.def.is_some()
            && !method
                .class
                .flags
                .contains(TypeAttributes::BEFORE_FIELD_INIT);
        if triggers {
            let vtable = domain
                .vtable(method.class)
                .map_err(|e| self.throw_load_error(&e))?;
            domain.initialize_class(self, vtable)?;
            if !vtable.is_initialized() {
                // The initialiser is still running, in this thread: later calls must come here again.
                return Ok(code);
            }
        }
        let options = self.runtime().options();
        // Optimised virtual methods are counted too: when hot, their code goes into vtables.
        let counted = options.tier == TierPolicy::Auto
            && method.kind == MethodKind::Defined
            && (entry.tier() == Some(Tier::Quick)
                || (method.is_virtual() && !method.is_internal_call()));
        let calls = counted.then(|| {
            let loops = entry.tier() == Some(Tier::Quick) && self.runtime().loops(method);
            let most = if loops { CALLS_OF_LOOPS } else { u32::MAX };
            options.tier_up_calls.min(most)
        });
        if entry
            .open(entry, calls)
            .map_err(|e| self.throw_load_error(&e))?
        {
            self.runtime().tier_up(entry);
        }
        Ok(code)
    }
}

impl Thread {
    /// Compiles a method in the current domain without running anything, to find out whether it
    /// can be.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn precompile(&self, method: MethodPtr) -> LoadResult<()> {
        self.managed(|| {
            let entry = self.domain().entry(method)?;
            if entry.code().is_none() {
                let host = Host {
                    runtime: self.runtime(),
                    domain: self.domain(),
                    thread: self,
                    recorder: None,
                };
                let (code, tier) = host.compile(method, None)?;
                entry.set_first_code(code, tier);
            }
            Ok(())
        })
    }
}

impl Host<'_> {
    /// Compiles a method made at run time.
    pub(super) fn compile_dynamic(
        &self,
        method: MethodPtr,
        sig: CallSig,
    ) -> LoadResult<(usize, Tier)> {
        let runtime = self.runtime;
        let shown = runtime.method_name(method);
        let body = runtime.dynamic_body(method).ok_or_else(|| {
            LoadError::new(
                LoadErrorKind::ExecutionEngine,
                shown.clone(),
                "a dynamic method lost its body",
            )
        })?;
        // Any token that is not nil asks the host for the locals.
        let local_sig = Token(u32::from(!body.locals.is_empty()) | 0x1100_0000);
        let input = MethodInput {
            method: method_handle(method),
            name: &shown,
            sig,
            body: IlBody {
                code: &body.code,
                max_stack: body.max_stack,
                init_locals: body.init_locals,
                local_sig,
                clauses: &body.clauses,
            },
            synchronized: None,
        };
        let tier = self.first_tier(method, &body.code);
        let compiled = self.compile_input(&input, tier)?;
        let code = link(
            self,
            compiled,
            &self.domain.code,
            CodeKind::Method,
            Some(method),
        )?;
        Ok((code, tier))
    }

    /// The tier of a method's first code. Loops get good code at once, but not those of corlib: they
    /// are many in a start, short, and called again when they matter.
    fn first_tier(&self, method: MethodPtr, il: &[u8]) -> Tier {
        match self.runtime.options().tier {
            TierPolicy::Quick => Tier::Quick,
            TierPolicy::Optimized => Tier::Optimized,
            TierPolicy::Auto if self.runtime.is_corlib(method.class.image) => Tier::Quick,
            TierPolicy::Auto if has_loop(il) => Tier::Optimized,
            TierPolicy::Auto => Tier::Quick,
        }
    }

    /// The tier that kept code must have, if only one will do.
    fn asked_tier(&self, asked: Option<Tier>) -> Option<Tier> {
        asked.or(match self.runtime.options().tier {
            TierPolicy::Auto => None,
            TierPolicy::Quick => Some(Tier::Quick),
            TierPolicy::Optimized => Some(Tier::Optimized),
        })
    }

    /// Compiles a method, in this tier if one is given, and links it into its domain. Gives the
    /// code and its tier; stubs count as optimised.
    pub(super) fn compile(
        &self,
        method: MethodPtr,
        tier: Option<Tier>,
    ) -> LoadResult<(usize, Tier)> {
        let runtime = self.runtime;
        let name = || runtime.method_name(method);
        if method.class.open || method.generic_definition {
            return Err(LoadError::new(
                LoadErrorKind::InvalidOperation,
                name(),
                format!("{} has type parameters that are not bound", name()),
            ));
        }
        let sig = self.call_sig(method)?;
        if let MethodKind::Array(kind) = method.kind {
            return Ok((self.array_accessor(method, sig, kind)?, Tier::Optimized));
        }
        if method.kind == MethodKind::Dynamic {
            if let Some(target) = runtime.dynamic_native(method) {
                return Ok((self.native_entry(method, &sig, target)?, Tier::Optimized));
            }
            return self.compile_dynamic(method, sig);
        }
        if method.is_internal_call() {
            if let Some(code) = self.delegate_method(method)? {
                return Ok((code, Tier::Optimized));
            }
            if let Some(code) = self.async_result_invoke(method, &sig)? {
                return Ok((code, Tier::Optimized));
            }
            let target = self.find_icall(method).ok_or_else(|| {
                LoadError::new(
                    LoadErrorKind::MissingInternalCall,
                    name(),
                    format!(
                        "The internal call {} is not implemented by this version of ferrocil.",
                        icall_name(self, method)
                    ),
                )
            })?;
            return Ok((self.native_entry(method, &sig, target)?, Tier::Optimized));
        }
        if method.is_runtime() {
            if let Some(code) = self.delegate_method(method)? {
                return Ok((code, Tier::Optimized));
            }
            if let Some(code) = self.delegate_async(method, &sig)? {
                return Ok((code, Tier::Optimized));
            }
            return Err(LoadError::new(
                LoadErrorKind::NotSupported,
                name(),
                format!(
                    "{} is to be supplied by the runtime, which this version does not",
                    name()
                ),
            ));
        }
        if method.is_pinvoke() {
            return Ok((self.pinvoke(method)?, Tier::Optimized));
        }
        if let Some(shared) = self.instance_code(method, tier)? {
            return Ok(shared);
        }
        if let Some((kept, tier)) = runtime
            .code_cache()
            .and_then(|cache| cache.method(self, method, self.asked_tier(tier)))
        {
            let code = link(
                self,
                kept,
                &self.domain.code,
                CodeKind::Method,
                Some(method),
            )?;
            return Ok((code, tier));
        }
        let image = runtime
            .image(method.def.image)
            .ok_or_else(|| LoadError::type_load(name(), "image not loaded"))?;
        let row = image.image().method_def(method.def.rid)?;
        if row.rva == 0 || method.is_abstract() {
            return Err(LoadError::new(
                LoadErrorKind::InvalidProgram,
                name(),
                format!("{} has no body and cannot be called", name()),
            ));
        }
        let body = image.image().method_body(row.rva).map_err(|e| {
            LoadError::new(
                LoadErrorKind::InvalidProgram,
                name(),
                format!("Invalid IL code in {}: {e}", name()),
            )
        })?;
        let clauses: Vec<EhClause> = body.clauses().collect();
        let code = super::intrinsics::replaced_body(runtime, method).unwrap_or(body.code);
        let synchronized = method
            .impl_flags
            .contains(MethodImplAttributes::SYNCHRONIZED)
            .then(|| {
                if method.is_static() {
                    SyncObject::Type(type_handle(method.class.ty))
                } else {
                    SyncObject::This
                }
            });
        let shown = name();
        if runtime.options().trace_compile {
            eprintln!("compile {shown}");
        }
        let input = MethodInput {
            method: method_handle(method),
            name: &shown,
            sig,
            body: IlBody {
                code,
                max_stack: body.max_stack,
                init_locals: body.init_locals,
                local_sig: body.local_sig,
                clauses: &clauses,
            },
            synchronized,
        };
        let started = thread_cpu_time();
        let tier = tier.unwrap_or_else(|| self.first_tier(method, body.code));
        let recorder = runtime
            .code_cache()
            .filter(|cache| cache.keeps())
            .map(|_| Recorder::default());
        let host = Host {
            recorder: recorder.as_ref(),
            ..*self
        };
        let compiled = host.compile_input(&input, tier)?;
        if let (Some(cache), Some(recorder)) = (runtime.code_cache(), &recorder) {
            cache.note_method(self, method, tier, &compiled, recorder);
        }
        let size = compiled.code.len();
        let code = link(
            self,
            compiled,
            &self.domain.code,
            CodeKind::Method,
            Some(method),
        )?;
        runtime.stats.method_compiled(
            &image.name.name,
            tier,
            body.code.len(),
            size,
            thread_cpu_time().saturating_sub(started),
        );
        Ok((code, tier))
    }

    /// The Rust function behind an internal call.
    fn find_icall(&self, method: MethodPtr) -> Option<crate::icall::NativeFn> {
        let class = icall_class(self, method);
        self.runtime
            .icalls()
            .find(&class, method.name, &icall_signature(self, method))
    }

    fn pinvoke(&self, method: MethodPtr) -> LoadResult<usize> {
        let runtime = self.runtime;
        let image = runtime
            .image(method.def.image)
            .ok_or_else(|| LoadError::type_load("", "image not loaded"))?;
        let target = image.image().pinvoke(method.def.rid)?;
        let flags = target.map_or_else(PInvokeAttributes::empty, |t| t.flags);
        let (library, entry) = target.map_or(("", method.name), |t| (t.library, t.entry_point));
        let class = icall_class(self, method);
        // Functions of the runtime's own native libraries are Rust functions, by class and method
        // or by library and entry point.
        let found = runtime
            .icalls()
            .find(&class, method.name, &icall_signature(self, method))
            .or_else(|| runtime.icalls().find(library, entry, ""));
        match found {
            Some(target) => self.native_entry(method, &self.call_sig(method)?, target),
            None => {
                let sig = self.call_sig(method)?;
                self.native_wrapper(method, sig, library, entry, flags)
            }
        }
    }
}

impl Runtime {
    /// Whether a method's IL has a backward branch.
    fn loops(&self, method: MethodPtr) -> bool {
        let body = || {
            let image = self.image(method.def.image)?.image();
            let row = image.method_def(method.def.rid).ok()?;
            image.method_body(row.rva).ok()
        };
        body().is_some_and(|body| has_loop(body.code))
    }
}

/// Whether IL has a backward branch: such methods are worth good code at once.
fn has_loop(code: &[u8]) -> bool {
    ferrocil_metadata::il::Decoder::new(code)
        .filter_map(Result::ok)
        .any(|i| match i.operand {
            ferrocil_metadata::il::Operand::Branch(target) => target <= i.offset,
            _ => false,
        })
}

fn icall_name(host: &Host<'_>, method: MethodPtr) -> String {
    format!(
        "{}::{}({})",
        icall_class(host, method),
        method.name,
        icall_signature(host, method)
    )
}

/// `Namespace.Outer/Nested` of the generic definition.
pub(crate) fn icall_class(host: &Host<'_>, method: MethodPtr) -> String {
    let ty = match method.class.def {
        Some(def) => host.runtime.universe().def(def),
        None => method.class.ty,
    };
    let ty = if method.class.args.is_none() {
        method.class.ty
    } else {
        ty
    };
    match host.runtime.universe().ty(ty) {
        ferrocil_generics::Type::Primitive(_) => {
            if method.class.namespace.is_empty() {
                method.class.name.to_string()
            } else {
                format!("{}.{}", method.class.namespace, method.class.name)
            }
        }
        _ => host
            .runtime
            .type_name_as(ty, ferrocil_generics::NameStyle::Message),
    }
}

/// Parameters as Mono spells them in internal-call names.
fn icall_signature(host: &Host<'_>, method: MethodPtr) -> String {
    let sig = host
        .runtime
        .signature(method)
        .map(|s| s.params.to_vec())
        .unwrap_or_default();
    let names: Vec<String> = sig
        .iter()
        .map(|&p| {
            host.runtime
                .type_name_as(p, ferrocil_generics::NameStyle::Message)
        })
        .collect();
    names.join(",")
}
