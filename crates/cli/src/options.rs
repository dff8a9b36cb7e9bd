//! Command line.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ferrocil::{Inspection, Tier, TierPolicy};

/// Runs .NET programs.
#[derive(Parser, Debug)]
#[command(
    name = "ferrocil",
    version,
    about,
    trailing_var_arg = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Options {
    /// Hard limit of the managed heap, for example 64M or 2G.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub heap_limit: Option<usize>,
    /// Say at the end what was compiled and loaded, per assembly.
    #[arg(long)]
    pub stats: bool,
    /// Write one line per collection to standard error.
    #[arg(long)]
    pub gc_log: bool,
    /// Collect before every N-th allocation.
    #[arg(long, value_name = "N")]
    pub gc_stress: Option<u32>,
    /// Check the heap around every collection.
    #[arg(long)]
    pub gc_verify: bool,
    /// Write the name of each method that is compiled to standard error.
    #[arg(long)]
    pub trace_compile: bool,
    /// Check the root maps, exception tables, relocations and barriers of all compiled code, and
    /// stop when one is wrong.
    #[arg(long)]
    pub check_code: bool,
    /// Which code methods get: quick code first and optimised code when they are called often, or
    /// one of the two for all.
    #[arg(long, value_enum, default_value_t = Policy::Auto)]
    pub tier: Policy,
    /// Calls of a method with quick code before it is compiled again.
    #[arg(long, value_name = "N")]
    pub tier_up_calls: Option<u32>,
    /// Folder of Mono 6.8's class library (default: /usr/lib/mono/4.5).
    #[arg(long, value_name = "FOLDER")]
    pub framework: Option<PathBuf>,
    /// Folder in which compiled code is kept for the next start, or "off" (default:
    /// $FERROCIL_CODE_CACHE, else ferrocil in $XDG_CACHE_HOME or ~/.cache).
    #[arg(long, value_name = "FOLDER|off")]
    pub code_cache: Option<PathBuf>,
    /// Folder with code compiled ahead of time by `ferrocil precompile`, or "off" (default:
    /// $FERROCIL_PRECOMPILED, else ../lib/ferrocil/precompiled beside the command).
    #[arg(long, value_name = "FOLDER|off")]
    pub precompiled: Option<PathBuf>,
    /// Set by `ferrocil inspect`.
    #[arg(skip)]
    pub inspect: Option<Inspection>,
    /// Set by `ferrocil heap`.
    #[arg(skip)]
    pub heap: Option<HeapView>,
    /// The program: a .NET executable.
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// Its arguments.
    #[arg(allow_hyphen_values = true)]
    pub args: Vec<String>,
    /// Something else than running a program.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Other things than running a program (a program of that name: `./dis`).
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print a program or library as IL assembler text, or its metadata tables.
    Dis(DisOptions),
    /// Check the structural rules of IL (ECMA-335 III.1.7 and III.1.8) in every method.
    Verify(VerifyOptions),
    /// Run a program and print every stage of the compilation of some of its methods.
    Inspect(InspectOptions),
    /// Run a program and draw its heap: blocks, lines, large objects, pauses, types by bytes.
    Heap(HeapOptions),
    /// Compile assemblies ahead of time, so that programs start without compiling them.
    Precompile(PrecompileOptions),
}

/// Options of `ferrocil heap`.
#[derive(Args, Debug)]
#[command(trailing_var_arg = true)]
pub struct HeapOptions {
    /// Where to draw: one HTML file that needs no network (default: the program's name with
    /// `.heap.html`, in the current folder).
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw after every N-th collection too, and not only at the end and on SIGUSR1.
    #[arg(long, value_name = "N")]
    every: Option<NonZeroU64>,
    /// Collect before each picture, so that it shows only what is reachable.
    #[arg(long)]
    collect: bool,
    /// The program, perhaps after options for running it, and its arguments.
    #[arg(allow_hyphen_values = true, required = true)]
    run: Vec<String>,
}

/// What `ferrocil heap` draws, and when.
#[derive(Clone, Debug)]
pub struct HeapView {
    /// The HTML file.
    pub output: PathBuf,
    /// Collections between two pictures.
    pub every: Option<NonZeroU64>,
    /// Collect first.
    pub collect: bool,
}

/// Options of `ferrocil precompile`.
#[derive(Args, Debug)]
pub struct PrecompileOptions {
    /// Folder to write to (default: where `ferrocil` looks, see --precompiled).
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
    /// Write the name of each method that is compiled to standard error.
    #[arg(long)]
    pub trace_compile: bool,
    /// Folder of Mono 6.8's class library (default: /usr/lib/mono/4.5).
    #[arg(long, value_name = "FOLDER")]
    pub framework: Option<PathBuf>,
    /// Assemblies (default: mscorlib, System and System.Core of the class library).
    pub files: Vec<PathBuf>,
}

/// Options of `ferrocil verify`.
#[derive(Args, Debug)]
pub struct VerifyOptions {
    /// A .NET executable, library or module.
    pub file: PathBuf,
}

/// Options of `ferrocil inspect`.
#[derive(Args, Debug)]
#[command(trailing_var_arg = true)]
pub struct InspectOptions {
    /// Compile with this tier, whatever the runtime would choose.
    #[arg(long)]
    tier: Option<TierName>,
    /// Part of the method's name, for example `Program::Main`.
    method: String,
    /// The program, perhaps after options for running it, and its arguments.
    #[arg(allow_hyphen_values = true, required = true)]
    run: Vec<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum TierName {
    Quick,
    Optimized,
}

/// Options of `ferrocil dis`.
#[derive(Args, Debug)]
pub struct DisOptions {
    /// A .NET executable, library or module.
    pub file: PathBuf,
    /// Print this method only: `Namespace.Type::Method`, with all its overloads.
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// Print this metadata table or heap as monodis does (`TypeDef`, or monodis' names), or `all` tables; Portable PDBs too.
    #[arg(long, value_name = "NAME", conflicts_with = "method")]
    pub table: Option<String>,
    /// Print tables as JSON (all of them, unless `--table` names one).
    #[arg(long, conflicts_with = "method")]
    pub json: bool,
    /// Write to this file, and embedded resources to files beside it.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Options {
    /// Folder of code compiled ahead of time: the option, else `FERROCIL_PRECOMPILED`, else a folder
    /// beside the command's.
    #[must_use]
    pub fn precompiled_folder(&self) -> Option<PathBuf> {
        let named = self.precompiled.clone().or_else(|| {
            std::env::var_os("FERROCIL_PRECOMPILED")
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        });
        match named {
            Some(folder) => (folder.as_os_str() != "off").then_some(folder),
            None => installed_folder(),
        }
    }

    /// Folder of the code cache: the option, else `FERROCIL_CODE_CACHE`, else the user's cache folder.
    #[must_use]
    pub fn code_cache_folder(&self) -> Option<PathBuf> {
        let variable = |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let named = self
            .code_cache
            .clone()
            .or_else(|| variable("FERROCIL_CODE_CACHE"));
        if let Some(folder) = named {
            return (folder.as_os_str() != "off").then_some(folder);
        }
        // Relative values are to be ignored (XDG Base Directory Specification).
        let absolute = |name| variable(name).filter(|p| p.is_absolute());
        absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .map(|caches| caches.join("ferrocil"))
    }
}

/// `../lib/ferrocil/precompiled`, seen from the folder of the command.
#[must_use]
pub fn installed_folder() -> Option<PathBuf> {
    let command = std::env::current_exe().ok()?;
    let prefix = command.parent()?.parent()?;
    Some(prefix.join("lib/ferrocil/precompiled"))
}

impl InspectOptions {
    /// Options for running the program. Leaves the process when they are wrong.
    #[must_use]
    pub fn options(&self) -> Options {
        let program = std::iter::once("ferrocil inspect");
        let mut options = Options::parse_from(program.chain(self.run.iter().map(String::as_str)));
        // Code that is kept is not compiled.
        options.code_cache = Some("off".into());
        options.precompiled = Some("off".into());
        options.inspect = Some(Inspection {
            method: self.method.replace("::", ":"),
            tier: self.tier.map(|t| match t {
                TierName::Quick => Tier::Quick,
                TierName::Optimized => Tier::Optimized,
            }),
        });
        options
    }
}

impl HeapOptions {
    /// Options for running the program. Leaves the process when they are wrong.
    #[must_use]
    pub fn options(&self) -> Options {
        let program = std::iter::once("ferrocil heap");
        let mut options = Options::parse_from(program.chain(self.run.iter().map(String::as_str)));
        let output = self.output.clone().unwrap_or_else(|| {
            let file = options.file.as_deref().and_then(|file| file.file_stem());
            let mut name = file.unwrap_or_default().to_owned();
            name.push(".heap.html");
            name.into()
        });
        options.heap = Some(HeapView {
            output,
            every: self.every,
            collect: self.collect,
        });
        options
    }
}

/// Values of `--tier`.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Policy {
    /// Quick first, optimised when called often.
    Auto,
    /// Quick code only.
    Quick,
    /// Optimised code only.
    Optimized,
}

impl From<Policy> for TierPolicy {
    fn from(policy: Policy) -> TierPolicy {
        match policy {
            Policy::Auto => TierPolicy::Auto,
            Policy::Quick => TierPolicy::Quick,
            Policy::Optimized => TierPolicy::Optimized,
        }
    }
}

/// `64M` and the like to bytes.
fn parse_size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let (digits, shift) = match text.char_indices().last() {
        Some((i, 'k' | 'K')) => (&text[..i], 10),
        Some((i, 'm' | 'M')) => (&text[..i], 20),
        Some((i, 'g' | 'G')) => (&text[..i], 30),
        _ => (text, 0),
    };
    digits
        .parse::<usize>()
        .ok()
        .and_then(|n| n.checked_mul(1 << shift))
        .ok_or_else(|| {
            format!(
                "'{text}' is not a size; write bytes, or a number with K, M or G, for example 64M"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("64M"), Ok(64 << 20));
        assert_eq!(parse_size("4096"), Ok(4096));
        assert!(parse_size("lots").is_err());
        assert!(parse_size("99999999999999999999G").is_err());
    }
}
