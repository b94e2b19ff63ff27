//! What an access token says of itself.

use serde::{Deserialize, Serialize};

/// What the vendor granted, as its access token tells it: decoded, not verified, foreign text.
///
/// Good for comparing two tokens of one connection (a certificate mapped to the wrong role shows here), never
/// for deciding whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The role that the token acts in.
    pub role: Option<String>,
    /// The entity (user) that the token acts as.
    pub entity: Option<String>,
    /// The company (account) that the token is for.
    pub company: Option<String>,
    /// The scopes, sorted.
    pub scopes: Vec<String>,
}
