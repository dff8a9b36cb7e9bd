//! Crate layering: a crate may use only crates of lower layers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Finding;

/// The design's table: crate and layer.
const LAYERS: &[(&str, u32)] = &[
    ("ferrocil-alloc", 1),
    ("ferrocil-metadata", 1),
    ("ferrocil-codeman", 1),
    ("ferrocil-gc", 2),
    ("ferrocil-generics", 2),
    ("ferrocil-jit", 3),
    ("ferrocil-vm", 4),
    ("ferrocil-corlib", 5),
    ("ferrocil", 6),
    ("ferrocil-cli", 7),
];

/// Dev-dependencies that may go upwards or sideways: (crate, dependency). A
/// crate's own name is there for a test that needs one of its own features.
const DEV_EXCEPTIONS: &[(&str, &str)] = &[("ferrocil-metadata", "ferrocil-metadata")];

/// Package fields that every crate takes from the workspace.
const INHERITED: &[&str] = &[
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
    "authors",
];

/// Checks every manifest under `crates/` and xtask's.
///
/// # Errors
/// When a manifest cannot be read or parsed.
pub fn check(root: &Path, files: &[PathBuf]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let manifests = files.iter().filter(|file| {
        file.ends_with("Cargo.toml") && (file.starts_with("crates") || file.starts_with("xtask"))
    });
    for manifest in manifests {
        let path = root.join(manifest);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let table: Table = text
            .parse()
            .with_context(|| format!("cannot parse {}", path.display()))?;
        for message in check_manifest(&table) {
            findings.push(Finding {
                file: manifest.clone(),
                line: 0,
                message,
            });
        }
    }
    Ok(findings)
}

fn check_manifest(manifest: &Table) -> Vec<String> {
    let layers: BTreeMap<&str, u32> = LAYERS.iter().copied().collect();
    let mut messages = Vec::new();
    let package = manifest.get("package").and_then(Value::as_table);
    let name = package
        .and_then(|p| p.get("name"))
        .and_then(Value::as_str)
        .unwrap_or("");
    for field in INHERITED {
        let inherited = package
            .and_then(|p| p.get(*field))
            .and_then(|value| value.get("workspace"))
            .and_then(Value::as_bool);
        if inherited != Some(true) {
            messages.push(format!("`{field}` must be `{field}.workspace = true`"));
        }
    }
    let lints = manifest
        .get("lints")
        .and_then(|l| l.get("workspace"))
        .and_then(Value::as_bool);
    if lints != Some(true) {
        messages.push("`[lints] workspace = true` is missing".to_owned());
    }
    if name == "xtask" {
        for (section, dependency) in dependencies(manifest) {
            if layers.contains_key(dependency.as_str()) {
                messages.push(format!(
                    "xtask must not use our crates ({section}: {dependency})"
                ));
            }
        }
        return messages;
    }
    let Some(&layer) = layers.get(name) else {
        messages.push(format!(
            "`{name}` has no layer: add it to LAYERS in xtask/src/tidy/layers.rs"
        ));
        return messages;
    };
    for (section, dependency) in dependencies(manifest) {
        let Some(&other) = layers.get(dependency.as_str()) else {
            continue;
        };
        let excepted =
            section == "dev-dependencies" && DEV_EXCEPTIONS.contains(&(name, dependency.as_str()));
        if other >= layer && !excepted {
            messages.push(format!(
                "{name} (layer {layer}) must not use {dependency} (layer {other}) in [{section}]"
            ));
        }
    }
    messages
}

/// Section and package name of every dependency, those of targets included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = std::iter::once(manifest).chain(
        targets
            .into_iter()
            .flat_map(|t| t.values())
            .filter_map(Value::as_table),
    );
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(entries) = table.get(section).and_then(Value::as_table) else {
                continue;
            };
            for (key, value) in entries {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
                all.push((section, package.to_owned()));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::check_manifest;

    const HEAD: &str = "version.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
        license.workspace = true\nrepository.workspace = true\nauthors.workspace = true\n[lints]\nworkspace = true\n";

    fn check(name: &str, rest: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{name}\"\n{HEAD}{rest}");
        check_manifest(&text.parse().expect("a manifest"))
    }

    #[test]
    fn lower_layers_may_be_used() {
        let rest = "[dependencies]\nferrocil-metadata.workspace = true\nserde = \"1\"\n";
        assert_eq!(check("ferrocil-jit", rest), Vec::<String>::new());
    }

    #[test]
    fn same_and_higher_layers_may_not() {
        for (section, dependency) in [
            ("dependencies", "ferrocil-generics.workspace = true"),
            ("dev-dependencies", "ferrocil-vm.workspace = true"),
            (
                "build-dependencies",
                "alias = { package = \"ferrocil\", version = \"1\" }",
            ),
            (
                "target.'cfg(unix)'.dependencies",
                "ferrocil-gc.workspace = true",
            ),
        ] {
            let messages = check("ferrocil-gc", &format!("[{section}]\n{dependency}\n"));
            assert_eq!(messages.len(), 1, "{section}: {messages:?}");
        }
    }

    #[test]
    fn inherited_fields_and_a_layer_are_needed() {
        let manifest = "[package]\nname = \"other\"\nversion = \"1\"\n"
            .parse()
            .expect("a manifest");
        let messages = check_manifest(&manifest);
        assert!(
            messages.iter().any(|m| m.contains("`license`")),
            "{messages:?}"
        );
        assert!(
            messages.iter().any(|m| m.contains("no layer")),
            "{messages:?}"
        );
    }
}
