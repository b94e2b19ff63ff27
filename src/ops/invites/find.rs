//! Finding invitations: by id, by address, by state.

use jiff::Timestamp;

use crate::domain::ids::InvitationId;
use crate::domain::invitation::search::Searcher;
use crate::domain::invitation::{Email, Invitation, State};
use crate::vault::{InvitationFilter, Rows};

use super::super::{OpsError, Session};
use super::{InviteError, Person, stored_issuer};

/// Which invitations are meant; every part that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// This one.
    pub id: Option<InvitationId>,
    /// Those for this address; an operator's question, since only operators can hash it.
    pub email: Option<Email>,
    /// Those in this state.
    pub state: Option<State>,
}

/// An invitation, and whom it is for as far as the role reaches.
pub struct Found {
    /// The invitation.
    pub invitation: Invitation,
    /// Personal data, for operators.
    pub person: Person,
}

/// Returns the invitations that match, the newest first; none is no error.
pub fn list(session: &Session, selector: &Selector) -> Result<Vec<Invitation>, OpsError> {
    session.vault.read(|rows| {
        stored_issuer(rows)?;
        select(rows, selector, session.clock.now())
    })
}

/// Returns the invitations that match, with personal data for operators; none is an error.
pub fn show(session: &Session, selector: &Selector) -> Result<Vec<Found>, OpsError> {
    let role = session.vault.role()?;
    session.vault.read(|rows| {
        stored_issuer(rows)?;
        let found = select(rows, selector, session.clock.now())?;
        some(&found, selector)?;
        found
            .into_iter()
            .map(|invitation| {
                let person = Person::read(rows, role, &invitation.id)?;
                Ok(Found { invitation, person })
            })
            .collect()
    })
}

/// Fails if nothing was found.
pub(super) fn some(found: &[Invitation], selector: &Selector) -> Result<(), OpsError> {
    match (&selector.id, found) {
        (_, [_, ..]) => Ok(()),
        (Some(id), []) => Err(InviteError::NotFound(id.clone()).into()),
        (None, []) => Err(InviteError::NoneMatches.into()),
    }
}

/// Returns what matches, the newest first.
pub(super) fn select(
    rows: &Rows<'_>,
    selector: &Selector,
    now: Timestamp,
) -> Result<Vec<Invitation>, OpsError> {
    let email = match &selector.email {
        None => None,
        Some(email) => Some(Searcher::new(&rows.search_key()?).email(email)),
    };
    let filter = InvitationFilter { email, state: selector.state, kid: None };
    Ok(match &selector.id {
        None => rows.invitations(&filter, now)?,
        Some(id) if filter.email.is_some() => {
            rows.invitations(&filter, now)?.into_iter().filter(|one| one.id == *id).collect()
        }
        Some(id) => rows
            .invitation(id)?
            .into_iter()
            .filter(|one| filter.state.is_none_or(|state| one.state_at(now) == state))
            .collect(),
    })
}
