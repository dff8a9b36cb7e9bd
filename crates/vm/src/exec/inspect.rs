//! `ferrocil inspect`: the text of every stage of a compilation.

use std::fmt::Write;

use ferrocil_jit::{CompileError, CompiledMethod, MethodInput, Tier, il_listing};

use super::host::Host;
use crate::error::{LoadError, LoadErrorKind, LoadResult};

impl Host<'_> {
    /// Compiles IL, and prints the stages when the runtime was asked to.
    ///
    /// Fails when there was no memory for something that the code names (a string literal): code
    /// that throws for that reason would do so for ever. The next call tries again.
    ///
    /// # Panics
    /// When the checker objects to the code ([`crate::RuntimeOptions::check_code`]).
    pub(super) fn compile_input(
        &self,
        input: &MethodInput<'_>,
        tier: Tier,
    ) -> LoadResult<CompiledMethod> {
        let errors = self.runtime.deferred.lock().len();
        let compiled = self.compile_shown(input, tier).map_err(|e| {
            LoadError::new(
                LoadErrorKind::InvalidProgram,
                input.name,
                format!("cannot compile {}: {e}", input.name),
            )
        })?;
        let deferred = self.runtime.deferred.lock();
        // Those of other threads that compile at the same time do no harm here.
        let exhausted = deferred[errors..]
            .iter()
            .find(|e| e.kind == LoadErrorKind::OutOfMemory);
        match exhausted {
            Some(error) => Err(error.clone()),
            None => Ok(compiled),
        }
    }

    fn compile_shown(
        &self,
        input: &MethodInput<'_>,
        tier: Tier,
    ) -> Result<CompiledMethod, CompileError> {
        let compiler = &self.runtime.compiler;
        let inspection = self.runtime.options().inspect.as_ref();
        let Some(inspection) = inspection.filter(|i| input.name.contains(&i.method)) else {
            let compiled = compiler.compile(self, input, tier);
            if let Err(unsound @ CompileError::Unsound { .. }) = &compiled {
                panic!("{unsound}\nplease report this with the method's IL");
            }
            return compiled;
        };
        let tier = inspection.tier.unwrap_or(tier);
        let compiled = compiler.inspect(self, input, tier)?;
        print!("{}", stages(input, tier, &compiled));
        Ok(compiled)
    }
}

/// Every stage, under headings.
fn stages(input: &MethodInput<'_>, tier: Tier, compiled: &CompiledMethod) -> String {
    let mut out = format!("===== {} ({tier:?})\n", input.name);
    let _ = write!(out, "----- IL\n{}", il_listing(input.body.code));
    if let Some(dumps) = &compiled.dumps {
        for (name, text) in &dumps.stages {
            let _ = write!(out, "----- hir after {name}\n{text}");
        }
        let _ = write!(out, "----- clif\n{}", dumps.clif);
    }
    let _ = write!(out, "----- code\n{}", compiled.listing());
    out
}
