//! The compiler object: machine description, tiers and scratch memory.

use std::sync::{Mutex, PoisonError};

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{Function as ClifFunction, Signature};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;

use crate::check::{Evidence, Machine};
use crate::clif::lower::{Names, RootSlots};
use crate::clif::symbols::SymbolTable;
use crate::code::{Assembler, Source};
use crate::error::CompileError;
use crate::hir::Func;
use crate::roots::RootPlan;

/// How much effort a compilation spends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Tier {
    /// Fast compilation: no optimisation, single-pass register allocation.
    Quick,
    /// Good code: all passes, backtracking register allocation.
    Optimized,
}

/// Options of a [`Compiler`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CompilerOptions {
    /// Run Cranelift's verifier on every function (slow; for tests).
    pub verify: bool,
    /// Check the tables of every method against its hir (see [`crate::Witness`]).
    pub check: bool,
    /// Fill [`crate::CompiledMethod::dumps`].
    pub dumps: bool,
    /// Ignore the features of this CPU beyond x86-64-v2, for reproducible output.
    pub baseline_cpu: bool,
}

/// Compiles methods and stubs for the machine it runs on. Shared between threads.
pub struct Compiler {
    pub(crate) options: CompilerOptions,
    quick: OwnedTargetIsa,
    optimized: OwnedTargetIsa,
    scratch: Mutex<Vec<Box<Scratch>>>,
}

/// Memory that is reused from one compilation to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    context: Option<Context>,
    pub(crate) frontend: FunctionBuilderContext,
    control: ControlPlane,
}

impl Compiler {
    /// A compiler for this machine.
    ///
    /// # Errors
    /// [`CompileError::UnsupportedMachine`] when the machine is not x86-64 with SSE4.1.
    pub fn new(options: CompilerOptions) -> Result<Compiler, CompileError> {
        Ok(Compiler {
            options,
            quick: isa(options, Tier::Quick)?,
            optimized: isa(options, Tier::Optimized)?,
            scratch: Mutex::new(Vec::new()),
        })
    }

    /// What compiled code depends on beyond its input: machine features and settings of both tiers.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let tier = |isa: &OwnedTargetIsa| {
            let features: Vec<String> = isa.isa_flags().iter().map(ToString::to_string).collect();
            format!("{} {} {}", isa.triple(), isa.flags(), features.join(" "))
        };
        format!(
            "{:?} {} {}",
            self.options,
            tier(&self.quick),
            tier(&self.optimized)
        )
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> CompilerOptions {
        self.options
    }

    pub(crate) fn isa(&self, tier: Tier) -> &OwnedTargetIsa {
        match tier {
            Tier::Quick => &self.quick,
            Tier::Optimized => &self.optimized,
        }
    }

    /// Runs `work` with scratch memory.
    pub(crate) fn with_scratch<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let taken = self
            .scratch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut scratch = taken.unwrap_or_default();
        let result = work(&mut scratch);
        self.scratch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(scratch);
        result
    }

    /// Builds one function with `build` and appends its code.
    #[expect(clippy::too_many_arguments, reason = "parts of one compilation")]
    pub(crate) fn function(
        &self,
        tier: Tier,
        signature: Signature,
        symbols: &mut SymbolTable,
        assembler: &mut Assembler,
        mut dumps: Option<&mut crate::Dumps>,
        hir: Option<(&Func, &RootPlan)>,
        build: impl FnOnce(
            &mut ClifFunction,
            &mut FunctionBuilderContext,
            &mut SymbolTable,
        ) -> Result<(RootSlots, Names), CompileError>,
    ) -> Result<Option<Evidence>, CompileError> {
        self.with_scratch(|scratch| {
            let mut context = scratch.context.take().unwrap_or_else(Context::new);
            context.clear();
            context.func.signature = signature;
            // A builder that failed half-way leaves its context dirty: use a fresh one then.
            let mut frontend = std::mem::take(&mut scratch.frontend);
            let (slots, names) = build(&mut context.func, &mut frontend, symbols)?;
            scratch.frontend = frontend;
            let before = (self.options.check && hir.is_some()).then(|| context.func.clone());
            if let Some(dumps) = &mut dumps {
                use std::fmt::Write;
                let _ = writeln!(dumps.clif, "{}", context.func.display());
                context.set_disasm(true);
            }
            let compiled = context
                .compile(&**self.isa(tier), &mut scratch.control)
                .map_err(|e| {
                    CompileError::Codegen(match e.inner {
                        cranelift_codegen::CodegenError::Verifier(errors) => {
                            cranelift_codegen::print_errors::pretty_verifier_error(
                                e.func, None, errors,
                            )
                        }
                        other => other.to_string(),
                    })
                })?;
            if let (Some(text), Some(dumps)) = (&compiled.vcode, dumps) {
                dumps.vcode.push_str(text);
                dumps.vcode.push('\n');
            }
            let compiled = context
                .take_compiled_code()
                .ok_or_else(|| CompileError::Codegen("no code".into()))?;
            let source = match hir {
                Some((func, plan)) => Source::Hir(func, plan, &slots),
                None => Source::Stub(&slots),
            };
            assembler.add(&context.func, &compiled, symbols, &source)?;
            let evidence = before.zip(hir).map(|(clif, (func, _))| Evidence {
                hir: func.clone(),
                clif,
                names,
                machine: Machine::new(&compiled, slots.area),
            });
            scratch.context = Some(context);
            Ok(evidence)
        })
    }
}

fn isa(options: CompilerOptions, tier: Tier) -> Result<OwnedTargetIsa, CompileError> {
    let unsupported = |e: &dyn std::fmt::Display| CompileError::UnsupportedMachine(e.to_string());
    let mut flags = settings::builder();
    let mut set = |name: &str, value: &str| flags.set(name, value).map_err(|e| unsupported(&e));
    set("is_pic", "false")?;
    set("enable_pinned_reg", "true")?;
    set("preserve_frame_pointers", "true")?;
    set("unwind_info", "false")?;
    set("enable_probestack", "true")?;
    set("probestack_strategy", "inline")?;
    set(
        "enable_verifier",
        if options.verify { "true" } else { "false" },
    )?;
    set("machine_code_cfg_info", "false")?;
    set("enable_heap_access_spectre_mitigation", "false")?;
    set("enable_table_access_spectre_mitigation", "false")?;
    match tier {
        Tier::Quick => {
            set("opt_level", "none")?;
            set("regalloc_algorithm", "single_pass")?;
        }
        Tier::Optimized => {
            set("opt_level", "speed")?;
            set("regalloc_algorithm", "backtracking")?;
        }
    }
    let mut builder = if options.baseline_cpu {
        cranelift_codegen::isa::lookup(target_lexicon::triple!("x86_64-unknown-linux-gnu"))
            .map_err(|e| unsupported(&e))?
    } else {
        cranelift_native::builder().map_err(|e| unsupported(&e))?
    };
    if options.baseline_cpu {
        for feature in [
            "has_sse3",
            "has_ssse3",
            "has_sse41",
            "has_sse42",
            "has_popcnt",
        ] {
            builder.enable(feature).map_err(|e| unsupported(&e))?;
        }
    }
    builder
        .finish(settings::Flags::new(flags))
        .map_err(|e| unsupported(&e))
}

#[cfg(test)]
mod tests {
    use super::{Compiler, CompilerOptions};

    #[test]
    fn is_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        let compiler = Compiler::new(CompilerOptions::default());
        assert!(compiler.as_ref().map(shared).is_ok());
    }
}
