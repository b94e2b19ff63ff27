//! What was seen when a connection was refused.

use jiff::{SignedDuration, Timestamp};

use crate::domain::key::KeyState;
use crate::domain::settings::{ScopeStyle, SigningAlgorithm, SubjectClaim};

/// The key that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands.
    pub state: KeyState,
    /// The certificate id that it was tried with.
    pub certificate_id: String,
    /// Start of its certificate's validity.
    pub not_before: Timestamp,
    /// End of its certificate's validity, by the certificate.
    pub not_after: Timestamp,
    /// The same, by the vendor's rule.
    pub ends_at: Timestamp,
    /// When the vendor last accepted this key under this certificate id, as far as is known here.
    pub worked_at: Option<Timestamp>,
}

/// One thing that was changed for a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The assertion's times by the vendor's clock.
    Clock,
    /// Another key of the same connection, under its own certificate id.
    Key(KeyState),
    /// Another certificate id for the same key.
    CertificateId(String),
    /// One scope alone.
    Scope(String),
    /// The other notation of scopes.
    ScopeStyle(ScopeStyle),
    /// The other choice of `sub`.
    Subject(SubjectClaim),
    /// A short life of the assertion, in seconds.
    Lifetime(u32),
    /// Another signature algorithm.
    Algorithm(SigningAlgorithm),
    /// Another token URL for the same account.
    TokenUrl(String),
    /// Another account of the same customer.
    Account(String),
    /// Another client id of the same account.
    ClientId(String),
    /// All settings as they were before the last change.
    PreviousSettings,
}

/// One trial and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What was changed.
    pub change: Change,
    /// Whether the vendor gave a token.
    pub accepted: bool,
}

/// A certificate as the vendor lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCertificate {
    /// Its id.
    pub id: String,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When it ends, as far as the answer could be read.
    pub valid_until: Option<Timestamp>,
}

/// What came of asking for the certificates of our client id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Whose token asked: a connection's name, with the key's state if it is our own.
    pub by: String,
    /// Whether the asker's entity is ours, so that our certificates must be in the list.
    pub same_entity: bool,
    /// The answer.
    pub listed: Listed,
}

/// The answer to a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// The list.
    Certificates(Vec<RemoteCertificate>),
    /// The vendor knows no such client id.
    UnknownClient,
    /// The asker may not, or no answer came: why.
    Closed(String),
}

/// Another connection of the same account, and whether the vendor accepts it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// Its entity, by its token or else its settings.
    pub entity: Option<String>,
    /// Its role, by its token or else its settings.
    pub role: Option<String>,
    /// Whether the vendor accepts it.
    pub accepted: bool,
    /// Whether it ever did.
    pub worked_before: bool,
    /// The Application ID of its integration, as its token tells.
    pub application: Option<String>,
}

/// Everything that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observations {
    /// The connection's name.
    pub name: String,
    /// Our time.
    pub now: Timestamp,
    /// The vendor's clock minus ours.
    pub skew: SignedDuration,
    /// Whether the account is a sandbox or a release preview, whose certificates a refresh clears.
    pub sandbox: bool,
    /// The account id.
    pub account: String,
    /// The client id.
    pub client_id: String,
    /// The entity that the certificate should be mapped to.
    pub entity: Option<String>,
    /// The role that the certificate should be mapped to.
    pub role: Option<String>,
    /// The scopes asked for.
    pub scopes: Vec<String>,
    /// The key that was refused.
    pub key: Candidate,
    /// What was tried.
    pub trials: Vec<Trial>,
    /// What the vendor lists.
    pub listings: Vec<Listing>,
    /// How other connections of the account fare.
    pub peers: Vec<Peer>,
    /// Certificate ids of other keys in the vault, and whose they are.
    pub other_ids: Vec<(String, String)>,
}

impl Observations {
    /// The time by the vendor's clock.
    pub fn vendor_now(&self) -> Timestamp {
        self.now.checked_add(self.skew).unwrap_or(self.now)
    }

    /// Whether the vendor ever accepted this key under this certificate id.
    pub fn worked(&self) -> bool {
        self.key.worked_at.is_some()
    }

    /// What was accepted when it was changed.
    pub fn accepted(&self) -> impl Iterator<Item = &Change> {
        self.trials.iter().filter(|trial| trial.accepted).map(|trial| &trial.change)
    }

    /// Whether another key of the connection works: account, client, entity and role are as they should be.
    pub fn own_other_key(&self) -> Option<KeyState> {
        self.accepted().find_map(|change| match change {
            Change::Key(state) => Some(*state),
            _ => None,
        })
    }

    /// Every certificate that the vendor lists for our client id.
    pub fn listed(&self) -> impl Iterator<Item = &RemoteCertificate> {
        self.listings.iter().flat_map(|listing| match &listing.listed {
            Listed::Certificates(all) => all.as_slice(),
            Listed::UnknownClient | Listed::Closed(_) => &[],
        })
    }

    /// Whose key a certificate id belongs to by the vault, if not to the one that was tried.
    pub fn owner_of(&self, id: &str) -> Option<&str> {
        self.other_ids.iter().find(|(known, _)| known == id).map(|(_, owner)| owner.as_str())
    }
}

impl Peer {
    /// Whether it has our client id.
    pub fn same_client(&self, seen: &Observations) -> bool {
        self.client_id == seen.client_id
    }

    /// Whether it has our entity; unknown is no.
    pub fn same_entity(&self, seen: &Observations) -> bool {
        self.entity.is_some() && self.entity == seen.entity
    }

    /// Whether it has our role; unknown is no.
    pub fn same_role(&self, seen: &Observations) -> bool {
        self.role.is_some() && self.role == seen.role
    }
}
