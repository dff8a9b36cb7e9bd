//! Compiling C# for tests.

use std::path::PathBuf;
use std::process::Command;

/// Compiles a library with `mcs`; gives its path.
pub fn compile(name: &str, source: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("target's temporary folder is writable");
    let (cs, dll) = (
        folder.join(format!("{name}.cs")),
        folder.join(format!("{name}.dll")),
    );
    std::fs::write(&cs, source).expect("the source is written");
    let output = Command::new("mcs")
        .args(["-target:library", "-nologo", "-unsafe"])
        .arg(format!("-out:{}", dll.display()))
        .arg(&cs)
        .output()
        .expect("mcs is installed: run `cargo xtask setup`");
    assert!(
        output.status.success(),
        "mcs: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    dll
}
