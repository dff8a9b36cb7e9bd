//! The class libraries that may be installed.

use std::path::{Path, PathBuf};

/// Mono 6.8's class library and CoreCLR 3.1's (`cargo xtask setup --bench` downloads it), as far as they are there.
pub fn libraries() -> Vec<PathBuf> {
    let coreclr = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/coreclr/dotnetcore2/bin/shared/Microsoft.NETCore.App/3.1.23");
    let folders = [PathBuf::from("/usr/lib/mono/4.5"), coreclr];
    let (there, missing): (Vec<_>, Vec<_>) = folders.into_iter().partition(|path| path.is_dir());
    for folder in missing {
        println!(
            "note: {} is missing; nothing of it was checked",
            folder.display()
        );
    }
    there
}

/// The managed assemblies of a folder; CoreCLR's has native libraries too.
pub fn assemblies(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "dll" || extension == "exe")
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path).expect("the file can be read");
            (path, bytes)
        })
        .collect()
}
