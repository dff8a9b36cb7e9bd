//! What may be in the repository: our texts, nothing built and nothing foreign.

use std::path::PathBuf;

use super::Finding;

/// Endings of texts that we write.
const TEXTS: &[&str] = &[
    "rs",
    "md",
    "toml",
    "lock",
    "cs",
    "il",
    "stdin",
    "args",
    "env",
    "stderr-check",
    "txt",
    "svg",
    "yml",
    "proptest-regressions",
    "gitignore",
    "snap",
    "hir",
    "stages",
    "json",
    "css",
    "js",
    "html",
];

/// Files without one of those endings that belong here.
const NAMES: &[&str] = &[".ci/run", "LICENSE-MIT", "LICENSE-APACHE"];

/// Reports every file whose kind is not listed above.
pub fn check(files: &[PathBuf]) -> Vec<Finding> {
    let foreign = files.iter().filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        // Seeds of fuzzers may be any bytes.
        let seed = file.starts_with("fuzz") && file.components().any(|c| c.as_os_str() == "corpus");
        !TEXTS.contains(&ending) && !NAMES.contains(&&*file.to_string_lossy()) && !seed
    });
    foreign
        .map(|file| Finding {
            file: file.clone(),
            line: 0,
            message: "this kind of file does not belong in the repository (built, or somebody \
                      else's?); remove it or list it in xtask/src/tidy/files.rs"
                .to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::check;

    #[test]
    fn built_and_foreign_files_are_reported() {
        let files = [
            "a/b.rs",
            "x/core.bin",
            ".ci/run",
            "lib/mscorlib.dll",
            "fuzz/m/corpus/1",
        ]
        .map(PathBuf::from);
        let found: Vec<_> = check(&files)
            .into_iter()
            .map(|finding| finding.file)
            .collect();
        assert_eq!(found, ["x/core.bin", "lib/mscorlib.dll"].map(PathBuf::from));
    }
}
