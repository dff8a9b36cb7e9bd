//! Canonical generic instances, inflation and image sets.
