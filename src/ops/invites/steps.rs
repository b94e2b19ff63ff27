//! Steps of invitations: one compare-and-set each.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::ids::InvitationId;
use crate::domain::invitation::key::verifying_set;
use crate::domain::invitation::state::{self, Refused};
use crate::domain::invitation::token;
use crate::domain::invitation::window::{Access, AccessWindow, AddressHash, Limit};
use crate::domain::invitation::{Invitation, State, Step, Suspicion};
use crate::domain::jws::{self, Refusal, Verified};
use crate::hooks::mutant;
use crate::secret::SecretString;
use crate::vault::{ConnectionLock, Role, Rows};

use super::super::{OpsError, Session};
use super::find::{select, some};
use super::{Desk, InviteError, Person, Selector, Suspect, about, gone, tell};

/// A token that somebody presents, and from where.
pub struct Presented<'a> {
    /// The token.
    pub token: &'a SecretString,
    /// The address, if the caller knows it.
    pub address: Option<IpAddr>,
}

/// An invitation that was moved, or stayed where it may stay.
pub struct Moved {
    /// As it is now.
    pub invitation: Invitation,
    /// Where it stood before.
    pub before: State,
    /// Whom it is for.
    pub person: Person,
    /// What is suspicious although the step was taken.
    pub suspicions: Vec<Suspicion>,
}

/// What became of many invitations.
pub struct MovedMany {
    /// Each as it is now, or would be, and whether that is new.
    pub invitations: Vec<(Invitation, bool)>,
}

/// Says that invitations were sent, or takes them back: everything that matches or nothing.
pub fn move_many(
    session: &Session,
    selector: &Selector,
    step: Step,
    dry_run: bool,
) -> Result<MovedMany, OpsError> {
    session.vault.require_writable()?;
    let now = session.clock.now();
    let plan = |rows: &Rows<'_>| {
        super::stored_issuer(rows)?;
        let found = select(rows, selector, now)?;
        some(&found, selector)?;
        // Asked for by address, what is over already is not meant.
        let by_name = selector.id.is_some() || selector.state.is_some();
        let mut moves = Vec::new();
        for before in found {
            match target(&before, step, now) {
                Ok(after) => moves.push((before, after)),
                Err(_) if !by_name => {}
                Err(error) => return Err(error),
            }
        }
        if moves.is_empty() { Err(InviteError::NoneMatches.into()) } else { Ok(moves) }
    };
    let planned: Vec<(Invitation, Invitation)> = session.vault.read(plan)?;
    let changes = planned.iter().any(|(before, after)| before != after);
    if dry_run || !changes {
        return Ok(moved_many(planned));
    }
    let event = about(AuditEvent::new(action(step)), planned.iter().map(|(before, _)| &before.id));
    let done = session.vault.transact::<_, OpsError>(&event, |rows| {
        let moves = plan(rows)?;
        for (before, after) in moves.iter().filter(|(before, after)| before != after) {
            if !rows.move_invitation(before, after)? {
                return Err(InviteError::MovedMeanwhile(before.id.clone()).into());
            }
        }
        Ok(moves)
    })?;
    Ok(moved_many(done))
}

fn moved_many(moves: Vec<(Invitation, Invitation)>) -> MovedMany {
    MovedMany {
        invitations: moves
            .into_iter()
            .map(|(before, after)| {
                let new = before != after;
                (after, new)
            })
            .collect(),
    }
}

/// Starts, hands in or redeems the invitation of a token.
pub fn advance(session: &Session, presented: &Presented<'_>, step: Step) -> Result<Moved, OpsError> {
    session.vault.require_writable()?;
    let desk = Desk::open(session)?;
    let address = presented.address.map(|address| desk.searcher.address(address));
    let result = believed(session, &desk, presented.token)
        .and_then(|before| take(session, presented, &before, step).map(|taken| (before, taken)));
    match result {
        Ok((before, taken)) => Ok(moved(&before, taken, Vec::new())),
        Err(error) => Err(suspected(session, presented.token, address.as_ref(), error)?),
    }
}

/// Opens the invitation of a token: the validation that is limited and counted.
pub fn access(session: &Session, presented: &Presented<'_>) -> Result<Moved, OpsError> {
    session.vault.require_writable()?;
    let desk = Desk::open(session)?;
    let wait = session.limits.deadline.saturating_duration_since(session.clock.instant());
    let lock = session.vault.lock_accesses(&desk.issuer.owner, wait)?;
    let mut counter = Counter {
        window: session.vault.accesses(&desk.issuer.owner)?,
        address: presented.address.map(|address| desk.searcher.address(address)),
        max_per_token: desk.issuer.settings.max_checks_per_hour,
        session,
        lock: &lock,
    };
    counter.window.prune(session.clock.now());
    // The address first: whoever made too many attempts does not even get a signature checked.
    let result = counter.admit(None).and_then(|()| {
        let before = believed(session, &desk, presented.token)?;
        counter.admit(Some(&before.id))?;
        target(&before, Step::Access, session.clock.now())?;
        Ok(before)
    });
    match result {
        Ok(before) => {
            let suspicions = counter.count(Some(&before.id))?;
            for what in &suspicions {
                let suspect = Suspect {
                    what: *what,
                    invitation: Some(&before.id),
                    address: counter.address.as_ref(),
                    detail: None,
                };
                tell(session, suspect)?;
            }
            let taken = take(session, presented, &before, Step::Access)?;
            Ok(moved(&before, taken, suspicions))
        }
        Err(error) => {
            // What a limit refused is not counted once more, or nobody would ever get in again; nor is what failed here.
            let counts =
                matches!(&error, OpsError::Invite(reason) if !matches!(reason, InviteError::Limit(_)));
            let more = if counts { counter.count(None)? } else { Vec::new() };
            let address = counter.address.clone();
            for what in more {
                tell(session, Suspect { what, invitation: None, address: address.as_ref(), detail: None })?;
            }
            Err(suspected(session, presented.token, address.as_ref(), error)?)
        }
    }
}

/// Returns what a step would do: nothing is counted, recorded or changed.
pub fn plan_step(session: &Session, presented: &Presented<'_>, step: Step) -> Result<Moved, OpsError> {
    session.vault.require_writable()?;
    let desk = Desk::open(session)?;
    let now = session.clock.now();
    let before = believed(session, &desk, presented.token)?;
    if step == Step::Access {
        let mut window = session.vault.accesses(&desk.issuer.owner)?;
        window.prune(now);
        let address = presented.address.map(|address| desk.searcher.address(address));
        let max = desk.issuer.settings.max_checks_per_hour;
        if let Some(limit) = window.limit(Some(&before.id), address.as_ref(), max, now) {
            return Err(InviteError::Limit(limit).into());
        }
    }
    let after = target(&before, step, now)?;
    let person = person(session, &before.id)?;
    Ok(moved(&before, (after, person), Vec::new()))
}

/// The accesses of the last hour, under their lock.
struct Counter<'a> {
    window: AccessWindow,
    address: Option<AddressHash>,
    max_per_token: u32,
    session: &'a Session,
    lock: &'a ConnectionLock,
}

impl Counter<'_> {
    fn admit(&self, invitation: Option<&InvitationId>) -> Result<(), OpsError> {
        let now = self.session.clock.now();
        match self.window.limit(invitation, self.address.as_ref(), self.max_per_token, now) {
            Some(limit) if !mutant("no-access-limit") => Err(InviteError::Limit(limit).into()),
            _ => Ok(()),
        }
    }

    /// Counts one more; durable when this returns. An attempt that names neither an invitation nor an address counts
    /// against nobody.
    fn count(&mut self, invitation: Option<&InvitationId>) -> Result<Vec<Suspicion>, OpsError> {
        if invitation.is_none() && self.address.is_none() {
            return Ok(Vec::new());
        }
        let access = Access {
            at: self.session.clock.now(),
            invitation: invitation.cloned(),
            address: self.address.clone(),
        };
        let suspicions = self.window.record(access);
        self.session.vault.journal_accesses(self.lock, &self.window)?;
        Ok(suspicions)
    }
}

/// Returns the invitation of a token that holds, is the one that was handed out, and is not over.
fn believed(session: &Session, desk: &Desk, token: &SecretString) -> Result<Invitation, OpsError> {
    let keys = verifying_set(&desk.keys);
    let expected = desk.issuer.settings.expectations();
    let verified = jws::verify(token, &keys, &expected, session.clock.now()).map_err(InviteError::Token)?;
    session.vault.read(|rows| of_token(rows, &verified, token))
}

/// Returns the invitation that a verified token belongs to.
pub(super) fn of_token(
    rows: &Rows<'_>,
    verified: &Verified,
    presented: &SecretString,
) -> Result<Invitation, OpsError> {
    let unknown = || InviteError::Unknown(verified.id.clone());
    let id: InvitationId = verified.id.parse().map_err(|_| unknown())?;
    let invitation = rows.invitation(&id)?.ok_or_else(unknown)?;
    // An ECDSA signature has a twin that verifies as well; only the one that was handed out counts.
    if invitation.token_hash == token::hash(presented) {
        Ok(invitation)
    } else {
        Err(InviteError::NotTheToken.into())
    }
}

/// Takes a step, if it still can be taken inside the transaction. What changes nothing costs no commit.
fn take(
    session: &Session,
    presented: &Presented<'_>,
    before: &Invitation,
    step: Step,
) -> Result<Taken, OpsError> {
    let now = session.clock.now();
    let event = about(AuditEvent::new(action(step)), [&before.id]);
    if target(before, step, now)? == *before {
        let person = person(session, &before.id)?;
        session.vault.audit().release(&event, &session.vault.actor()?)?;
        return Ok((before.clone(), person));
    }
    let first_access = presented.address.filter(|_| step == Step::Access);
    session.vault.transact::<_, OpsError>(&event, |rows| {
        let current = if mutant("redeem-without-reread") {
            before.clone()
        } else {
            rows.invitation(&before.id)?.ok_or_else(gone)?
        };
        let after = target(&current, step, now)?;
        if !rows.move_invitation(&current, &after)? && !mutant("redeem-without-reread") {
            return Err(InviteError::MovedMeanwhile(before.id.clone()).into());
        }
        if let Some(address) = first_access {
            rows.keep_invitation_address(&before.id, address)?;
        }
        // Read here: what fails after the commit must not be reported as if the step had not been taken.
        let person = Person::read(rows, Role::Operator, &before.id)?;
        Ok((after, person))
    })
}

/// An invitation after a step, and whom it is for.
type Taken = (Invitation, Person);

fn person(session: &Session, id: &InvitationId) -> Result<Person, OpsError> {
    session.vault.read(|rows| Person::read(rows, Role::Operator, id))
}

/// Returns the invitation after a step.
fn target(before: &Invitation, step: Step, now: Timestamp) -> Result<Invitation, OpsError> {
    let standing = before.state_at(now);
    let refused = |reason| InviteError::Step { id: before.id.clone(), reason };
    let to = state::next(standing, step, before.uses_left).map_err(refused)?;
    let mut after = before.clone();
    if to != standing {
        after.enter(to, now);
    }
    if step == Step::Redeem {
        after.uses_left = after.uses_left.saturating_sub(1);
    }
    Ok(after)
}

fn moved(before: &Invitation, (invitation, person): Taken, suspicions: Vec<Suspicion>) -> Moved {
    Moved { invitation, before: before.state, person, suspicions }
}

/// Leaves a record of a refusal that somebody should know of, and hands the error back.
fn suspected(
    session: &Session,
    token: &SecretString,
    address: Option<&AddressHash>,
    error: OpsError,
) -> Result<OpsError, OpsError> {
    let OpsError::Invite(reason) = &error else { return Ok(error) };
    let named: Option<InvitationId> = match reason {
        InviteError::Step { id, .. } => Some(id.clone()),
        InviteError::Token(Refusal::Expired { id, .. }) => id.parse().ok(),
        // Its signature holds, or the limit was reached after it was found to hold.
        InviteError::NotTheToken | InviteError::Limit(Limit::Token { .. }) => {
            jws::id_of_unverified(token).and_then(|id| id.parse().ok())
        }
        _ => None,
    };
    let known =
        |id: &InvitationId| session.vault.read(|rows| Ok::<_, OpsError>(rows.invitation(id)?.is_some()));
    let named = match named {
        Some(id) if known(&id)? => Some(id),
        _ => None,
    };
    let (what, detail) = match reason {
        InviteError::Token(Refusal::Expired { .. })
        | InviteError::Step { reason: Refused::Over(State::Expired), .. } => {
            (Suspicion::UseAfterExpiry, None)
        }
        InviteError::Step { reason: Refused::Over(state), .. } => {
            (Suspicion::UseAfterEnd, Some(state.as_str()))
        }
        InviteError::Step { reason, .. } if reason.is_suspicious() => (Suspicion::SkippedStep, None),
        InviteError::Token(refusal) => (Suspicion::FailedCheck, Some(refusal.word())),
        InviteError::NotTheToken => (Suspicion::FailedCheck, Some("another-token")),
        InviteError::Unknown(_) => (Suspicion::FailedCheck, Some("unknown-invitation")),
        InviteError::Limit(Limit::Token { .. }) => (Suspicion::RateLimit, Some("token")),
        InviteError::Limit(Limit::Address { .. }) => (Suspicion::RateLimit, Some("address")),
        _ => return Ok(error),
    };
    tell(session, Suspect { what, invitation: named.as_ref(), address, detail })?;
    Ok(error)
}

/// What a step is called in the audit log.
const fn action(step: Step) -> Action {
    match step {
        Step::Send => Action::InvitationSent,
        Step::Access => Action::InvitationAccess,
        Step::Start => Action::InvitationStart,
        Step::Submit => Action::InvitationSubmit,
        Step::Redeem => Action::InvitationRedeem,
        Step::Expire => Action::InvitationCleanup,
        Step::Revoke => Action::InvitationRevoke,
    }
}
