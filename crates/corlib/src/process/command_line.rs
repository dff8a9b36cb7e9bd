//! Program look-up and argument splitting, as GLib's shell functions do them.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Finds a program: absolute, in the current directory, or on the given `PATH`.
#[must_use]
pub fn find_program(name: &str, search_path: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_absolute() {
        return readable(path).then(|| path.to_path_buf());
    }
    if runnable(path) {
        return std::env::current_dir()
            .ok()
            .map(|directory| directory.join(path));
    }
    if name.contains('/') {
        return None;
    }
    search_path
        .split(':')
        .map(|directory| Path::new(if directory.is_empty() { "." } else { directory }).join(name))
        .find(|candidate| runnable(candidate))
}

fn runnable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

fn readable(path: &Path) -> bool {
    path.is_file()
        && (access(path, Access::EXEC_OK).is_ok() || access(path, Access::READ_OK).is_ok())
}

/// Splits arguments by the shell's quoting rules (no expansion). `None` when a quote is open.
#[must_use]
pub fn split_arguments(text: &str) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = current.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = current.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                            '\n' => {}
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => match chars.next()? {
                '\n' => {}
                escaped => current.get_or_insert_default().push(escaped),
            },
            '#' if current.is_none() => {
                // A comment to the end of the line.
                while chars.next_if(|&c| c != '\n').is_some() {}
            }
            blank if blank.is_ascii_whitespace() => arguments.extend(current.take()),
            other => current.get_or_insert_default().push(other),
        }
    }
    arguments.extend(current);
    Some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let split = |text| split_arguments(text).unwrap();
        assert_eq!(split("a  b\tc"), ["a", "b", "c"]);
        assert_eq!(
            split(r#"-c "echo \"x y\"" 'a"b' "" c\ d"#),
            ["-c", "echo \"x y\"", "a\"b", "", "c d"]
        );
        assert_eq!(split("a #comment\nb"), ["a", "b"]);
        assert_eq!(split(""), Vec::<String>::new());
        assert_eq!(split_arguments("'open"), None);
    }

    #[test]
    fn programs() {
        assert_eq!(
            find_program("sh", "/nowhere:/bin"),
            Some(PathBuf::from("/bin/sh"))
        );
        assert_eq!(find_program("/bin/sh", ""), Some(PathBuf::from("/bin/sh")));
        assert_eq!(find_program("no-such-program", "/bin:/usr/bin"), None);
        assert_eq!(find_program("/no/such", "/bin"), None);
    }
}
