//! A look at some rows in passing, while somebody types a command.

use super::error::VaultError;
use super::identity::Credentials;
use super::load::Loading;
use super::location::Location;
use super::reader::Extent;
use super::rows::Rows;
use super::store::Place;
use crate::clock::Clock;

/// Runs `read` on the newest generation of the vault at `place`, verified as at every opening, and leaves no trace:
/// no lock is taken, nothing is recorded or remembered, and what the journal holds is not looked at.
pub fn glance<T>(
    place: &Place,
    credentials: &Credentials,
    clock: &Clock,
    read: impl FnOnce(&Rows<'_>) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    let location = Location::resolve(&place.vault)?;
    let loading = Loading { place, location: &location, credentials, clock };
    let generation = loading.admitted(Extent::Rows, &mut Vec::new())?;
    let found = read(&generation.rows());
    match generation.failure(&location) {
        // Whatever `read` made of it: a page was missing.
        Some(failure) => Err(failure),
        None => found,
    }
}
