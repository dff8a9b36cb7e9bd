//! Transformations of hir.

mod bounds;
mod cfg;
mod checks;
mod dce;
mod merge;
mod scalars;
mod values;

use crate::compiler::Tier;
use crate::hir::Func;

/// A pass.
type Pass = (&'static str, fn(&mut Func));

/// The passes of each tier, in order.
const QUICK: &[Pass] = &[("merge", merge::run), ("checks", checks::run)];
const OPTIMIZED: &[Pass] = &[
    ("merge", merge::run),
    ("scalars", scalars::run),
    ("values", values::run),
    ("bounds", bounds::run),
    ("checks", checks::run),
    ("merge", merge::run),
    ("dce", dce::run),
];

/// Runs the passes of a tier. `stages` receives the text of the function whenever it changed.
pub(crate) fn run(func: &mut Func, tier: Tier, mut stages: Option<&mut Vec<(String, String)>>) {
    let passes = match tier {
        Tier::Quick => QUICK,
        Tier::Optimized => OPTIMIZED,
    };
    let mut last = String::new();
    let mut note = |name: &str, func: &Func| {
        if let Some(stages) = &mut stages {
            let text = func.to_string();
            if text != last {
                stages.push((name.to_owned(), text.clone()));
                last = text;
            }
        }
    };
    note("import", func);
    for (name, pass) in passes {
        pass(func);
        note(name, func);
    }
}
