//! The shape of what is known of a vendor.

use jiff::SignedDuration;
use url::Url;

use crate::domain::connection::{Environment, Provider};
use crate::domain::granted::Granted;
use crate::domain::key::KeyAlgorithm;
use crate::domain::registration::Registration;
use crate::domain::settings::{
    ClientAuthentication, GrantKind, NetsuiteSettings, Settings, SigningAlgorithm,
};

/// Everything that the flows need to know of a vendor.
#[derive(Debug)]
pub struct Descriptor {
    /// Which vendor.
    pub provider: Provider,
    /// Its name as people write it.
    pub name: &'static str,
    /// Where the vendor documents what stands here.
    pub documentation: &'static [Link],
    /// The key pairs that it accepts, the recommended one first.
    pub key_algorithms: &'static [KeyAlgorithm],
    /// The assertion signatures that it accepts.
    pub signing_algorithms: &'static [SigningAlgorithm],
    /// Its rules for certificates.
    pub certificate: CertificateRules,
    /// Its rules for client assertions.
    pub assertion: AssertionRules,
    /// Scopes that go with no other.
    pub lone_scopes: &'static [&'static str],
    /// The domains whose hosts all belong to the vendor itself; a host under one of them is trusted.
    pub host_suffixes: &'static [&'static str],
    /// How its clients prove who they are, the usual way first.
    pub client_authentication: &'static [ClientAuthentication],
    /// The ways to a token that it offers and we use, the usual one first.
    pub grants: &'static [GrantKind],
    /// How a person consents; `None` if no grant of it needs one.
    pub consent: Option<Consent>,
    /// Whether a connection is for one account of the customer, which the callback names.
    pub realm: Option<Realm>,
    /// The audience that a token is asked for unless a setting names another; `None` if it wants none.
    pub default_audience: Option<&'static str>,
    /// The audiences that it knows; empty means any.
    pub audiences: &'static [&'static str],
    /// Headers that every token request carries, for the sake of its answer.
    pub token_headers: &'static [(&'static str, &'static str)],
    /// What a grant is given back with.
    pub revocation: Revocation,
    /// The call that proves an access token without changing anything; `None` if there is none.
    pub harmless_call: Option<HarmlessCall>,
    /// How long after it was replaced a refresh token is still taken; `None` means not at all.
    pub predecessor_grace: Option<SignedDuration>,
    /// The lifetime of an access token whose answer has no `expires_in` (RFC 6749 section 5.1).
    pub default_token_lifetime: SignedDuration,
    /// Headers in which it names a request, for its support; lower case.
    pub request_id_headers: &'static [&'static str],
    /// How a certificate is uploaded by a person; `None` if the public half is handed over as a JWK.
    pub upload: Option<Upload>,
    /// Where a person sees why the vendor refused, since its answers do not say.
    pub diagnosis: Option<&'static str>,
    /// What its errors mean; the first that fits counts.
    pub meanings: &'static [Meaning],
    /// Whether its endpoints are the ones that an operator named, and their host the server's own.
    pub named_by_operator: bool,
    /// Where the vendor answers, for what the settings do not say.
    pub(super) locate: fn(&Place<'_>) -> Locations,
    /// Reads what an access token says of itself.
    pub(super) read_token: fn(&str) -> Option<Granted>,
}

impl Descriptor {
    /// Whether the vendor's keys are made, uploaded and rotated here.
    pub fn has_keys(&self) -> bool {
        !self.key_algorithms.is_empty()
    }

    /// Whether the public half of a key is handed over as a JWK: no certificate of it is looked at, and what names it is
    /// the JWK's `kid`, which is ours to choose.
    pub fn takes_jwk(&self) -> bool {
        self.has_keys() && self.upload.is_none()
    }

    /// How the clients of an app prove who they are.
    pub fn authentication_of(&self, registration: Option<&Registration>) -> ClientAuthentication {
        let set = registration.and_then(|registration| registration.authentication);
        set.unwrap_or(self.client_authentication[0])
    }

    /// Returns what an answer with this HTTP status, error code and description means, if that is known.
    pub fn meaning(&self, status: u16, code: &str, description: Option<&str>) -> Option<&'static Meaning> {
        let said = |part: &str| description.is_some_and(|text| text.to_ascii_lowercase().contains(part));
        self.meanings.iter().find(|meaning| {
            meaning.code == code
                && meaning.status.is_none_or(|only| only == status)
                && meaning.description.is_none_or(said)
        })
    }

    /// Returns what `access_token` says of itself, unverified; `None` if the vendor's tokens do not tell.
    pub fn granted(&self, access_token: &str) -> Option<Granted> {
        (self.read_token)(access_token)
    }
}

/// A page of the vendor's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it is about.
    pub title: &'static str,
    /// Where it is.
    pub url: &'static str,
}

/// A vendor's rules for certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateRules {
    /// The longest validity that we make, in days.
    pub max_days: u16,
    /// After how many calendar years from its start the vendor lets a certificate end, whatever it says itself.
    pub clamp_years: Option<i8>,
    /// How many certificates of one client the vendor accepts at a time, neither revoked nor expired.
    pub max_active: Option<usize>,
}

impl CertificateRules {
    /// Of a vendor that knows no certificates of its clients.
    pub(super) const NONE: Self = Self { max_days: 730, clamp_years: None, max_active: None };
}

/// A vendor's rules for client assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssertionRules {
    /// The longest span from `iat` to `exp`, in seconds, inclusive.
    pub max_seconds: u32,
}

impl AssertionRules {
    /// RFC 7523 section 3 leaves it to the server; an hour is what the strictest servers take.
    pub(super) const STANDARD: Self = Self { max_seconds: 3600 };
}

/// How a person consents (RFC 6749 section 4.1, RFC 8628).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// The scopes asked for unless the app names others.
    pub default_scopes: &'static [&'static str],
    /// Whether to use PKCE (RFC 7636).
    pub pkce: Pkce,
    /// The path of our callback; one per vendor, since vendors compare redirect URIs exactly and so that no vendor's
    /// answer passes for another's (RFC 9700 section 4.4).
    pub callback_path: &'static str,
    /// Where the vendor lets a browser be sent back to.
    pub redirects: Redirects,
}

/// Whether to use PKCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// The vendor does not say that it knows it.
    Never,
    /// Unless the server's metadata says that it does not know it.
    UnlessRefused,
}

/// Where a vendor lets a browser be sent back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// `http://127.0.0.1:PORT`, any port (RFC 8252 section 7.3).
    Loopback,
    /// https in production; `http://localhost:PORT` for the keys of any other environment, never an IP address.
    LocalhostInDevelopment,
}

/// A customer's account that a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realm {
    /// What the vendor calls it.
    pub label: &'static str,
    /// The parameter of the callback that holds it.
    pub parameter: &'static str,
}

/// What a grant is given back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// There is no such endpoint.
    None,
    /// A form, and 200 even for what is dead already (RFC 7009).
    Form,
    /// JSON, and 400 for what is dead already.
    Json,
}

/// A call that proves an access token without changing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarmlessCall {
    /// QuickBooks: the company's own record, below the API's address.
    CompanyInfo,
    /// OpenID Connect Core section 5.3, where the server has it.
    Userinfo,
}

impl HarmlessCall {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CompanyInfo => "company-info",
            Self::Userinfo => "userinfo",
        }
    }
}

/// For whom [`Descriptor::locate`] is asked.
pub(super) struct Place<'a> {
    pub(super) environment: Environment,
    pub(super) settings: &'a Settings,
    /// The token endpoint, if it is given: in the simulator the others lie beside it.
    pub(super) token: Option<&'a Url>,
}

/// Where a vendor answers; not checked yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Locations {
    pub(super) token: Option<Url>,
    pub(super) certificates: Option<Url>,
    pub(super) authorize: Option<Url>,
    pub(super) device: Option<Url>,
    pub(super) revoke: Option<Url>,
    pub(super) api: Option<Url>,
    pub(super) addresses: Option<Url>,
}

/// How a certificate is uploaded by a person.
#[derive(Debug, Clone, Copy)]
pub struct Upload {
    /// The page, as the path through the vendor's menus.
    pub page: &'static str,
    /// The permission that the person needs there.
    pub permission: &'static str,
    /// What the vendor calls the certificate id on that page.
    pub certificate_id_label: &'static str,
    pub(super) steps: fn(&NetsuiteSettings, &str) -> Vec<String>,
}

impl Upload {
    /// Returns the steps by which a person uploads a certificate for a connection with these settings.
    ///
    /// `file` is what the exported certificate is called.
    pub fn steps(&self, settings: &NetsuiteSettings, file: &str) -> Vec<String> {
        (self.steps)(settings, file)
    }
}

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The refresh token, the code or the assertion.
    Grant,
    /// The client's own keys; whatever it sent has not been looked at.
    Client,
    /// The request; whatever it sent has not been used.
    Request,
    /// The vendor itself.
    Vendor,
}

/// What a vendor's error means and what helps.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The HTTP status that it must come with; `None` means any.
    pub status: Option<u16>,
    /// The vendor's error code (RFC 6749 section 5.2).
    pub code: &'static str,
    /// Text that its description must hold, in lower case; `None` means any.
    pub description: Option<&'static str>,
    /// What it says, in one clause that follows the vendor's name.
    pub summary: &'static str,
    /// What it is about: whether a grant is to blame for it.
    pub blames: Blame,
    /// Likely causes, the likeliest first; each a sentence without a period.
    pub causes: &'static [&'static str],
    /// How often to ask at most before the error is believed; `None` means as often as for any other.
    pub attempts: Option<u32>,
}
