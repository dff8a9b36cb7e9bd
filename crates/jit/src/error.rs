//! Errors of the compiler.

use crate::check::Violation;
use crate::host::DeferredError;

/// Why a method could not be compiled.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CompileError {
    /// A type that the method's own signature names cannot be loaded, so that not even
    /// a throwing body has a calling convention. The host keeps the exception.
    #[error("the signature of the method cannot be resolved (deferred error {})", .0.0)]
    Signature(DeferredError),
    /// Cranelift refused the function: a limit (code too large) or a compiler bug.
    #[error("code generation failed: {0}")]
    Codegen(String),
    /// The checker objects to the code: a bug of the compiler.
    #[error("the code of {name} is wrong:{}", list(.found))]
    Unsound {
        /// The method.
        name: String,
        /// What is wrong.
        found: Vec<Violation>,
    },
    /// Shared code has exception filters, which do not get the generic context: compile each
    /// instance for itself.
    #[error("shared code with exception filters is not supported")]
    SharedFilter,
    /// The machine cannot run the generated code.
    #[error("unsupported machine: {0}")]
    UnsupportedMachine(String),
    /// A stub was asked for that the compiler cannot make.
    #[error("unsupported stub: {0}")]
    UnsupportedStub(&'static str),
}

fn list(found: &[Violation]) -> String {
    found.iter().map(|v| format!("\n  {v}")).collect()
}
