//! The names that a shell offers while somebody types: read in passing, without a question and without a trace.

use super::{IdentityText, OpsError};
use crate::clock::Clock;
use crate::vault::identity::{Credentials, IdentityFile};
use crate::vault::pin::Pin;
use crate::vault::{Place, Rows, VaultError, glance};

/// What opens the vault, if that needs nobody.
pub struct NamesRequest {
    /// Where it is.
    pub place: Place,
    /// Who opens it; one with a passphrase does not.
    pub identity: IdentityText,
    /// The pin that counts instead of those in the identity file.
    pub pin: Option<String>,
    /// The time.
    pub clock: Clock,
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's own lifetime is not general enough for `read`"
)]
impl NamesRequest {
    /// Returns the names of connections that begin with `start`.
    pub fn connections(self, start: &str) -> Result<Vec<String>, OpsError> {
        self.read(|rows| {
            let names = rows.connection_names_from(start)?;
            Ok(names.iter().map(ToString::to_string).collect())
        })
    }

    /// Returns the names of apps.
    pub fn apps(self) -> Result<Vec<String>, OpsError> {
        self.read(|rows| Ok(rows.app_names()?.iter().map(ToString::to_string).collect()))
    }

    /// Returns the names of companies; foreign text.
    pub fn companies(self) -> Result<Vec<String>, OpsError> {
        self.read(|rows| rows.company_names())
    }

    /// Returns the labels of recipients; foreign text.
    pub fn recipients(self) -> Result<Vec<String>, OpsError> {
        self.read(|rows| rows.recipient_labels())
    }

    fn read<T>(self, read: impl FnOnce(&Rows<'_>) -> Result<T, VaultError>) -> Result<T, OpsError> {
        let nobody = |_: &str| None;
        let file = IdentityFile::from_bytes(&self.identity.origin, &self.identity.text, &nobody)?;
        let pin = self.pin.as_deref().map(str::parse::<Pin>).transpose()?;
        let credentials = Credentials { files: vec![file], pin };
        Ok(glance(&self.place, &credentials, &self.clock, read)?)
    }
}
