//! Which signing key to trust for a vault: an explicit pin, else the pins in the identity files, else what this
//! machine remembers of the vault at this path.

use super::error::VaultError;
use super::highwater::{Mark, Remembered};
use super::identity::Credentials;
use super::pin::{Pin, id_from_bytes};
use super::trailer::Footer;
use crate::hooks;

/// Returns the pin that `footer` satisfies.
///
/// A pin that a rekey on this machine has replaced stands for the one that replaced it: an identity file that could
/// not be rewritten locks nobody out, and lets nobody in who was removed.
///
/// Fails with [`VaultError::NoPin`] if nothing was ever pinned and with [`VaultError::Untrusted`] if the vault is
/// not the pinned one or the key is not the pinned one.
pub(super) fn pin_of(
    footer: &Footer,
    credentials: &Credentials,
    remembered: impl FnOnce() -> Result<Remembered, VaultError>,
) -> Result<Pin, VaultError> {
    let found = Pin { vault: id_from_bytes(&footer.commit.vault)?, verify_key: footer.verify_key };
    if let Some(pin) = &credentials.pin {
        return choose(found, std::slice::from_ref(pin));
    }
    let pinned = || credentials.files.iter().flat_map(|file| &file.pins);
    let of_this_vault = pinned().filter(|pin| pin.vault == found.vault).cloned().collect::<Vec<_>>();
    let remembered = remembered()?;
    if !of_this_vault.is_empty() {
        return choose(found, &followed(of_this_vault, remembered));
    }
    if remembered.pins.is_empty() && pinned().next().is_none() {
        return Err(VaultError::NoPin);
    }
    choose(found, &remembered.pins)
}

/// Returns `pins` with what became of them on this machine.
fn followed(mut pins: Vec<Pin>, remembered: Remembered) -> Vec<Pin> {
    let given = pins.len();
    pins.retain(|pin| !remembered.replaced.contains(pin));
    let is_followed = pins.len() < given || pins.iter().any(|pin| remembered.pins.first() == Some(pin));
    if is_followed {
        pins.extend(remembered.pins);
    }
    pins
}

fn choose(found: Pin, pins: &[Pin]) -> Result<Pin, VaultError> {
    if pins.contains(&found) || hooks::mutant("trust-any-key") {
        return Ok(found);
    }
    Err(VaultError::Untrusted(if pins.iter().any(|pin| pin.vault == found.vault) {
        format!("the pin for vault {} names another key", found.vault)
    } else {
        format!("it is vault {}, and your pin is for another vault", found.vault)
    }))
}

/// Returns the pins that this machine remembers, if its mark is about the vault at `path`.
pub(super) fn remembered(mark: Option<&Mark>, path: &std::path::Path) -> Remembered {
    mark.map(|mark| mark.pins_for(path)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::VaultId;
    use crate::vault::identity::{Identity, IdentityFile};
    use crate::vault::signing::SigningKey;
    use crate::vault::trailer::{Commit, FOOTER, sign};

    fn footer(vault: [u8; 16], key: &SigningKey) -> Footer {
        let commit = Commit { vault, generation: 1, parent: [0; 32] };
        let (trailer, _) = sign(b"image", commit, key).unwrap();
        let footer = trailer.last_chunk::<FOOTER>().unwrap();
        Footer::parse(footer, (5 + trailer.len()) as u64).unwrap()
    }

    #[test]
    fn explicit_before_file_before_memory() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let footer = footer([1; 16], &key);
        let vault = id_from_bytes(&[1; 16]).unwrap();
        let right = Pin { vault: vault.clone(), verify_key: *key.verify_key() };
        let wrong = Pin { vault, verify_key: *other.verify_key() };
        let foreign = Pin { vault: VaultId::new(), verify_key: *key.verify_key() };
        let credentials = |explicit: Option<&Pin>, in_file: &[&Pin]| {
            let mut credentials = Credentials::from(Identity::generate());
            credentials.files.push(IdentityFile::from_pins(in_file.iter().copied().cloned().collect()));
            credentials.pin = explicit.cloned();
            credentials
        };
        let outcome = |explicit, in_file: &[&Pin], memory: &[&Pin]| {
            let memory = memory.iter().copied().cloned().collect();
            let memory = Remembered { pins: memory, replaced: Vec::new() };
            match pin_of(&footer, &credentials(explicit, in_file), || Ok(memory)) {
                Ok(pin) => {
                    assert_eq!(pin, right);
                    "trusted"
                }
                Err(VaultError::NoPin) => "no pin",
                Err(VaultError::Untrusted(_)) => "untrusted",
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!(outcome(Some(&right), &[&wrong], &[&wrong]), "trusted");
        assert_eq!(outcome(Some(&wrong), &[&right], &[&right]), "untrusted");
        assert_eq!(outcome(Some(&foreign), &[&right], &[&right]), "untrusted");
        assert_eq!(outcome(None, &[&right], &[&wrong]), "trusted");
        assert_eq!(outcome(None, &[&wrong], &[&right]), "untrusted");
        assert_eq!(outcome(None, &[&wrong, &right], &[]), "trusted");
        assert_eq!(outcome(None, &[&foreign], &[&right]), "trusted");
        assert_eq!(outcome(None, &[&foreign], &[]), "untrusted");
        assert_eq!(outcome(None, &[], &[&right]), "trusted");
        assert_eq!(outcome(None, &[], &[&wrong]), "untrusted");
        assert_eq!(outcome(None, &[], &[]), "no pin");
    }

    #[test]
    fn a_pin_that_was_replaced_here_stands_for_its_successor() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let vault = id_from_bytes(&[1; 16]).unwrap();
        let pin = |key: &SigningKey| Pin { vault: vault.clone(), verify_key: *key.verify_key() };
        let (new, old) = (pin(&key), pin(&other));
        let trusts = |signer: &SigningKey, in_file: &Pin, pins: &[&Pin], replaced: &[&Pin]| {
            let mut credentials = Credentials::from(Identity::generate());
            credentials.files.push(IdentityFile::from_pins(vec![in_file.clone()]));
            let owned = |pins: &[&Pin]| pins.iter().copied().cloned().collect();
            let memory = Remembered { pins: owned(pins), replaced: owned(replaced) };
            pin_of(&footer([1; 16], signer), &credentials, || Ok(memory)).is_ok()
        };
        assert!(trusts(&key, &old, &[&new], &[&old]), "the file was not rewritten");
        assert!(!trusts(&other, &old, &[&new], &[&old]), "signed by whoever was removed");
        assert!(
            trusts(&key, &old, &[&old, &new], &[]),
            "a crash after the commit, before the mark was raised"
        );
        assert!(trusts(&other, &old, &[&old, &new], &[]), "a crash before the commit");
        assert!(!trusts(&key, &old, &[&new], &[]), "rekeyed elsewhere");
    }
}
