//! What an entry says: its document, and what becomes of it in the vault.
//!
//! The kinds are stored words with a version of their own. A later kind is refused by name, never skipped.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::grant::{Grant, GrantTokens, StoredGrant};
use crate::domain::ids::{ConnectionId, OwnerId};
use crate::domain::invitation::window::AccessWindow;
use crate::domain::token::{AccessToken, TokenFacts};
use crate::secret::{Secret, SecretString};
use crate::vault::error::VaultError;
use crate::vault::rows::Rows;

/// The version of the entries' documents.
const VERSION: u32 = 1;
const ACCESS_TOKEN: &str = "access-token";
const GRANT: &str = "grant";
const ACCESSES: &str = "invitation-accesses";

/// What one entry says of its owner.
pub(in crate::vault) enum Entry {
    /// The connection has this access token.
    AccessToken(AccessToken),
    /// The connection's grant is this, and what it brought is this access token.
    Grant(StoredGrant, Option<AccessToken>),
    /// The issuer's invitations were accessed like this within the last hour.
    Accesses(AccessWindow),
}

/// Why a document is no entry.
pub(super) enum Unreadable {
    /// It is not what it says, or does not say what it is.
    Damaged(&'static str),
    /// A later version wrote it.
    Newer { kind: String, version: u32 },
}

/// Only what must be read of a document whatever its version.
#[derive(Deserialize)]
struct Envelope {
    v: u32,
    kind: String,
}

/// The kind is no tag for serde, which would copy the token to look at it.
#[derive(Serialize, Deserialize)]
struct TokenDocument<Text> {
    v: u32,
    kind: String,
    token: Text,
    facts: TokenFacts,
}

#[derive(Serialize, Deserialize)]
struct GrantDocument<Text> {
    v: u32,
    kind: String,
    grant: Grant,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    current: Option<Text>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    predecessor: Option<Text>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    access: Option<AccessPart<Text>>,
}

#[derive(Serialize, Deserialize)]
struct AccessPart<Text> {
    token: Text,
    facts: TokenFacts,
}

#[derive(Serialize, Deserialize)]
struct AccessesDocument {
    v: u32,
    kind: String,
    window: AccessWindow,
}

/// serde's own default would ask `Text` to have one, too.
fn none<T>() -> Option<T> {
    None
}

impl Entry {
    /// The access token that the entry brings.
    pub(in crate::vault) fn into_access_token(self) -> Option<AccessToken> {
        match self {
            Self::AccessToken(token) => Some(token),
            Self::Grant(_, token) => token,
            Self::Accesses(_) => None,
        }
    }

    /// The grant that the entry brings.
    pub(in crate::vault) fn into_grant(self) -> Option<StoredGrant> {
        match self {
            Self::AccessToken(_) | Self::Accesses(_) => None,
            Self::Grant(grant, _) => Some(grant),
        }
    }

    /// The accesses that the entry brings.
    pub(in crate::vault) fn into_accesses(self) -> Option<AccessWindow> {
        match self {
            Self::AccessToken(_) | Self::Grant(..) => None,
            Self::Accesses(window) => Some(window),
        }
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |_| Unreadable::Damaged("is not what it says");
        let envelope: Envelope =
            serde_json::from_slice(body).map_err(|_| Unreadable::Damaged("does not say what it is"))?;
        match (envelope.v, envelope.kind.as_str()) {
            (VERSION, ACCESS_TOKEN) => {
                let TokenDocument::<String> { token, facts, .. } =
                    serde_json::from_slice(body).map_err(damaged)?;
                Ok(Self::AccessToken(AccessToken { value: Secret::new(token), facts }))
            }
            (VERSION, GRANT) => {
                let document: GrantDocument<String> = serde_json::from_slice(body).map_err(damaged)?;
                let predecessor = document.predecessor.map(Secret::new);
                let tokens = document
                    .current
                    .map(|current| GrantTokens { current: Secret::new(current), predecessor });
                let access = document
                    .access
                    .map(|AccessPart { token, facts }| AccessToken { value: Secret::new(token), facts });
                Ok(Self::Grant(StoredGrant { grant: document.grant, tokens }, access))
            }
            (VERSION, ACCESSES) => {
                let document: AccessesDocument = serde_json::from_slice(body).map_err(damaged)?;
                Ok(Self::Accesses(document.window))
            }
            _ => Err(Unreadable::Newer { kind: envelope.kind, version: envelope.v }),
        }
    }

    /// Puts what the entry says into the vault; nothing for an owner that is gone.
    pub(super) fn fold(self, owner: &OwnerId, rows: &Rows<'_>) -> Result<(), VaultError> {
        let connection = ConnectionId::from(owner);
        match self {
            Self::AccessToken(token) => rows.put_token(&connection, &token).map(drop),
            Self::Grant(grant, token) => {
                rows.put_grant(&connection, &grant)?;
                token.map_or(Ok(()), |token| rows.put_token(&connection, &token).map(drop))
            }
            Self::Accesses(window) => rows.put_access_window(owner, &window).map(drop),
        }
    }
}

/// Returns the document of an access token.
pub(super) fn token_document(token: &AccessToken) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let text = token.value.expose().as_str();
    let document =
        TokenDocument { v: VERSION, kind: ACCESS_TOKEN.to_owned(), token: text, facts: token.facts.clone() };
    write(&document, text.len())
}

/// Returns the document of a grant and of the access token that came with it.
pub(super) fn grant_document(
    stored: &StoredGrant,
    access: Option<&AccessToken>,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    fn text(secret: &SecretString) -> &str {
        secret.expose().as_str()
    }
    let tokens = stored.tokens.as_ref();
    let document = GrantDocument {
        v: VERSION,
        kind: GRANT.to_owned(),
        grant: stored.grant.clone(),
        current: tokens.map(|tokens| text(&tokens.current)),
        predecessor: tokens.and_then(|tokens| tokens.predecessor.as_ref()).map(text),
        access: access.map(|access| AccessPart { token: text(&access.value), facts: access.facts.clone() }),
    };
    let secrets =
        [document.current, document.predecessor, document.access.as_ref().map(|access| access.token)];
    let length = secrets.iter().flatten().map(|secret| secret.len()).sum();
    write(&document, length)
}

/// Returns the document of an issuer's accesses.
pub(super) fn accesses_document(window: &AccessWindow) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    write(&AccessesDocument { v: VERSION, kind: ACCESSES.to_owned(), window: window.clone() }, 0)
}

/// One allocation that is never outgrown: JSON escapes at most double visible ASCII.
fn write(document: &impl Serialize, secrets: usize) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut body = Zeroizing::new(Vec::with_capacity(secrets * 2 + 4096));
    serde_json::to_writer(&mut *body, document).map_err(VaultError::seal)?;
    Ok(body)
}
