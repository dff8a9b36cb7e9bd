//! Compilation of a method: import, passes, lowering, tables.

use std::fmt::Write;

use crate::check::Witness;
use crate::clif::lower::{clif_signature, lower};
use crate::clif::symbols::SymbolTable;
use crate::code::{Assembler, CompiledMethod, Dumps, EhClauseKind, EhClauseOut, Region, Stats};
use crate::compiler::{Compiler, Tier};
use crate::error::CompileError;
use crate::hir::{Clause, ClauseKind, FuncKind};
use crate::host::{CompilerHost, MethodInput, Symbol};
use crate::il::{Imported, import};
use crate::passes;
use crate::roots::RootPlan;

impl Compiler {
    /// Compiles a method.
    ///
    /// Invalid IL is not an error: the result throws what [`CompilerHost::invalid_program`]
    /// gave, and says so in [`CompiledMethod::invalid`]. A token that cannot be resolved
    /// throws when control reaches its instruction.
    ///
    /// # Errors
    /// [`CompileError::Signature`] when a type of the method's signature cannot be loaded,
    /// [`CompileError::Codegen`] when Cranelift refuses the function.
    pub fn compile(
        &self,
        host: &dyn CompilerHost,
        input: &MethodInput<'_>,
        tier: Tier,
    ) -> Result<CompiledMethod, CompileError> {
        let dumps = self.options.dumps.then(Dumps::default);
        let (compiled, _) = self.compile_into(host, input, tier, dumps)?;
        Ok(compiled)
    }

    /// Compiles a method and keeps what its tables must follow from.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile_with_witness(
        &self,
        host: &dyn CompilerHost,
        input: &MethodInput<'_>,
        tier: Tier,
    ) -> Result<(CompiledMethod, Option<Witness>), CompileError> {
        self.compile_into(host, input, tier, None)
    }

    /// Compiles a method and keeps the text of every stage in [`CompiledMethod::dumps`].
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn inspect(
        &self,
        host: &dyn CompilerHost,
        input: &MethodInput<'_>,
        tier: Tier,
    ) -> Result<CompiledMethod, CompileError> {
        let (compiled, _) = self.compile_into(host, input, tier, Some(Dumps::default()))?;
        Ok(compiled)
    }

    fn compile_into(
        &self,
        host: &dyn CompilerHost,
        input: &MethodInput<'_>,
        tier: Tier,
        mut dumps: Option<Dumps>,
    ) -> Result<(CompiledMethod, Option<Witness>), CompileError> {
        let Imported {
            mut funcs,
            eh,
            invalid,
        } = import(host, input, tier).map_err(CompileError::Signature)?;
        let shared = host.is_generic(Symbol::MethodEntry(input.method));
        if shared && funcs.len() > 1 {
            return Err(CompileError::SharedFilter);
        }
        for func in &mut funcs {
            passes::run(func, &eh, tier, dumps.as_mut().map(|d| &mut d.stages));
        }
        let mut stats = Stats {
            il_bytes: input.body.code.len() as u32,
            ..Stats::default()
        };
        let mut symbols = SymbolTable::default();
        let mut assembler = Assembler::new();
        let mut functions = Vec::new();
        for func in &funcs {
            if let Some(dumps) = &mut dumps {
                let _ = writeln!(dumps.hir, "{func}");
            }
            stats.hir_insts += func.inst_count() as u32;
            stats.hir_blocks += func.layout.len() as u32;
            stats.slot_bytes += func.slots.values().map(|s| s.size).sum::<u32>();
            let plan = RootPlan::new(func, &eh);
            let evidence = self.function(
                tier,
                clif_signature(func),
                &mut symbols,
                &mut assembler,
                dumps.as_mut(),
                Some((func, &plan)),
                |clif, frontend, symbols| {
                    let config = self.isa(tier).frontend_config();
                    Ok(lower(
                        func, &eh, &plan, host, shared, tier, config, clif, frontend, symbols,
                    ))
                },
            )?;
            functions.extend(evidence);
        }
        let names = self.options.check.then(|| symbols.names().to_vec());
        let mut out = assembler.finish(symbols);
        out.regions = eh
            .regions
            .values()
            .map(|clauses| Region {
                clauses: clauses.clone(),
            })
            .collect();
        let filters: Vec<u32> = funcs
            .iter()
            .filter_map(|f| match f.kind {
                FuncKind::Filter { clause } => Some(clause),
                FuncKind::Body => None,
            })
            .collect();
        out.clauses = eh
            .clauses
            .iter()
            .enumerate()
            .map(|(i, c)| clause_out(i as u32, c, &filters))
            .collect();
        out.invalid = invalid;
        out.stats = stats;
        out.dumps = dumps;
        let Some(symbols) = names else {
            return Ok((out, None));
        };
        let witness = Witness {
            functions,
            eh,
            il_clauses: input.body.clauses.len(),
            synchronized: input.synchronized.is_some(),
            keeps_this: out.invalid.is_none() && host.keeps_this(input.method),
            generic: symbols
                .iter()
                .map(|s| shared && host.is_generic(*s))
                .collect(),
            symbols,
            barrier: host.barrier().is_some(),
            abi: host.abi(),
        };
        witness.check(&out).map_err(|found| CompileError::Unsound {
            name: input.name.to_owned(),
            found,
        })?;
        Ok((out, Some(witness)))
    }
}

fn clause_out(index: u32, clause: &Clause, filters: &[u32]) -> EhClauseOut {
    let kind = match clause.kind {
        ClauseKind::Catch(ty) => EhClauseKind::Catch(ty),
        ClauseKind::CatchAll => EhClauseKind::CatchAll,
        ClauseKind::Finally => EhClauseKind::Finally,
        ClauseKind::Fault => EhClauseKind::Fault,
        ClauseKind::Filter(_) => {
            let at = filters.iter().position(|f| *f == index).unwrap_or(0);
            EhClauseKind::Filter {
                funclet: at as u32 + 1,
            }
        }
    };
    EhClauseOut {
        kind,
        try_start: clause.try_range.0,
        try_end: clause.try_range.1,
        handler_start: clause.handler_range.0,
        handler_end: clause.handler_range.1,
    }
}
