//! Counters for `--stats`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ferrocil_jit::Tier;
use parking_lot::Mutex;

/// What one assembly has contributed.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssemblyStats {
    /// Methods compiled from its IL.
    pub methods: u64,
    /// IL bytes of these.
    pub il_bytes: u64,
    /// Machine code bytes of these.
    pub code_bytes: u64,
}

/// What one tier of the compiler has made.
#[derive(Clone, Copy, Debug, Default)]
pub struct TierStats {
    /// Methods.
    pub methods: u64,
    /// IL bytes of these.
    pub il_bytes: u64,
    /// Time spent.
    pub time: Duration,
}

/// Counters of a runtime.
#[derive(Debug, Default)]
pub struct Stats {
    assemblies: Mutex<BTreeMap<String, AssemblyStats>>,
    classes: AtomicU64,
    stubs: AtomicU64,
    stub_bytes: AtomicU64,
    compile_nanos: AtomicU64,
    tiers: Mutex<[TierStats; 2]>,
    exceptions: AtomicU64,
    shared_bodies: AtomicU64,
    shared_instances: AtomicU64,
}

impl Stats {
    pub(crate) fn image_loaded(&self, name: &str) {
        self.assemblies.lock().entry(name.to_string()).or_default();
    }

    pub(crate) fn class_loaded(&self) {
        self.classes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn method_compiled(
        &self,
        assembly: &str,
        tier: Tier,
        il: usize,
        code: usize,
        time: Duration,
    ) {
        let mut all = self.assemblies.lock();
        let entry = all.entry(assembly.to_string()).or_default();
        entry.methods += 1;
        entry.il_bytes += il as u64;
        entry.code_bytes += code as u64;
        {
            let mut tiers = self.tiers.lock();
            let of_tier = &mut tiers[usize::from(tier == Tier::Optimized)];
            of_tier.methods += 1;
            of_tier.il_bytes += il as u64;
            of_tier.time += time;
        }
        self.compile_nanos
            .fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    pub(crate) fn stub_compiled(&self, code: usize) {
        self.stubs.fetch_add(1, Ordering::Relaxed);
        self.stub_bytes.fetch_add(code as u64, Ordering::Relaxed);
    }

    pub(crate) fn shared_body(&self) {
        self.shared_bodies.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shared_instance(&self) {
        self.shared_instances.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn exception_thrown(&self) {
        self.exceptions.fetch_add(1, Ordering::Relaxed);
    }

    /// Per assembly, by name.
    #[must_use]
    pub fn assemblies(&self) -> BTreeMap<String, AssemblyStats> {
        self.assemblies.lock().clone()
    }

    /// Classes made.
    #[must_use]
    pub fn classes(&self) -> u64 {
        self.classes.load(Ordering::Relaxed)
    }

    /// Stubs compiled and their bytes.
    #[must_use]
    pub fn stubs(&self) -> (u64, u64) {
        (
            self.stubs.load(Ordering::Relaxed),
            self.stub_bytes.load(Ordering::Relaxed),
        )
    }

    /// Time spent compiling methods.
    #[must_use]
    pub fn compile_time(&self) -> Duration {
        Duration::from_nanos(self.compile_nanos.load(Ordering::Relaxed))
    }

    /// Bodies compiled for several instances, and instances that run them.
    #[must_use]
    pub fn shared(&self) -> (u64, u64) {
        (
            self.shared_bodies.load(Ordering::Relaxed),
            self.shared_instances.load(Ordering::Relaxed),
        )
    }

    /// By tier: quick, optimised.
    #[must_use]
    pub fn tiers(&self) -> [TierStats; 2] {
        *self.tiers.lock()
    }

    /// Exceptions thrown.
    #[must_use]
    pub fn exceptions(&self) -> u64 {
        self.exceptions.load(Ordering::Relaxed)
    }
}
