//! What settings must be, whatever the vendor, and what this vendor demands besides.

use super::descriptor;
use crate::domain::connection::{Provider, Settings};

/// The longest client id, entity or role that is stored.
const LONGEST: usize = 256;

/// Why settings cannot be stored (exit 2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

/// Checks everything but the URLs, which [`endpoints()`](super::endpoints()) does.
pub fn check_settings(provider: Provider, settings: &Settings) -> Result<(), SettingsError> {
    let vendor = descriptor(provider);
    let refuse = |why: String| Err(SettingsError(why));
    let words = [
        ("client id", Some(&settings.client_id)),
        ("entity", settings.entity.as_ref()),
        ("role", settings.role.as_ref()),
    ];
    for (what, value) in words {
        let fits = |value: &String| {
            (1..=LONGEST).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !value.is_none_or(fits) {
            return refuse(format!("the {what} must be 1 to {LONGEST} visible ASCII characters"));
        }
    }
    if settings.scopes.is_empty() {
        return refuse("at least one scope is needed".to_owned());
    }
    // RFC 6749 section 3.3: visible ASCII but for `"` and `\`; a comma would split it in NetSuite's other notation.
    let is_scope = |scope: &String| {
        !scope.is_empty()
            && scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b','))
    };
    if let Some(scope) = settings.scopes.iter().find(|scope| !is_scope(scope)) {
        return refuse(format!("`{}` is not a scope", scope.escape_default()));
    }
    if let Some(alone) =
        vendor.lone_scopes.iter().find(|alone| settings.scopes.iter().any(|scope| scope == **alone))
        && settings.scopes.len() > 1
    {
        return refuse(format!("{} combines the scope {alone} with no other", vendor.name));
    }
    if let Some(algorithm) = settings.signing_algorithm
        && !vendor.signing_algorithms.contains(&algorithm)
    {
        return refuse(format!("{} does not accept assertions signed with {algorithm}", vendor.name));
    }
    let lifetimes = MIN_ASSERTION_SECONDS..=vendor.assertion.max_seconds;
    if !lifetimes.contains(&settings.assertion_seconds) {
        return refuse(format!(
            "an assertion may live {} to {} seconds, not {}",
            lifetimes.start(),
            lifetimes.end(),
            settings.assertion_seconds
        ));
    }
    Ok(())
}

/// The shortest lifetime of an assertion, in seconds: what `iat` is set back, and as much again to arrive.
pub const MIN_ASSERTION_SECONDS: u32 = 60;
