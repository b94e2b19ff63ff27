//! Invitations: where they stand in the open, whom they are for sealed.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{self, Columns, json, time};
use crate::domain::ids::InvitationId;
use crate::domain::invitation::search::EmailHash;
use crate::domain::invitation::{Email, Invitation, State, Steps};
use crate::secret::SecretBytes;
use crate::vault::error::VaultError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, state, kid, token_hash, masked_email, company, requester, purpose, scopes, uses, ",
            "uses_left, created_at, expires_at, sent_at, accessed_at, started_at, submitted_at, ended_at, ",
            "erased_at FROM invitations ",
            $rest
        )
    };
}

fn read(columns: &mut Columns<'_>) -> Result<Invitation, VaultError> {
    Ok(Invitation {
        id: columns.parsed()?,
        state: columns.parsed()?,
        kid: columns.value()?,
        token_hash: columns.value()?,
        masked_email: columns.value()?,
        company: columns.value()?,
        requester: columns.value()?,
        purpose: columns.value()?,
        scopes: columns.json()?,
        uses: columns.value()?,
        uses_left: columns.value()?,
        created_at: columns.parsed()?,
        expires_at: columns.parsed()?,
        steps: Steps {
            sent_at: columns.optional_parsed()?,
            accessed_at: columns.optional_parsed()?,
            started_at: columns.optional_parsed()?,
            submitted_at: columns.optional_parsed()?,
            ended_at: columns.optional_parsed()?,
        },
        erased_at: columns.optional_parsed()?,
    })
}

/// What an e-mail address is sealed as.
fn email_context(id: &InvitationId) -> String {
    format!("invitation/{id}/email")
}

/// What the address of the first access is sealed as.
fn address_context(id: &InvitationId) -> String {
    format!("invitation/{id}/address")
}

/// Which invitations are wanted; every part that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct InvitationFilter {
    /// For this address.
    pub email: Option<EmailHash>,
    /// In this state now.
    pub state: Option<State>,
    /// Signed by this key.
    pub kid: Option<String>,
}

impl Rows<'_> {
    /// Adds an invitation; the address is sealed here.
    pub fn insert_invitation(
        &self,
        invitation: &Invitation,
        email: &Email,
        hash: &EmailHash,
    ) -> Result<(), VaultError> {
        let sealed = self.sealer.seal(&email_context(&invitation.id), email.address().as_bytes())?;
        self.change(
            "INSERT INTO invitations (id, state, kid, token_hash, masked_email, email_hash, company, requester, \
             purpose, scopes, uses, uses_left, created_at, expires_at, sealed_email) VALUES (:id, :state, :kid, \
             :token_hash, :masked, :email_hash, :company, :requester, :purpose, :scopes, :uses, :uses_left, \
             :created_at, :expires_at, :sealed)",
            named_params! {
                ":id": invitation.id.as_str(),
                ":state": invitation.state.as_str(),
                ":kid": invitation.kid,
                ":token_hash": invitation.token_hash,
                ":masked": invitation.masked_email,
                ":email_hash": hash.0,
                ":company": invitation.company,
                ":requester": invitation.requester,
                ":purpose": invitation.purpose,
                ":scopes": json(&invitation.scopes)?,
                ":uses": invitation.uses,
                ":uses_left": invitation.uses_left,
                ":created_at": time(invitation.created_at),
                ":expires_at": time(invitation.expires_at),
                ":sealed": sealed,
            },
        )?;
        Ok(())
    }

    /// Returns the invitation with this id.
    pub fn invitation(&self, id: &InvitationId) -> Result<Option<Invitation>, VaultError> {
        self.first(select!("WHERE id = ?1"), [id.as_str()], read)
    }

    /// Returns the invitations that `filter` matches at `now`, the newest first.
    pub fn invitations(
        &self,
        filter: &InvitationFilter,
        now: Timestamp,
    ) -> Result<Vec<Invitation>, VaultError> {
        let mut found = self.all(
            select!(
                "WHERE (?1 IS NULL OR email_hash = ?1) AND (?2 IS NULL OR kid = ?2) \
                 ORDER BY created_at DESC, id"
            ),
            (filter.email.as_ref().map(|hash| &hash.0), &filter.kid),
            read,
        )?;
        found.retain(|invitation| filter.state.is_none_or(|state| invitation.state_at(now) == state));
        Ok(found)
    }

    /// Counts the open invitations for an address.
    pub fn open_invitations(&self, email: &EmailHash, now: Timestamp) -> Result<u32, VaultError> {
        let count = self.first(
            "SELECT count(*) FROM invitations WHERE email_hash = ?1 AND expires_at > ?2 \
             AND state NOT IN ('consumed', 'expired', 'revoked')",
            (&email.0, time(now)),
            columns::value,
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Stores where an invitation stands, unless somebody moved it since `before` was read; returns whether it did.
    pub fn move_invitation(&self, before: &Invitation, after: &Invitation) -> Result<bool, VaultError> {
        let steps = &after.steps;
        let changed = self.change(
            "UPDATE invitations SET state = :state, uses_left = :uses_left, sent_at = :sent_at, \
             accessed_at = :accessed_at, started_at = :started_at, submitted_at = :submitted_at, \
             ended_at = :ended_at WHERE id = :id AND state = :before AND uses_left = :uses_before",
            named_params! {
                ":id": before.id.as_str(),
                ":before": before.state.as_str(),
                ":uses_before": before.uses_left,
                ":state": after.state.as_str(),
                ":uses_left": after.uses_left,
                ":sent_at": steps.sent_at.map(time),
                ":accessed_at": steps.accessed_at.map(time),
                ":started_at": steps.started_at.map(time),
                ":submitted_at": steps.submitted_at.map(time),
                ":ended_at": steps.ended_at.map(time),
            },
        )?;
        Ok(changed == 1)
    }

    /// Keeps the address of the first access.
    pub fn keep_invitation_address(&self, id: &InvitationId, address: IpAddr) -> Result<(), VaultError> {
        let sealed = self.sealer.seal(&address_context(id), address.to_string().as_bytes())?;
        self.change_one(
            "invitation",
            "UPDATE invitations SET sealed_address = coalesce(sealed_address, ?2) WHERE id = ?1",
            (id.as_str(), sealed),
        )
    }

    /// Returns the e-mail address and the address of the first access, as far as they are kept.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands, unless neither is.
    pub fn invitation_person(
        &self,
        id: &InvitationId,
    ) -> Result<(Option<SecretBytes>, Option<SecretBytes>), VaultError> {
        let sealed = self.first(
            "SELECT sealed_email, sealed_address FROM invitations WHERE id = ?1",
            [id.as_str()],
            |columns| Ok((columns.value::<Option<Vec<u8>>>()?, columns.value::<Option<Vec<u8>>>()?)),
        )?;
        let (email, address) = sealed.ok_or(VaultError::Gone("invitation"))?;
        let open = |context: String, sealed: Option<Vec<u8>>| {
            sealed.map(|sealed| self.sealer.open(&context, &sealed)).transpose()
        };
        Ok((open(email_context(id), email)?, open(address_context(id), address)?))
    }

    /// Erases what tells a person: addresses, company, requester. The rest stays.
    pub fn erase_invitation(&self, id: &InvitationId, erased_at: Timestamp) -> Result<(), VaultError> {
        self.change_one(
            "invitation",
            "UPDATE invitations SET masked_email = NULL, email_hash = NULL, company = NULL, requester = NULL, \
             sealed_email = NULL, sealed_address = NULL, erased_at = ?2 WHERE id = ?1",
            (id.as_str(), time(erased_at)),
        )
    }
}

#[cfg(test)]
#[path = "invitations_tests.rs"]
mod tests;
