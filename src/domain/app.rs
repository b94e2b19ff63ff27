//! An app: our registration at a provider, which many connections share.

use jiff::Timestamp;

use super::connection::{Environment, Provider};
use super::ids::{AppId, AppName};
use super::registration::Registration;

/// One registration at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Stable and opaque.
    pub id: AppId,
    /// Unique, human.
    pub name: AppName,
    /// The vendor.
    pub provider: Provider,
    /// The world that its keys belong to, and with it every connection of the app.
    pub environment: Environment,
    /// What the vendor has it registered as.
    pub registration: Registration,
    /// The registration before the last change, for going back.
    pub previous_registration: Option<Registration>,
    /// Whether a client secret is stored.
    pub has_secret: bool,
    /// Whether the client secret before the last change is stored.
    pub has_previous_secret: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When its row was last changed.
    pub updated_at: Timestamp,
}
