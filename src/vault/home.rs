//! Where this process runs: the home that a vault may be written at, and the account that acts.

use std::path::Path;

use super::error::VaultError;
use super::file::{self, Privacy};
use super::location::Location;
use super::trailer::sha256;
use crate::domain::ids::{hex, random_hex};

/// The place at which a vault may be written: a machine and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The machine: a hash, so that the vault does not tell the machine's id (machine-id(5) asks for that).
    pub id: String,
    /// The vault's path, its folder resolved.
    pub path: String,
}

/// What the id of a home begins with that was given up; what follows is whose it was.
const RELEASED: &str = "released-";

const MACHINE_IDS: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

impl Home {
    /// Finds out where this is.
    ///
    /// `given` stands for the machine's id; without either an id is made up once and kept in `state_dir`.
    pub fn here(location: &Location, given: Option<&str>, state_dir: &Path) -> Result<Self, VaultError> {
        let machine = match given {
            Some(id) => id.to_owned(),
            None => match machine_id()? {
                Some(id) => id,
                None => kept_id(&state_dir.join("home-id"))?,
            },
        };
        let hash = sha256(&[b"tokenctl home\n", machine.trim().as_bytes()].concat());
        Ok(Self { id: hex(&hash[..16]), path: location.vault().display().to_string() })
    }

    /// The home of a vault that is given up here: nobody's.
    pub(super) fn released(&self) -> Self {
        Self { id: format!("{RELEASED}{}", self.id), path: self.path.clone() }
    }

    /// Whether nobody may write the vault until somebody takes it over.
    pub fn is_released(&self) -> bool {
        self.id.starts_with(RELEASED)
    }
}

/// Returns the machine's id, if it has one that may be read.
///
/// Any other error is one: an id made up instead would make the vault's own home a foreign place.
fn machine_id() -> Result<Option<String>, VaultError> {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    for path in MACHINE_IDS {
        match std::fs::read_to_string(path) {
            Ok(id) if !id.trim().is_empty() => return Ok(Some(id)),
            Err(error) if !matches!(error.kind(), NotFound | PermissionDenied) => {
                return Err(VaultError::io("read", Path::new(path))(error));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn kept_id(path: &Path) -> Result<String, VaultError> {
    let kept = || file::read(path, Privacy::OwnerWrites, 4096);
    let id = match kept() {
        Err(error) if error.is_missing_file() => {
            file::create_once(path, random_hex::<16>().as_bytes())?;
            kept()?
        }
        id => id?,
    };
    let id = String::from_utf8_lossy(&id).trim().to_owned();
    if id.is_empty() { Err(VaultError::damaged(format!("{} is empty", path.display()))) } else { Ok(id) }
}

/// Returns the account that acts as `uid:name`, or only the number if it has no name.
pub(super) fn account() -> String {
    let uid = rustix::process::geteuid().as_raw();
    let name = std::fs::read_to_string("/etc/passwd").ok().and_then(|passwd| account_name(&passwd, uid));
    name.map_or_else(|| uid.to_string(), |name| format!("{uid}:{name}"))
}

/// Source: passwd(5): `name:password:uid:gid:…`.
fn account_name(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_id_itself_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::resolve(&folder.path().join("vault.age")).unwrap();
        let home = Home::here(&location, Some("machine"), folder.path()).unwrap();
        assert_eq!(home, Home::here(&location, Some("machine\n"), folder.path()).unwrap());
        assert_ne!(home.id, Home::here(&location, Some("other"), folder.path()).unwrap().id);
        assert!(!home.id.contains("machine"));
    }

    #[test]
    fn a_home_that_was_given_up_is_nobodys() {
        let home = Home { id: "ab".to_owned(), path: "/v/vault.age".to_owned() };
        assert!(!home.is_released() && home.released().is_released());
        assert_ne!(home, home.released());
        assert_eq!(home.released().path, home.path, "the old place can still be named");
    }

    #[test]
    fn a_made_up_id_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home-id");
        assert_eq!(kept_id(&path).unwrap(), kept_id(&path).unwrap());
    }

    #[test]
    fn accounts_have_names() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!(account_name(passwd, 1000).as_deref(), Some("alice"));
        assert_eq!(account_name(passwd, 7), None);
    }
}
