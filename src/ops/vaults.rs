//! The vault itself: created, and opened to more people.

use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::domain::role::Role;
use crate::vault::identity::{Identity, IdentityFile};
use crate::vault::{CheckReport, Created, NewVault, Place, Rekeyed, Vault};

pub use crate::vault::VaultInfo;
pub use crate::vault::recipient::{Recipient, RecipientKey};

use super::{OpsError, Session};

/// A vault to be created.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// Where.
    pub place: Place,
    /// Operators that have identities already.
    pub operators: Vec<RecipientKey>,
    /// Where a new operator's identity goes, if one is to be made.
    pub identity_out: Option<PathBuf>,
}

/// What [`init`] made.
#[derive(Debug)]
pub struct Initialised {
    /// The vault.
    pub created: Created,
    /// The operators.
    pub operators: Vec<RecipientKey>,
    /// The new identity file.
    pub identity: Option<PathBuf>,
}

/// Creates the vault and, if asked for, an identity file that holds its pin.
///
/// The identity is on disk before the vault is: a vault that nobody can open never exists. If the vault then cannot
/// be created, the identity file is removed again.
pub fn init(request: InitRequest, clock: &Clock) -> Result<Initialised, OpsError> {
    check_init(&request)?;
    let InitRequest { place, mut operators, identity_out } = request;
    let identity = identity_out.as_ref().map(|_| Identity::generate());
    operators.extend(identity.as_ref().map(|identity| identity.recipient().clone()));
    let recipients = operators.iter().map(|key| (key.clone(), Role::Operator, None)).collect();
    let new = NewVault::new(recipients)?;
    if let (Some(path), Some(identity)) = (&identity_out, &identity) {
        IdentityFile::create(path, identity, &new.pin(), clock.now())?;
    }
    match Vault::create(&place, new, clock) {
        Ok(created) => Ok(Initialised { created, operators, identity: identity_out }),
        Err(error) => {
            // What may have become a vault must not lose the only key to it.
            if let Some(path) = identity_out.as_ref().filter(|_| place.vault.symlink_metadata().is_err()) {
                // What matters is why there is no vault; an identity that opens nothing does no harm.
                let _ = IdentityFile::discard(path);
            }
            Err(error.into())
        }
    }
}

/// Checks that nothing is in the way: what `--dry-run` does.
pub fn check_init(request: &InitRequest) -> Result<(), OpsError> {
    Vault::require_absent(&request.place)?;
    match &request.identity_out {
        Some(path) if path.symlink_metadata().is_ok() => Err(OpsError::IdentityExists(path.clone())),
        _ => Ok(()),
    }
}

/// Reads a public key: age1… or ssh-ed25519 ….
pub fn recipient_key(text: &str) -> Result<RecipientKey, OpsError> {
    Ok(text.parse::<RecipientKey>()?)
}

/// Returns what the vault says about itself.
pub fn info(session: &Session) -> Result<VaultInfo, OpsError> {
    Ok(session.vault.info()?)
}

/// Reads everything and says what holds.
pub fn check(session: &Session) -> Result<CheckReport, OpsError> {
    Ok(session.vault.check()?)
}

/// Returns the recipient that `text` names: by its public key, its fingerprint or its label.
pub fn recipient(session: &Session, text: &str) -> Result<Recipient, OpsError> {
    let recipients = session.vault.recipients()?;
    let matches = |recipient: &Recipient| {
        recipient.key.as_str() == text
            || text.parse::<RecipientKey>().is_ok_and(|key| key == recipient.key)
            || recipient.key.fingerprint() == text
            || recipient.label.as_deref() == Some(text)
    };
    let mut found = recipients.into_iter().filter(matches);
    match (found.next(), found.next()) {
        (Some(recipient), None) => Ok(recipient),
        (None, _) => {
            let nearest = session.vault.read(|rows| rows.nearest_recipient(text))?;
            Err(OpsError::NoRecipient { name: text.to_owned(), nearest })
        }
        (Some(_), Some(_)) => {
            Err(OpsError::Invalid(format!("several recipients are called `{text}`: use the public key")))
        }
    }
}

/// What a change of recipients did.
#[derive(Debug)]
pub struct Changed {
    /// Who.
    pub recipient: Recipient,
    /// What a rekey did, if there was one.
    pub rekeyed: Option<Rekeyed>,
}

/// Lets somebody open the vault.
pub fn add_recipient(
    session: &Session,
    key: &RecipientKey,
    role: Role,
    label: Option<String>,
) -> Result<Changed, OpsError> {
    Ok(Changed { recipient: session.vault.add_recipient(key, role, label)?, rekeyed: None })
}

/// Changes a role; a demotion rekeys the vault.
pub fn set_role(session: &Session, text: &str, role: Role) -> Result<Changed, OpsError> {
    let who = recipient(session, text)?;
    let progress = session.interact.progress(1, "changing the role");
    let rekeyed = session.vault.set_role(&who.key, role)?;
    drop(progress);
    Ok(Changed { recipient: Recipient { role, ..who }, rekeyed })
}

/// Keeps somebody from opening the vault; rekeys it if that was an operator.
pub fn remove_recipient(session: &Session, text: &str) -> Result<Changed, OpsError> {
    let who = recipient(session, text)?;
    let progress = session.interact.progress(1, "sealing every secret anew");
    let rekeyed = session.vault.remove_recipient(&who.key)?;
    drop(progress);
    Ok(Changed { recipient: who, rekeyed })
}

/// What only exists here and must be kept elsewhere, too.
pub fn to_back_up(vault: &Path, identity: Option<&Path>) -> Vec<String> {
    let mut what = vec![format!("{}: useless without an identity that opens it", vault.display())];
    if let Some(identity) = identity {
        what.push(format!("{}: whoever has it and the vault has every secret", identity.display()));
    }
    what
}
