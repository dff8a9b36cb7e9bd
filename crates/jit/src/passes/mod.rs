//! Transformations of hir.

mod checks;
mod dce;
mod merge;

use crate::compiler::Tier;
use crate::hir::Func;

/// Runs the passes of a tier.
pub(crate) fn run(func: &mut Func, tier: Tier) {
    merge::run(func);
    checks::run(func);
    if tier == Tier::Optimized {
        dce::run(func);
    }
}
