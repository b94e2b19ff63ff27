//! Care of the vault as a whole: a backup put in its place, new keys for it, another home. `vault` says what each means.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::vault::{Restore, RestoreRequest};

pub use crate::vault::{Home, Move, Rekeyed, RestorePlan, Restored};

use super::{Interact, OpenRequest, OpsError, Session, session};

/// A backup that was opened completely and may be put in place.
pub struct Restoring {
    restore: Restore,
    interact: Arc<dyn Interact>,
}

/// Opens and checks a backup that is to become the vault that `request` names; changes nothing.
///
/// `seen` is the newest generation that any machine has seen, if that is known.
pub fn open_backup(
    request: OpenRequest,
    (backup, seen): (&Path, Option<u64>),
    clock: Clock,
    interact: Arc<dyn Interact>,
) -> Result<Restoring, OpsError> {
    let credentials = session::credentials(request.identity, request.pin.as_deref(), &*interact)?;
    let progress = interact.progress(1, "opening the backup and everything in it");
    let request = RestoreRequest { place: request.place, backup: backup.to_owned(), seen };
    let restore = Restore::open(request, credentials, clock)?;
    drop(progress);
    Ok(Restoring { restore, interact })
}

impl Restoring {
    /// What it means.
    pub fn plan(&self) -> Result<RestorePlan, OpsError> {
        Ok(self.restore.plan()?)
    }

    /// Puts the backup in place.
    pub fn run(self) -> Result<Restored, OpsError> {
        let progress = self.interact.progress(1, "putting the backup in place");
        let restored = self.restore.run();
        drop(progress);
        Ok(restored?)
    }
}

/// What a rekey would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RekeyPlan {
    /// How many values are sealed anew.
    pub values: u64,
    /// When a rekey began that was interrupted after its commit: it is finished instead.
    pub interrupted: Option<jiff::Timestamp>,
}

/// Returns what [`rekey`] would do.
pub fn plan_rekey(session: &Session) -> Result<RekeyPlan, OpsError> {
    session.vault.require_writable()?;
    let interrupted = session.vault.interrupted_rekey()?;
    Ok(RekeyPlan { values: session.vault.sealed_values()?, interrupted })
}

/// Replaces the keys of the vault, or finishes a rekey that was interrupted after its commit.
pub fn rekey(session: &Session) -> Result<Rekeyed, OpsError> {
    session.vault.require_writable()?;
    let progress = session.interact.progress(session.vault.sealed_values()?, "sealing every secret anew");
    let rekeyed = session.vault.rekey(&|steps| progress.advance(steps))?;
    drop(progress);
    Ok(rekeyed)
}

/// Returns what it means to make this the vault's home.
pub fn plan_move(session: &Session) -> Result<Move, OpsError> {
    Ok(session.vault.plan_move()?)
}

/// Makes this the vault's home, as planned.
pub fn take_home(session: &Session, planned: &Move) -> Result<(), OpsError> {
    Ok(session.vault.take_home(planned)?)
}

/// Gives the vault up, so that another place can take it over; fails where its home is not.
pub fn release_home(session: &Session, dry_run: bool) -> Result<Home, OpsError> {
    session.vault.require_writable()?;
    if dry_run {
        return Ok(session.vault.info()?.home);
    }
    let wait = session.limits.deadline.saturating_duration_since(session.clock.instant());
    Ok(session.vault.release_home(wait)?)
}
