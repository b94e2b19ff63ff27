//! Who issues invitations and by which rules.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Scope;
use super::profile::Profile;
use crate::domain::jws::{Expectations, JwsAlgorithm};

/// The shortest and the longest life of a token: 5 minutes and 90 days.
pub const SHORTEST_TTL: u64 = 5 * 60;
/// See [`SHORTEST_TTL`].
pub const LONGEST_TTL: u64 = 90 * 24 * 60 * 60;

/// The life of a token unless said otherwise: 7 days.
const DEFAULT_TTL: u64 = 7 * 24 * 60 * 60;
const DEFAULT_ACTIVE: u32 = 3;
const DEFAULT_CHECKS: u32 = 5;
const DEFAULT_RETENTION: u32 = 90;

/// The settings of the issuer, as they are stored; later fields are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerSettings {
    /// `iss`, to the letter.
    pub issuer: String,
    /// `aud`: who is to take the tokens.
    pub audience: Vec<String>,
    /// The page that a link leads to.
    pub link_base: Url,
    /// Who verifies.
    pub profile: Profile,
    /// What new keys sign with.
    pub algorithm: JwsAlgorithm,
    /// The names that SAP's libraries look for; with [`Profile::Xsuaa`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xsuaa: Option<XsuaaSettings>,
    /// What an invitation may allow; the first one is the default.
    pub scopes: Vec<String>,
    /// The life of a token, in seconds.
    pub ttl_seconds: u64,
    /// How many open invitations one address may have.
    pub max_active_per_email: u32,
    /// How often one invitation may be accessed within an hour.
    pub max_checks_per_hour: u32,
    /// How long personal data is kept after an invitation ended, in days.
    pub retention_days: u32,
}

/// The binding of the application that SAP's libraries guard (`vendors.md` 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XsuaaSettings {
    /// The application's name, such as `app!t123`.
    pub xsappname: String,
    /// The client id, such as `sb-app!t123`.
    pub client_id: String,
    /// The identity zone; SAP's Python library demands one.
    pub zone: String,
}

/// What is to be changed about the issuer; `None` keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuerChanges {
    /// `iss`
    pub issuer: Option<String>,
    /// `aud`
    pub audience: Option<Vec<String>>,
    /// The page that a link leads to.
    pub link_base: Option<Url>,
    /// Who verifies.
    pub profile: Option<Profile>,
    /// What new keys sign with.
    pub algorithm: Option<JwsAlgorithm>,
    /// See [`XsuaaSettings`].
    pub xsappname: Option<String>,
    /// See [`XsuaaSettings`].
    pub client_id: Option<String>,
    /// See [`XsuaaSettings`].
    pub zone: Option<String>,
    /// What an invitation may allow.
    pub scopes: Option<Vec<Scope>>,
    /// The life of a token, in seconds.
    pub ttl_seconds: Option<u64>,
    /// How many open invitations one address may have.
    pub max_active_per_email: Option<u32>,
    /// How often one invitation may be accessed within an hour.
    pub max_checks_per_hour: Option<u32>,
    /// How long personal data is kept after an invitation ended, in days.
    pub retention_days: Option<u32>,
}

/// Why an issuer cannot be as asked for (exit 2); the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The first time everything that has no default is needed.
    #[error("an issuer needs `{0}`")]
    Missing(&'static str),
    /// A URL that cannot be an issuer's.
    #[error("{0} must be an https URL without user, {1} and fragment")]
    Url(&'static str, &'static str),
    /// An audience that is empty or not visible text.
    #[error("an audience is 1 to 256 visible ASCII characters")]
    Audience,
    /// The profile's readers do not know the algorithm.
    #[error("profile {0} does not sign with {1}")]
    Algorithm(Profile, JwsAlgorithm),
    /// Names for SAP's libraries in the other profile.
    #[error("`--xsappname`, `--client-id` and `--zone` belong to profile xsuaa")]
    NotXsuaa,
    /// A name for SAP's libraries that is empty or not visible text.
    #[error("`{0}` is 1 to 128 visible ASCII characters")]
    Name(&'static str),
    /// A life too short to be used or too long to be safe.
    #[error("an invitation lives 5 minutes to 90 days")]
    Ttl,
    /// A limit that lets nobody in, or everybody.
    #[error("`{0}` is 1 to {1}")]
    Limit(&'static str, u32),
    /// No scopes.
    #[error("an issuer needs a scope")]
    NoScope,
}

impl IssuerSettings {
    /// Returns the settings after `changes`, all of them checked; `None` is an issuer that is not there yet.
    pub fn after(before: Option<&Self>, changes: IssuerChanges) -> Result<Self, IssuerError> {
        let issuer = changes.issuer.or_else(|| before.map(|old| old.issuer.clone()));
        let profile = changes.profile.or(before.map(|old| old.profile)).unwrap_or(Profile::Standard);
        let kept = before.filter(|old| old.profile == profile);
        let algorithm =
            changes.algorithm.or(kept.map(|old| old.algorithm)).unwrap_or_else(|| profile.algorithms()[0]);
        let names = [changes.xsappname, changes.client_id, changes.zone];
        let xsuaa = xsuaa(profile, kept.and_then(|old| old.xsuaa.as_ref()), names)?;
        let scopes = changes.scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect());
        let settings = Self {
            issuer: issuer.ok_or(IssuerError::Missing("--issuer"))?,
            audience: match (profile, changes.audience) {
                (_, Some(audience)) => audience,
                (Profile::Standard, None) => {
                    kept.map(|old| old.audience.clone()).ok_or(IssuerError::Missing("--audience"))?
                }
                // SAP's libraries find themselves by either of these two.
                (Profile::Xsuaa, None) => xsuaa
                    .iter()
                    .flat_map(|names| [names.client_id.clone(), names.xsappname.clone()])
                    .collect(),
            },
            link_base: changes
                .link_base
                .or_else(|| before.map(|old| old.link_base.clone()))
                .ok_or(IssuerError::Missing("--link-base"))?,
            profile,
            algorithm,
            xsuaa,
            scopes: scopes
                .or_else(|| before.map(|old| old.scopes.clone()))
                .unwrap_or_else(|| vec!["supplier.onboard".to_owned()]),
            ttl_seconds: changes.ttl_seconds.or(before.map(|old| old.ttl_seconds)).unwrap_or(DEFAULT_TTL),
            max_active_per_email: changes
                .max_active_per_email
                .or(before.map(|old| old.max_active_per_email))
                .unwrap_or(DEFAULT_ACTIVE),
            max_checks_per_hour: changes
                .max_checks_per_hour
                .or(before.map(|old| old.max_checks_per_hour))
                .unwrap_or(DEFAULT_CHECKS),
            retention_days: changes
                .retention_days
                .or(before.map(|old| old.retention_days))
                .unwrap_or(DEFAULT_RETENTION),
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), IssuerError> {
        let issuer = Url::parse(&self.issuer).ok().filter(|url| url.query().is_none());
        if !issuer.is_some_and(|url| is_plain(&url))
            || !self.issuer.chars().all(|char| char.is_ascii_graphic())
        {
            return Err(IssuerError::Url("the issuer", "query"));
        }
        if !is_plain(&self.link_base) {
            return Err(IssuerError::Url("the link's page", "password"));
        }
        if self.audience.is_empty() || !self.audience.iter().all(|name| is_visible(name, 256)) {
            return Err(IssuerError::Audience);
        }
        if !self.profile.algorithms().contains(&self.algorithm) {
            return Err(IssuerError::Algorithm(self.profile, self.algorithm));
        }
        check_ttl(self.ttl_seconds)?;
        for (flag, value, most) in [
            ("--max-active-per-email", self.max_active_per_email, 1000),
            ("--max-checks-per-hour", self.max_checks_per_hour, 1000),
            ("--retention-days", self.retention_days, 3650),
        ] {
            if !(1..=most).contains(&value) {
                return Err(IssuerError::Limit(flag, most));
            }
        }
        if self.scopes.is_empty() { Err(IssuerError::NoScope) } else { Ok(()) }
    }

    /// What a token of this issuer must say.
    pub fn expectations(&self) -> Expectations<'_> {
        Expectations {
            algorithms: self.profile.algorithms(),
            kind: self.profile.kind(),
            issuer: Some(&self.issuer),
            audience: &self.audience,
            longest: longest(),
        }
    }
}

/// The longest life of any invitation.
pub fn longest() -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(LONGEST_TTL).unwrap_or(i64::MAX))
}

/// Refuses lives that are too short or too long.
pub fn check_ttl(seconds: u64) -> Result<(), IssuerError> {
    if (SHORTEST_TTL..=LONGEST_TTL).contains(&seconds) { Ok(()) } else { Err(IssuerError::Ttl) }
}

fn xsuaa(
    profile: Profile,
    before: Option<&XsuaaSettings>,
    [xsappname, client_id, zone]: [Option<String>; 3],
) -> Result<Option<XsuaaSettings>, IssuerError> {
    if profile == Profile::Standard {
        let given = [&xsappname, &client_id, &zone].iter().any(|name| name.is_some());
        return if given { Err(IssuerError::NotXsuaa) } else { Ok(None) };
    }
    let name = |flag, new: Option<String>, old: Option<&String>| {
        let name = new.or_else(|| old.cloned()).ok_or(IssuerError::Missing(flag))?;
        if is_visible(&name, 128) { Ok(name) } else { Err(IssuerError::Name(flag)) }
    };
    Ok(Some(XsuaaSettings {
        xsappname: name("--xsappname", xsappname, before.map(|old| &old.xsappname))?,
        client_id: name("--client-id", client_id, before.map(|old| &old.client_id))?,
        zone: name("--zone", zone, before.map(|old| &old.zone))?,
    }))
}

fn is_visible(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_plain(url: &Url) -> bool {
    url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

#[cfg(test)]
#[path = "issuer_tests.rs"]
mod tests;
