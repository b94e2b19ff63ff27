//! Asks for the certificates that the vendor has for a refused connection's client, with tokens of those that work.

use crate::domain::connection::Connection;
use crate::domain::diagnosis::{Listed, Listing, RemoteCertificate};
use crate::oauth::{self, ExchangeError};
use crate::ops::Session;
use crate::ops::proof::Asker;
use crate::secret::SecretString;

/// Lists that are asked for at most.
const MOST: usize = 3;

/// Somebody whose token the vendor gave a moment ago.
pub(super) struct Bearer<'a> {
    /// Whose, for people.
    pub(super) who: String,
    /// The token.
    pub(super) token: &'a SecretString,
    /// Whether its entity is that of the refused connection.
    pub(super) same_entity: bool,
}

/// Asks with one token after the other until one shows what its own entity has; returns how many were asked, too.
pub(super) async fn list(
    session: &Session,
    asker: &Asker,
    connection: &Connection,
    bearers: &[Bearer<'_>],
) -> (Vec<Listing>, u32) {
    let Ok(plan) = session.plan(connection) else { return (Vec::new(), 0) };
    let Some(url) = plan.endpoints.certificates() else { return (Vec::new(), 0) };
    let mut listings: Vec<Listing> = Vec::new();
    for bearer in bearers.iter().take(MOST) {
        let answer = oauth::certificates(&asker.way(), plan.vendor, url, bearer.token).await;
        let listed = match answer {
            Ok(all) => Listed::Certificates(
                all.into_iter()
                    .map(|entry| RemoteCertificate {
                        id: entry.id.to_string(),
                        revoked: entry.revoked,
                        valid_until: entry.valid_until,
                    })
                    .collect(),
            ),
            Err(ExchangeError::Rejected { status: 404, .. }) => Listed::UnknownClient,
            Err(error) => Listed::Closed(error.to_string()),
        };
        let complete = bearer.same_entity && matches!(listed, Listed::Certificates(_));
        let settled = complete || listed == Listed::UnknownClient;
        listings.push(Listing { by: bearer.who.clone(), same_entity: bearer.same_entity, listed });
        if settled {
            break;
        }
    }
    let requests = u32::try_from(listings.len()).unwrap_or(u32::MAX);
    (listings, requests)
}
