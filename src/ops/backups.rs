//! Backups of the vault, and what is destroyed before there is one.
//!
//! What a backup is for, with keys that rotate: the one that is kept must hold the key that works. A backup from before
//! a rotation was confirmed holds the old key only; once that is destroyed here and revoked at the vendor, to restore it
//! would bring back nothing that works. So whoever destroys something is warned, never refused, if the last backup that
//! this machine remembers was committed before
//!
//! - `rotate retire`: the key that stays became active,
//! - `connection remove`: the newest of its keys was made or became active, or its grant was given,
//!
//! or if it remembers none. `company disconnect` and `token revoke` give a grant back at the vendor first: no backup
//! could bring that back, so they warn of nothing.

use jiff::Timestamp;

use crate::domain::rotation::KeySet;
use crate::domain::selection::Selection;
use crate::vault::BackupTarget;

pub use crate::vault::{Backed, Backup};

use super::connections::{self, Overview};
use super::{OpsError, Session};

/// Copies the vault into one file that was opened completely when this returns.
pub fn backup(session: &Session, target: &BackupTarget, dry_run: bool) -> Result<Backed, OpsError> {
    if dry_run {
        return Ok(session.vault.plan_backup(target)?);
    }
    let progress = session.interact.progress(1, "copying the vault and opening the copy");
    let backed = session.vault.backup(target)?;
    drop(progress);
    Ok(backed)
}

/// Returns the last backup of the vault that this machine remembers; none that cannot be read about.
pub fn last_backup(session: &Session) -> Option<Backup> {
    session.vault.last_backup().ok().flatten()
}

/// What a person should know before something is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsaved {
    /// No backup is known here.
    Never,
    /// The last one that is known here is older than what counts.
    Older(Backup),
}

/// Whether what becomes the only key with `rotate retire` is in no backup that is known here.
pub fn unsaved_successor(session: &Session, keys: &KeySet) -> Option<Unsaved> {
    let active = keys.active.as_ref()?;
    unsaved_here(session, active.activated_at.unwrap_or(active.created_at))
}

/// Whether what `connection remove` destroys is in no backup that is known here; nothing secret needs none.
pub fn unsaved_connection(session: &Session, overview: &Overview) -> Option<Unsaved> {
    unsaved_here(session, newest_secret(overview)?)
}

/// As [`unsaved`]; where nothing can be changed, nothing is destroyed.
fn unsaved_here(session: &Session, since: Timestamp) -> Option<Unsaved> {
    session.vault.require_writable().ok()?;
    unsaved(last_backup(session), since)
}

/// Whether a key or a grant of any connection is in no backup that is known here.
pub fn unsaved_anywhere(session: &Session) -> Result<Option<Unsaved>, OpsError> {
    let all = connections::list(session, &Selection::all())?;
    let newest = all.iter().filter_map(newest_secret).max();
    Ok(newest.and_then(|since| unsaved(last_backup(session), since)))
}

/// When the newest key of a connection was made or became active, or its grant was given.
fn newest_secret(overview: &Overview) -> Option<Timestamp> {
    let keys = overview.keys.iter().map(|key| key.activated_at.unwrap_or(key.created_at));
    keys.chain(overview.grant.iter().map(|grant| grant.authorized_at)).max()
}

fn unsaved(last: Option<Backup>, since: Timestamp) -> Option<Unsaved> {
    match last {
        None => Some(Unsaved::Never),
        // At the same instant: the backup's own commit is what came last.
        Some(backup) if backup.committed_at >= since => None,
        Some(backup) => Some(Unsaved::Older(backup)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_holds_what_was_committed_before_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let backup = Backup {
            generation: 3,
            committed_at: at("2027-03-01T12:00:00Z"),
            made_at: at("2027-03-02T12:00:00Z"),
            path: "/b/vault-3.age".into(),
        };
        assert_eq!(unsaved(None, at("2020-01-01T00:00:00Z")), Some(Unsaved::Never));
        for (since, holds) in [
            ("2027-03-01T11:59:59Z", true),
            ("2027-03-01T12:00:00Z", true),
            ("2027-03-01T12:00:01Z", false),
            ("2027-03-03T00:00:00Z", false),
        ] {
            let found = unsaved(Some(backup.clone()), at(since));
            assert_eq!(found.is_none(), holds, "{since}");
        }
    }
}
