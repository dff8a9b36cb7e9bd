//! Errors of loading: each becomes a managed exception when managed code asked.

use std::fmt;
use std::path::PathBuf;

/// Which managed exception an error becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadErrorKind {
    /// System.TypeLoadException
    TypeLoad,
    /// System.MissingMethodException
    MissingMethod,
    /// System.MissingFieldException
    MissingField,
    /// System.BadImageFormatException
    BadImage,
    /// System.InvalidProgramException
    InvalidProgram,
    /// System.IO.FileNotFoundException
    FileNotFound,
    /// System.ExecutionEngineException
    ExecutionEngine,
    /// System.NotSupportedException
    NotSupported,
    /// System.EntryPointNotFoundException
    EntryPointNotFound,
    /// System.DllNotFoundException
    DllNotFound,
    /// System.MissingMethodException for internal calls nobody registered
    MissingInternalCall,
    /// System.OutOfMemoryException
    OutOfMemory,
    /// System.MemberAccessException
    MemberAccess,
    /// System.MethodAccessException
    MethodAccess,
    /// System.FieldAccessException
    FieldAccess,
    /// System.Runtime.AmbiguousImplementationException
    AmbiguousImplementation,
    /// System.InvalidOperationException
    InvalidOperation,
    /// System.Security.VerificationException
    Verification,
}

/// Something could not be loaded or resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadError {
    /// Kind.
    pub kind: LoadErrorKind,
    /// What was looked for, where, what was found.
    pub message: String,
    /// Type, member or file the error is about.
    pub subject: String,
}

impl LoadError {
    /// An error of this kind about `subject`.
    pub fn new(
        kind: LoadErrorKind,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> LoadError {
        LoadError {
            kind,
            message: message.into(),
            subject: subject.into(),
        }
    }

    /// A type that could not be loaded.
    pub fn type_load(subject: impl Into<String>, message: impl Into<String>) -> LoadError {
        Self::new(LoadErrorKind::TypeLoad, subject, message)
    }

    /// An image whose bytes are wrong.
    pub fn bad_image(subject: impl Into<String>, message: impl fmt::Display) -> LoadError {
        Self::new(LoadErrorKind::BadImage, subject, message.to_string())
    }

    /// An assembly file that is not there.
    #[must_use]
    pub fn assembly_not_found(name: &str, searched: &[PathBuf]) -> LoadError {
        let places = searched
            .iter()
            .map(|p| p.display().to_string())
            .collect::<Vec<_>>()
            .join(", ");
        Self::new(
            LoadErrorKind::FileNotFound,
            name,
            format!(
                "assembly '{name}' was not found; looked in: {places}; put {name}.dll beside the program"
            ),
        )
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LoadError {}

impl From<ferrocil_metadata::Error> for LoadError {
    fn from(e: ferrocil_metadata::Error) -> LoadError {
        LoadError::bad_image("", e)
    }
}

impl From<ferrocil_generics::Error> for LoadError {
    fn from(e: ferrocil_generics::Error) -> LoadError {
        LoadError::type_load("", e.to_string())
    }
}

impl From<ferrocil_codeman::Error> for LoadError {
    fn from(e: ferrocil_codeman::Error) -> LoadError {
        LoadError::new(LoadErrorKind::OutOfMemory, "", format!("loader arena: {e}"))
    }
}

/// Result of loading.
pub type LoadResult<T> = Result<T, LoadError>;
