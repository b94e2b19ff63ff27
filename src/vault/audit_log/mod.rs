//! The audit log: what was asked for before it happened, how it ended, and a chain of hashes over both.
//!
//! Monthly files of JSON lines in a folder beside the vault; `domain::audit` says what a line holds and how the
//! chain is checked. Writers hold the audit lock and touch only the end of the newest file. Readers need no lock:
//! whatever ends with a line feed never changes again.

mod backwards;
#[cfg(feature = "fuzzing")]
pub(in crate::vault) mod fuzzing;
mod months;
mod read;
mod tail;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use read::Records;

use self::tail::{Durability, Tail};
use super::error::VaultError;
use super::file;
use super::lock::{Lock, Locks};
use crate::clock::Clock;
use crate::domain::audit::{Action, Actor, AuditEvent, AuditHead, AuditRecord, Kind, VERSION};
use crate::domain::ids::OperationId;
use crate::hooks;

/// How many subjects a record names at most: 64 KiB of them, far below what a reader takes as a line.
const SUBJECTS: usize = 1000;

/// The audit log of one vault.
#[derive(Debug, Clone)]
pub struct AuditLog {
    folder: PathBuf,
    locks: Locks,
    clock: Clock,
}

/// An operation whose request is recorded; it is owed an outcome.
#[derive(Debug)]
pub struct Operation {
    id: OperationId,
    action: Action,
    actor: Actor,
    head: AuditHead,
}

impl Operation {
    /// The operation of `action` whose request is `request`: to record the outcome that it did not live to record.
    pub(in crate::vault) fn resumed(request: &AuditRecord, action: Action) -> Self {
        Self {
            id: request.operation.clone(),
            action,
            actor: request.actor.clone(),
            // What follows it is long anchored.
            head: AuditHead::start(),
        }
    }

    /// The id that request and outcome share.
    pub fn id(&self) -> &OperationId {
        &self.id
    }

    /// The point of the chain that the request is at. It is durable, so a commit may anchor it.
    pub fn head(&self) -> &AuditHead {
        &self.head
    }
}

impl AuditLog {
    /// The log in `folder`, which is created with the first record.
    pub fn new(folder: PathBuf, locks: Locks, clock: Clock) -> Self {
        Self { folder, locks, clock }
    }

    /// Records that something is about to happen; durable when it returns.
    ///
    /// Whoever gets an error does nothing: [`VaultError::Audit`], [`VaultError::AuditDamaged`] if the log's end
    /// cannot be continued, or [`VaultError::Locked`].
    pub fn request(&self, event: &AuditEvent, actor: &Actor) -> Result<Operation, VaultError> {
        let id = OperationId::new();
        let records = self.records_of(&Kind::Request, &id, event, actor);
        let head = match self.append(records, Durability::Synced).map_err(refuse) {
            Err(_) if hooks::mutant("unrecorded") => AuditHead::start(),
            appended => appended?,
        };
        Ok(Operation { id, action: event.action, actor: actor.clone(), head })
    }

    /// Records how an operation ended, with the error's kind if it failed; durable when it returns.
    pub fn outcome(&self, operation: &Operation, outcome: Result<(), &str>) -> Result<(), VaultError> {
        let event = AuditEvent::new(operation.action);
        let mut record = self.record(Kind::Outcome, &operation.id, &event, &operation.actor);
        record.outcome = Some(AuditRecord::outcome_word(outcome));
        self.append(vec![record], Durability::Synced).map(drop)
    }

    /// Records, in one line, that a cached secret is about to be handed out.
    ///
    /// Written but not synced: it survives the process, and a power cut from the next synced record on. Errors as
    /// for [`AuditLog::request`]; whoever gets one releases nothing.
    pub fn release(&self, event: &AuditEvent, actor: &Actor) -> Result<(), VaultError> {
        let mut records = self.records_of(&Kind::Release, &OperationId::new(), event, actor);
        for record in &mut records {
            record.outcome = Some(AuditRecord::outcome_word(Ok(())));
        }
        match self.append(records, Durability::Written).map(drop).map_err(refuse) {
            Err(_) if hooks::mutant("unrecorded") => Ok(()),
            appended => appended,
        }
    }

    /// Returns the newest point of the chain, after making everything up to it durable.
    pub fn head(&self) -> Result<AuditHead, VaultError> {
        let _lock = self.lock()?;
        if !months::folder_exists(&self.folder)? {
            return Ok(AuditHead::start());
        }
        let tail = Tail::find(&self.folder)?;
        tail.sync()?;
        Ok(tail.head().clone())
    }

    /// Creates the records of one event: its details are in the first, its subjects in as many as they take.
    fn records_of(
        &self,
        kind: &Kind,
        id: &OperationId,
        event: &AuditEvent,
        actor: &Actor,
    ) -> Vec<AuditRecord> {
        let first = self.record(kind.clone(), id, event, actor);
        let mut chunks = event.subjects.chunks(SUBJECTS).map(<[_]>::to_vec);
        let mut records = vec![AuditRecord { subjects: chunks.next().unwrap_or_default(), ..first }];
        let more = AuditEvent::new(event.action);
        records.extend(
            chunks.map(|subjects| AuditRecord { subjects, ..self.record(kind.clone(), id, &more, actor) }),
        );
        records
    }

    /// Creates a record that has no subjects and no place in the chain yet.
    fn record(&self, kind: Kind, id: &OperationId, event: &AuditEvent, actor: &Actor) -> AuditRecord {
        AuditRecord {
            version: VERSION,
            sequence: 0,
            at: self.clock.now(),
            kind,
            operation: id.clone(),
            action: event.action.as_str().to_owned(),
            subjects: Vec::new(),
            details: event.details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            actor: actor.clone(),
            outcome: None,
            prev: String::new(),
        }
    }

    /// Appends `new`, after the record of a torn line that has to be cut off first, and returns the new head.
    fn append(&self, new: Vec<AuditRecord>, durability: Durability) -> Result<AuditHead, VaultError> {
        let _lock = self.lock()?;
        if hooks::mutant("hang-in-audit") {
            std::thread::park();
        }
        file::ensure_folder(&self.folder)?;
        let mut tail = Tail::find(&self.folder)?;
        let mut records = Vec::with_capacity(new.len() + 1);
        if let Some((bytes, hash)) = tail.cut()?
            && let Some(AuditRecord { actor, .. }) = new.first()
        {
            let event = AuditEvent::new(Action::AuditCut).with("bytes", bytes).with("sha256", hash);
            let mut cut = self.record(Kind::Cut, &OperationId::new(), &event, actor);
            cut.outcome = Some(AuditRecord::outcome_word(Ok(())));
            records.push(cut);
        }
        records.extend(new);
        tail.append(records, self.clock.now(), durability)
    }

    fn lock(&self) -> Result<Option<Lock>, VaultError> {
        if hooks::mutant("no-audit-lock") {
            return Ok(None);
        }
        self.locks.audit().map(Some)
    }
}

/// Says that nothing was done because the record could not be made; a busy lock and a damaged log keep their own
/// names, since other things help against them.
fn refuse(error: VaultError) -> VaultError {
    match error {
        VaultError::Locked { .. } | VaultError::AuditDamaged(_) => error,
        other => VaultError::Audit(Box::new(other)),
    }
}
