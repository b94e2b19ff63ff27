//! What the fuzz targets have in common.

pub use libfuzzer_sys::fuzz_target;
pub use tokenctl::fuzzing::target;

/// Defines the fuzz target of the parser `$name`.
#[macro_export]
macro_rules! parser {
    ($name:literal) => {
        $crate::fuzz_target!(init: $crate::seed_bugs(), |bytes: &[u8]| $crate::target($name)(bytes));
    };
}

/// Seeds the bugs that `TOKENCTL_TEST_MUTANTS` names: a target that finds none of them proves nothing.
pub fn seed_bugs() {
    if let Ok(names) = std::env::var("TOKENCTL_TEST_MUTANTS") {
        tokenctl::hooks::seed(&names);
    }
}
