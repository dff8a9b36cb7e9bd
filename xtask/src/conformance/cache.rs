//! Content-addressed builds and Mono outputs under `target/conformance/cache`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cases::Case;
use crate::compile::{self, Directives};
use crate::proc::Ending;

/// Raise when the cache's meaning changes.
const VERSION: &str = "ferrocil conformance cache 2";

/// What one run of a case left, as it is compared and stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// How it ended.
    pub ending: Ending,
    /// Standard output as text; bytes that are not UTF-8 make it an escaped one.
    pub stdout: String,
    /// Standard error as text; bytes that are not UTF-8 make it an escaped one.
    pub stderr: String,
    /// CPU time in milliseconds.
    pub cpu_ms: f64,
}

/// The cache's folder and the hash of the tools.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    tools: [u8; 32],
}

impl Cache {
    /// Opens the cache; hashes the compilers and Mono, so that another version
    /// of them makes new entries.
    ///
    /// # Errors
    /// When a tool cannot be read or the folder cannot be made.
    pub fn open(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let mut hash = Sha256::new_with_prefix(VERSION);
        for tool in [
            "/usr/lib/mono/4.5/mcs.exe",
            "/usr/lib/mono/4.5/ilasm.exe",
            "/usr/lib/mono/4.5/mscorlib.dll",
            "/usr/bin/mono",
        ] {
            let bytes = fs::read(tool).with_context(|| format!("cannot read {tool}"))?;
            hash.update(Sha256::digest(bytes));
        }
        Ok(Self {
            folder,
            tools: hash.finalize().into(),
        })
    }

    /// The folder of a case's build; builds it when it is not there.
    ///
    /// # Errors
    /// The compiler's messages.
    pub fn built(&self, case: &Case) -> Result<PathBuf> {
        let key = self.build_key(case)?;
        let folder = self.entry(&key, |building| {
            compile::build(&case.source, &building.join(program_name(case)))
        })?;
        Ok(folder.join(program_name(case)))
    }

    /// The folder of the entry `key`; when it is not there, `build` fills it.
    ///
    /// # Errors
    /// `build`'s, and those of the file system.
    pub fn entry(&self, key: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.folder.join(key);
        if folder.join("done").exists() {
            return Ok(folder);
        }
        // Build beside and rename: a broken-off run leaves no half entry.
        let building = self
            .folder
            .join(format!("{key}.{}.building", std::process::id()));
        drop(fs::remove_dir_all(&building));
        fs::create_dir_all(&building)?;
        let built = build(&building);
        if built.is_err() {
            drop(fs::remove_dir_all(&building));
        }
        built?;
        fs::write(building.join("done"), "")?;
        drop(fs::remove_dir_all(&folder));
        fs::rename(&building, &folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    /// A key that depends on the tools and on these inputs, in order.
    pub fn key<'a>(&self, inputs: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut hash = Sha256::new_with_prefix(self.tools);
        for input in inputs {
            hash.update(Sha256::digest(input));
        }
        hex(&hash.finalize()[..16])
    }

    /// Mono's stored output for this build, input and arguments.
    pub fn oracle(&self, case: &Case, program: &Path) -> Option<Observed> {
        let bytes = fs::read(oracle_file(case, program)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Stores Mono's output.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn store_oracle(&self, case: &Case, program: &Path, observed: &Observed) -> Result<()> {
        let file = oracle_file(case, program);
        fs::write(&file, serde_json::to_vec(observed)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    fn build_key(&self, case: &Case) -> Result<String> {
        let text = fs::read_to_string(&case.source)
            .with_context(|| format!("cannot read {}", case.source.display()))?;
        let mut hash = Sha256::new_with_prefix(self.tools);
        hash.update(program_name(case));
        hash.update(Sha256::digest(&text));
        for dependency in Directives::parse(&text).dependencies {
            let file = case.source.with_file_name(&dependency);
            let bytes =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            hash.update(Sha256::digest(bytes));
        }
        Ok(hex(&hash.finalize()[..16]))
    }
}

fn program_name(case: &Case) -> String {
    format!(
        "{}.exe",
        case.source
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
    )
}

fn oracle_file(case: &Case, program: &Path) -> PathBuf {
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(&case.stdin));
    for argument in &case.arguments {
        hash.update(Sha256::digest(argument));
    }
    hash.update("environment");
    for (variable, value) in &case.environment {
        hash.update(Sha256::digest(variable));
        hash.update(Sha256::digest(value));
    }
    program.with_file_name(format!("mono-{}.json", hex(&hash.finalize()[..8])))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
