//! The results as one HTML page without outside resources.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::cache::Observed;
use super::execute::{CaseResult, Verdict};
use super::report::{Counts, Summary};

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ferrocil conformance</title>
<style>
:root { color-scheme: light dark; --good: #2e7d32; --bad: #c62828; --known: #b26a00; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: .7rem; min-width: 8rem; background: var(--line); border-radius: .2rem; overflow: hidden; margin-top: .4rem; }
.bar i { display: block; background: var(--good); } .bar i.bad { background: var(--bad); } .bar i.known { background: var(--known); }
.pass { color: var(--good); } .expected-fail { color: var(--known); } .fail, .unexpected-pass, .broken { color: var(--bad); font-weight: 600; }
pre { background: #8881; padding: .5rem; overflow: auto; max-height: 24rem; margin: .2rem 0; } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
input { font: inherit; padding: .3rem .5rem; width: 20rem; margin: 1rem 1rem 1rem 0; }
</style></head><body>
"#;

const SCRIPT: &str = r#"<script>
const filter = document.querySelector('#filter'), bad = document.querySelector('#bad');
function show() {
  for (const row of document.querySelectorAll('tr[data-name]'))
    row.hidden = !row.dataset.name.includes(filter.value) || (bad.checked && row.dataset.good === 'true');
}
filter.oninput = bad.onchange = show;
</script></body></html>
"#;

/// Writes the page under this title.
///
/// # Errors
/// When the file cannot be written.
pub fn write(title: &str, summary: &Summary, file: &Path) -> Result<()> {
    fs::write(file, page(title, summary))
        .with_context(|| format!("cannot write {}", file.display()))
}

fn page(title: &str, summary: &Summary) -> String {
    let mut html = String::from(HEAD);
    push(&mut html, format_args!("<h1>{}</h1>\n", escaped(title)));
    let total = &summary.total;
    push(
        &mut html,
        format_args!(
            "<p>{} of {} cases agree with Mono; {} differ, {} differ as expected, {} are broken, \
         {} fail under Mono too. The run took {:.1} s.</p>\n",
            total.passed,
            total.cases,
            total.failed,
            total.expected_failures,
            total.broken,
            total.mono_fails,
            summary.seconds
        ),
    );
    html.push_str(
        "<table><tr><th>folder<th class=number>cases<th class=number>pass<th class=number>fail\
         <th class=number>expected<th class=number>broken<th class=number>Mono fails<th class=number>CPU ms\
         <th class=number>Mono ms<th></tr>\n",
    );
    for (folder, counts) in &summary.folders {
        folder_row(&mut html, folder, counts);
    }
    folder_row(&mut html, "total", total);
    html.push_str(
        "</table>\n<input id=filter placeholder=\"part of a name\"> \
         <label><input id=bad type=checkbox style=\"width:auto\"> only failures</label>\n\
         <table><tr><th>case<th>verdict<th class=number>CPU ms<th class=number>Mono ms<th>details</tr>\n",
    );
    for result in &summary.results {
        case_row(&mut html, result);
    }
    html.push_str("</table>\n");
    html.push_str(SCRIPT);
    html
}

fn folder_row(html: &mut String, folder: &str, counts: &Counts) {
    let share = |count: usize| 100.0 * count as f64 / counts.cases.max(1) as f64;
    push(
        html,
        format_args!(
            "<tr><td>{}<td class=number>{}<td class=number>{}<td class=number>{}<td class=number>{}\
         <td class=number>{}<td class=number>{}<td class=number>{:.0}<td class=number>{:.0}<td><div class=bar>\
         <i style=\"width:{:.1}%\"></i><i class=known style=\"width:{:.1}%\"></i>\
         <i class=bad style=\"width:{:.1}%\"></i></div></tr>\n",
            escaped(folder),
            counts.cases,
            counts.passed,
            counts.failed,
            counts.expected_failures,
            counts.broken,
            counts.mono_fails,
            counts.cpu_ms,
            counts.mono_cpu_ms,
            share(counts.passed),
            share(counts.expected_failures),
            share(counts.failed + counts.broken)
        ),
    );
}

fn case_row(html: &mut String, result: &CaseResult) {
    let class = match result.verdict {
        Verdict::Pass => "pass",
        Verdict::ExpectedFail => "expected-fail",
        Verdict::Fail => "fail",
        Verdict::UnexpectedPass => "unexpected-pass",
        Verdict::Broken => "broken",
        Verdict::MonoFails => "mono-fails",
    };
    let cpu = |observed: &Option<Observed>| {
        observed
            .as_ref()
            .map_or_else(String::new, |o| format!("{:.0}", o.cpu_ms))
    };
    push(
        html,
        format_args!(
            "<tr data-name=\"{name}\" data-good={}><td>{name}<td class={class}>{}<td class=number>{}\
         <td class=number>{}<td>{}",
            result.verdict.good(),
            result.verdict.name(),
            cpu(&result.actual),
            cpu(&result.expected),
            escaped(result.reason.as_deref().unwrap_or("")),
            name = escaped(&result.name)
        ),
    );
    if result.verdict != Verdict::Pass
        && let (Some(actual), Some(expected)) = (&result.actual, &result.expected)
    {
        push(
            html,
            format_args!(
                "<details><summary>outputs</summary><div class=pair><div>ferrocil{}</div><div>Mono{}</div></div></details>",
                output(actual),
                output(expected)
            ),
        );
    }
    html.push_str("</tr>\n");
}

fn output(observed: &Observed) -> String {
    const LONGEST: usize = 20_000;
    let cut = |text: &str| escaped(&text.chars().take(LONGEST).collect::<String>());
    format!(
        " ({})<pre>{}</pre>standard error<pre>{}</pre>",
        observed.ending,
        cut(&observed.stdout),
        cut(&observed.stderr)
    )
}

fn push(html: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = html.write_fmt(arguments);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::page;
    use crate::conformance::execute::{CaseResult, Verdict};
    use crate::conformance::report::Summary;

    #[test]
    fn the_page_escapes_what_programs_print() {
        let result = CaseResult {
            name: "a/b".to_owned(),
            folder: "a".to_owned(),
            verdict: Verdict::Fail,
            reason: Some("line 1 is \"<script>\"".to_owned()),
            actual: None,
            expected: None,
        };
        let html = page(
            "title",
            &Summary::new(vec![result], Duration::from_secs(1), Vec::new()),
        );
        assert!(html.contains("&quot;&lt;script&gt;&quot;"));
        assert!(html.contains("0 of 1 cases agree"));
    }
}
