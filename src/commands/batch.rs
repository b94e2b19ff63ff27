//! One exit code for many results.

use super::error::CommandError;
use super::exit::Exit;

/// Returns the failure of a batch: none if every code is 0; that code if all are alike; 13 otherwise.
pub(super) fn failure(codes: impl IntoIterator<Item = u8>, what: &str) -> Option<CommandError> {
    let codes: Vec<u8> = codes.into_iter().collect();
    let failed = codes.iter().filter(|code| **code != 0).count();
    if failed == 0 {
        return None;
    }
    let first = codes.first().copied().unwrap_or_default();
    let exit = if codes.iter().all(|code| *code == first) {
        Exit::ALL.iter().copied().find(|exit| exit.code() == first).unwrap_or(Exit::Failure)
    } else {
        Exit::Partial
    };
    let failure = CommandError::new(exit, what);
    Some(if codes.len() > 1 {
        failure.because(format!("{failed} of {} failed", codes.len()))
    } else {
        failure
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_is_that_code_and_mixed_is_partial() {
        let exit = |codes: &[u8]| failure(codes.iter().copied(), "x").map(|failure| failure.exit());
        assert_eq!(exit(&[0, 0]), None);
        assert_eq!(exit(&[4, 4]), Some(Exit::Rejected));
        assert_eq!(exit(&[0, 4]), Some(Exit::Partial));
        assert_eq!(exit(&[6, 4]), Some(Exit::Partial));
    }
}
