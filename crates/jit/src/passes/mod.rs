//! Transformations of hir.

mod bounds;
mod cfg;
mod checks;
mod dce;
mod merge;
mod scalars;
mod values;

use crate::compiler::Tier;
use crate::hir::{Func, MethodEh};

/// A pass.
type Pass = (&'static str, fn(&mut Func, &MethodEh));

/// The passes of each tier, in order.
const MERGE: Pass = ("merge", |func, _| merge::run(func));
const CHECKS: Pass = ("checks", |func, _| checks::run(func));
const QUICK: &[Pass] = &[MERGE, CHECKS];
const OPTIMIZED: &[Pass] = &[
    MERGE,
    ("scalars", |func, _| scalars::run(func)),
    ("values", values::run),
    ("bounds", |func, _| bounds::run(func)),
    CHECKS,
    MERGE,
    ("dce", |func, _| dce::run(func)),
];

/// Runs the passes of a tier. `stages` receives the text of the function whenever it changed.
pub(crate) fn run(
    func: &mut Func,
    eh: &MethodEh,
    tier: Tier,
    mut stages: Option<&mut Vec<(String, String)>>,
) {
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
        pass(func, eh);
        note(name, func);
    }
}
