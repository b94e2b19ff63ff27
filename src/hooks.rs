//! Seeded bugs, by name: each proof harness must go red on the ones that it claims to find.
//!
//! A leaf. Without the feature `test-hooks` [`mutant`] is a constant `false` and nothing is compiled in; with
//! it, `app` hands over the names from the environment. A release build refuses the feature (`lib.rs`).

#[cfg(feature = "test-hooks")]
static SEEDED: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();

/// Switches on the bugs named in the comma-separated `names`; only the first call counts.
#[cfg(feature = "test-hooks")]
pub fn seed(names: &str) {
    let _ = SEEDED.set(names.split(',').map(|name| name.trim().to_owned()).collect());
}

/// Whether the bug `name` is seeded.
#[cfg(feature = "test-hooks")]
pub fn mutant(name: &str) -> bool {
    SEEDED.get().is_some_and(|seeded| seeded.iter().any(|seed| seed == name))
}

/// Whether the bug `name` is seeded: never, without the feature.
#[cfg(not(feature = "test-hooks"))]
pub const fn mutant(_name: &str) -> bool {
    false
}
