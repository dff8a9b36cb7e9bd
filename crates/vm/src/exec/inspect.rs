//! `ferrocil inspect`: the text of every stage of a compilation.

use std::fmt::Write;

use ferrocil_jit::{CompileError, CompiledMethod, MethodInput, Tier, il_listing};

use super::host::Host;

impl Host<'_> {
    /// Compiles IL, and prints the stages when the runtime was asked to.
    pub(super) fn compile_input(
        &self,
        input: &MethodInput<'_>,
        tier: Tier,
    ) -> Result<CompiledMethod, CompileError> {
        let compiler = &self.runtime.compiler;
        let inspection = self.runtime.options().inspect.as_ref();
        let Some(inspection) = inspection.filter(|i| input.name.contains(&i.method)) else {
            return compiler.compile(self, input, tier);
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
