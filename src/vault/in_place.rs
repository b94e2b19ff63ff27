//! What is at the place of a vault that is to be restored.

use super::backup::open_whole;
use super::error::VaultError;
use super::generation::Generation;
use super::identity::Credentials;
use super::location::Location;
use super::pin::{Pin, id_from_bytes};
use super::recipient::Role;

/// What a backup would replace.
pub(super) enum InPlace {
    /// Nothing.
    Absent,
    /// The vault, every part of it as it was signed; whether it is the newest does not matter.
    Sound(Box<Generation>),
    /// Something that is not what a trusted key signed: why, in words.
    Broken(String),
}

impl InPlace {
    /// Looks at what is at `location`, which is to be replaced by the vault that `trusted` are pins of.
    ///
    /// Fails with [`VaultError::Occupied`] for another vault and for one that does not open to `credentials`, and with
    /// [`VaultError::NotOperator`] if they are a viewer's there.
    pub(super) fn look(
        location: &Location,
        credentials: &Credentials,
        trusted: &[Pin],
    ) -> Result<Self, VaultError> {
        let path = location.vault();
        let occupied = |why: String| VaultError::Occupied { path: path.clone(), why };
        let opened = open_whole(&path, credentials, |footer| {
            let found = Pin { vault: id_from_bytes(&footer.commit.vault)?, verify_key: footer.verify_key };
            if trusted.iter().all(|pin| pin.vault != found.vault) {
                return Err(occupied(format!("it is another vault, {}", found.vault)));
            }
            if !trusted.contains(&found) {
                return Err(VaultError::Untrusted("it is signed by another key".to_owned()));
            }
            Ok(())
        });
        match opened {
            Ok(generation) if generation.role == Role::Operator => Ok(Self::Sound(Box::new(generation))),
            Ok(_) => Err(VaultError::NotOperator),
            Err(VaultError::Absent(_)) => Ok(Self::Absent),
            Err(error @ (VaultError::Damaged(_) | VaultError::Untrusted(_))) => {
                Ok(Self::Broken(error.to_string()))
            }
            Err(VaultError::WrongIdentity { .. }) => {
                Err(occupied("it is a vault that does not open to your identity".to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// The vault, if it is sound.
    pub(super) fn sound(&self) -> Option<&Generation> {
        match self {
            Self::Sound(generation) => Some(generation),
            Self::Absent | Self::Broken(_) => None,
        }
    }

    /// What is wrong with it, if it is not.
    pub(super) fn broken(&self) -> Option<String> {
        match self {
            Self::Broken(why) => Some(why.clone()),
            Self::Absent | Self::Sound(_) => None,
        }
    }

    /// Whether a vault that `pin` is of may have it as its previous generation; nothing at all may be that, too.
    pub(super) fn may_precede(&self, pin: &Pin) -> bool {
        match self {
            Self::Absent => true,
            Self::Sound(generation) => generation.pin == *pin,
            Self::Broken(_) => false,
        }
    }
}
