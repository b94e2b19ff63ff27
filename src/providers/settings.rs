//! What settings must be, whatever the vendor, and what this vendor demands besides.

use url::Url;

use super::descriptor;
use super::descriptor::Descriptor;
use crate::domain::connection::Provider;
use crate::domain::registration::Registration;
use crate::domain::settings::{MemberSettings, NetsuiteSettings, Settings, SigningAlgorithm};

/// The longest client id, entity, role, realm or audience that is stored.
const LONGEST: usize = 256;

/// The shortest lifetime of an assertion, in seconds: what `iat` is set back, and as much again to arrive.
pub const MIN_ASSERTION_SECONDS: u32 = 60;

/// Why settings cannot be stored (exit 2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl SettingsError {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Checks everything but the URLs, which [`endpoints()`](super::endpoints()) does.
pub(super) fn check_settings(provider: Provider, settings: &Settings) -> Result<(), SettingsError> {
    let vendor = descriptor(provider);
    match settings {
        Settings::Netsuite(settings) => check_netsuite(vendor, settings),
        Settings::Member(settings) => check_member(vendor, settings),
    }
}

fn check_netsuite(vendor: &Descriptor, settings: &NetsuiteSettings) -> Result<(), SettingsError> {
    word("client id", Some(&settings.client_id))?;
    word("entity", settings.entity.as_ref())?;
    word("role", settings.role.as_ref())?;
    if settings.scopes.is_empty() {
        return Err(SettingsError::new("at least one scope is needed"));
    }
    scopes(vendor, &settings.scopes)?;
    assertion(vendor, settings.signing_algorithm, settings.assertion_seconds)
}

fn check_member(vendor: &Descriptor, settings: &MemberSettings) -> Result<(), SettingsError> {
    if !vendor.grants.contains(&settings.grant) {
        return Err(SettingsError(format!("{} knows no {} grant", vendor.name, settings.grant)));
    }
    word("realm", settings.realm.as_ref())?;
    word("audience", settings.audience.as_ref())?;
    if let Some(audience) = &settings.audience
        && !vendor.audiences.is_empty()
        && !vendor.audiences.contains(&audience.as_str())
    {
        let known = vendor.audiences.join(", ");
        return Err(SettingsError(format!("{} knows the audiences {known}", vendor.name)));
    }
    scopes(vendor, &settings.scopes)
}

/// Checks everything of an app but the URLs.
pub(super) fn check_registration(
    provider: Provider,
    registration: &Registration,
) -> Result<(), SettingsError> {
    let vendor = descriptor(provider);
    word("client id", Some(&registration.client_id))?;
    scopes(vendor, &registration.scopes)?;
    if let Some(uri) = &registration.redirect_uri {
        redirect_uri(uri)?;
    }
    if let Some(authentication) = registration.authentication
        && !vendor.client_authentication.contains(&authentication)
    {
        return Err(SettingsError(format!("{} does not take {authentication}", vendor.name)));
    }
    if !vendor.has_keys() {
        return Ok(());
    }
    assertion(vendor, registration.signing_algorithm, registration.assertion_seconds)
}

/// RFC 6749 section 3.1.2: absolute and without a fragment. What the vendor allows besides is judged at login.
fn redirect_uri(text: &str) -> Result<(), SettingsError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    match Url::parse(text) {
        Ok(url) if plain && url.has_host() && url.fragment().is_none() => Ok(()),
        _ => Err(SettingsError::new("the redirect URI must be an absolute URL without a fragment")),
    }
}

fn word(what: &str, value: Option<&String>) -> Result<(), SettingsError> {
    let fits = |value: &String| {
        (1..=LONGEST).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if value.is_none_or(fits) {
        return Ok(());
    }
    Err(SettingsError(format!("the {what} must be 1 to {LONGEST} visible ASCII characters")))
}

fn scopes(vendor: &Descriptor, scopes: &[String]) -> Result<(), SettingsError> {
    // RFC 6749 section 3.3: visible ASCII but for `"` and `\`; a comma would split it in NetSuite's other notation.
    let is_scope = |scope: &String| {
        !scope.is_empty()
            && scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b','))
    };
    if let Some(scope) = scopes.iter().find(|scope| !is_scope(scope)) {
        return Err(SettingsError(format!("`{}` is not a scope", scope.escape_default())));
    }
    let alone = vendor.lone_scopes.iter().find(|alone| scopes.iter().any(|scope| scope == **alone));
    match alone {
        Some(alone) if scopes.len() > 1 => {
            Err(SettingsError(format!("{} combines the scope {alone} with no other", vendor.name)))
        }
        _ => Ok(()),
    }
}

fn assertion(
    vendor: &Descriptor,
    algorithm: Option<SigningAlgorithm>,
    seconds: u32,
) -> Result<(), SettingsError> {
    if let Some(algorithm) = algorithm
        && !vendor.signing_algorithms.contains(&algorithm)
    {
        return Err(SettingsError(format!(
            "{} does not accept assertions signed with {algorithm}",
            vendor.name
        )));
    }
    let lifetimes = MIN_ASSERTION_SECONDS..=vendor.assertion.max_seconds;
    if lifetimes.contains(&seconds) {
        return Ok(());
    }
    Err(SettingsError(format!(
        "an assertion may live {} to {} seconds, not {seconds}",
        lifetimes.start(),
        lifetimes.end(),
    )))
}
