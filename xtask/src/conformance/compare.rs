//! Comparing two runs.

use super::cache::Observed;

/// The first difference between what was expected and what was seen, if any.
pub fn difference(expected: &Observed, actual: &Observed, stderr_lines: usize) -> Option<String> {
    if expected.ending != actual.ending {
        return Some(format!(
            "ended with {}, expected {}",
            actual.ending, expected.ending
        ));
    }
    if let Some(difference) = text_difference(&expected.stdout, &actual.stdout) {
        return Some(format!("standard output: {difference}"));
    }
    let expected = head(&expected.stderr, stderr_lines);
    let actual = head(&actual.stderr, stderr_lines);
    text_difference(&expected, &actual).map(|difference| format!("standard error: {difference}"))
}

/// The first differing line of two texts; `None` when they are equal.
fn text_difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (mut expected_lines, mut actual_lines) = (expected.split('\n'), actual.split('\n'));
    let mut number = 1;
    loop {
        match (expected_lines.next(), actual_lines.next()) {
            (Some(e), Some(a)) if e == a => number += 1,
            (None, None) => return Some("differs".to_owned()),
            (e, a) => {
                return Some(format!(
                    "line {number} is {}, expected {}",
                    shown(a),
                    shown(e)
                ));
            }
        }
    }
}

fn shown(line: Option<&str>) -> String {
    const LONGEST: usize = 160;
    match line {
        None => "missing".to_owned(),
        Some(line) if line.chars().count() > LONGEST => {
            format!("{:?}…", line.chars().take(LONGEST).collect::<String>())
        }
        Some(line) => format!("{line:?}"),
    }
}

/// The first `count` non-empty lines, without what differs from build to
/// build: IL offsets and module ids of stack frames.
fn head(text: &str, count: usize) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(count);
    lines
        .map(|line| format!("{}\n", frame_without_position(line)))
        .collect()
}

fn frame_without_position(line: &str) -> &str {
    if line.starts_with("  at ") {
        line.split_once(" [0x").map_or(line, |(frame, _)| frame)
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::{difference, head, text_difference};
    use crate::conformance::cache::Observed;
    use crate::proc::Ending;

    fn observed(code: i32, stdout: &str, stderr: &str) -> Observed {
        Observed {
            ending: Ending::Exited(code),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            cpu_ms: 0.0,
        }
    }

    #[test]
    fn equal_runs_do_not_differ() {
        assert_eq!(
            difference(&observed(3, "a\n", "x"), &observed(3, "a\n", "y"), 0),
            None
        );
    }

    #[test]
    fn each_part_is_compared() {
        let base = observed(0, "a\nb\n", "boom\n");
        for (other, part) in [
            (observed(1, "a\nb\n", "boom\n"), "ended with"),
            (observed(0, "a\nc\n", "boom\n"), "standard output: line 2"),
            (observed(0, "a\nb", "boom\n"), "standard output: line 3"),
            (observed(0, "a\nb\n", "bang\n"), "standard error: line 1"),
        ] {
            let difference = difference(&base, &other, 1).unwrap_or_default();
            assert!(difference.starts_with(part), "{difference}");
        }
    }

    #[test]
    fn a_missing_line_is_named() {
        assert_eq!(
            text_difference("a\nb", "a").as_deref(),
            Some("line 2 is missing, expected \"b\"")
        );
    }

    #[test]
    fn frames_lose_their_positions() {
        let text = "\nUnhandled Exception:\n  at A.B () [0x00001] in <0123>:0 \n";
        assert_eq!(head(text, 2), "Unhandled Exception:\n  at A.B ()\n");
    }
}
