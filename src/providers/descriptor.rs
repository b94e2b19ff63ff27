//! The shape of what is known of a vendor.

use jiff::SignedDuration;
use url::Url;

use crate::domain::connection::{Provider, Settings, SigningAlgorithm};
use crate::domain::granted::Granted;
use crate::domain::key::KeyAlgorithm;

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
    /// How a client proves who it is.
    pub client_authentication: ClientAuthentication,
    /// How the body of a token request is written.
    pub body: BodyEncoding,
    /// The grants that it offers and we use.
    pub grants: &'static [GrantKind],
    /// What becomes of a refresh token when it is used.
    pub refresh: RefreshPolicy,
    /// The lifetime of an access token whose answer has no `expires_in` (RFC 6749 section 5.1).
    pub default_token_lifetime: SignedDuration,
    /// Headers in which it names a request, for its support; lower case.
    pub request_id_headers: &'static [&'static str],
    /// How a certificate is uploaded by a person.
    pub upload: Upload,
    /// Where a person sees why the vendor refused, since its answers do not say.
    pub diagnosis: Option<&'static str>,
    /// What its errors mean; the first that fits counts.
    pub meanings: &'static [Meaning],
    /// The token endpoint that the settings lead to.
    pub(super) token_url: fn(&Settings) -> Option<Url>,
    /// The certificate endpoint that the settings lead to.
    pub(super) certificates_url: fn(&Settings) -> Option<Url>,
    /// The certificate endpoint that lies beside a given token endpoint, as in the simulator.
    pub(super) certificates_beside: fn(&Settings, &Url) -> Option<Url>,
    /// Reads what an access token says of itself.
    pub(super) read_token: fn(&str) -> Option<Granted>,
}

impl Descriptor {
    /// Returns what an answer with this HTTP status and error code means, if that is known.
    pub fn meaning(&self, status: u16, code: &str) -> Option<&'static Meaning> {
        self.meanings
            .iter()
            .find(|meaning| meaning.code == code && meaning.status.is_none_or(|only| only == status))
    }

    /// Returns what `access_token` says of itself, unverified; `None` if the vendor's tokens do not tell.
    pub fn granted(&self, access_token: &str) -> Option<Granted> {
        (self.read_token)(access_token)
    }

    /// Returns the steps by which a person uploads a certificate for a connection with these settings.
    ///
    /// `file` is what the exported certificate is called.
    pub fn upload_steps(&self, settings: &Settings, file: &str) -> Vec<String> {
        (self.upload.steps)(settings, file)
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

/// A vendor's rules for client assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssertionRules {
    /// The longest span from `iat` to `exp`, in seconds, inclusive.
    pub max_seconds: u32,
}

/// How a client proves who it is (RFC 6749 section 2.3, RFC 7523 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A signed assertion.
    PrivateKeyJwt,
}

/// How the body of a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyEncoding {
    /// `application/x-www-form-urlencoded` (RFC 6749 section 3.2).
    Form,
}

/// A way to an access token (RFC 6749 section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantKind {
    /// RFC 6749 section 4.4: the exchange may be repeated at will.
    ClientCredentials,
}

/// What becomes of a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshPolicy {
    /// There is none: an access token is obtained anew.
    None,
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
    pub(super) steps: fn(&Settings, &str) -> Vec<String>,
}

/// What a vendor's error means and what helps.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The HTTP status that it must come with; `None` means any.
    pub status: Option<u16>,
    /// The vendor's error code (RFC 6749 section 5.2).
    pub code: &'static str,
    /// What it says, in one clause that follows the vendor's name.
    pub summary: &'static str,
    /// Likely causes, the likeliest first; each a sentence without a period.
    pub causes: &'static [&'static str],
    /// How often to ask at most before the error is believed; `None` means as often as for any other.
    pub attempts: Option<u32>,
}
