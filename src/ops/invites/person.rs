//! Whom an invitation is for, in an operator's hands.

use crate::secret::SecretBytes;
use crate::vault::{Role, Rows};

use crate::domain::ids::InvitationId;

use super::super::OpsError;

/// Personal data of an invitation: shown where somebody asked for this one invitation, and nowhere else.
#[derive(Default)]
pub struct Person {
    /// The e-mail address, as it was given.
    pub email: Option<String>,
    /// The address of the first access.
    pub first_address: Option<String>,
}

impl Person {
    /// Reads it; a viewer gets nothing, without an error.
    pub(super) fn read(rows: &Rows<'_>, role: Role, id: &InvitationId) -> Result<Self, OpsError> {
        if role != Role::Operator {
            return Ok(Self::default());
        }
        let (email, address) = rows.invitation_person(id)?;
        let text = |sealed: Option<SecretBytes>| {
            sealed.map(|bytes| String::from_utf8_lossy(bytes.expose()).into_owned())
        };
        Ok(Self { email: text(email), first_address: text(address) })
    }
}
