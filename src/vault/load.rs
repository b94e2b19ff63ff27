//! Opens the newest generation: trusted by a pin, admitted by what this machine has seen.

use super::error::VaultError;
use super::file::Stamp;
use super::generation::Generation;
use super::highwater::{HighWater, Mark};
use super::identity::Credentials;
use super::image::Image;
use super::location::Location;
use super::pin::id_from_bytes;
use super::reader::Extent;
use super::store::{Place, state_warning};
use super::trust;
use crate::clock::Clock;

/// Which vault to open, and with what.
pub(super) struct Loading<'a> {
    pub(super) place: &'a Place,
    pub(super) location: &'a Location,
    pub(super) credentials: &'a Credentials,
    pub(super) clock: &'a Clock,
}

impl Loading<'_> {
    /// Returns the generation that is at the vault's path, as much of it as `extent` says, and remembers that it was
    /// seen.
    ///
    /// What goes wrong without stopping anything is added to `warnings`.
    pub(super) fn newest(
        &self,
        extent: Extent,
        warnings: &mut Vec<String>,
    ) -> Result<Generation, VaultError> {
        let generation = self.admitted(extent, warnings)?;
        let Generation { commit, root, pin, .. } = &generation;
        let water = HighWater::new(&self.place.state_dir, &pin.vault);
        match water.raise(&Mark::of(commit, root, pin, &self.location.vault()), self.clock) {
            Err(
                error @ (VaultError::Io { .. } | VaultError::Locked { .. } | VaultError::UnsafeFile { .. }),
            ) => {
                warnings.push(state_warning(&error));
            }
            raised => raised?,
        }
        Ok(generation)
    }

    /// The same, without a trace: nothing is written, and no lock is taken.
    pub(super) fn admitted(
        &self,
        extent: Extent,
        warnings: &mut Vec<String>,
    ) -> Result<Generation, VaultError> {
        let Self { place, location, credentials, .. } = self;
        let path = location.vault();
        loop {
            let mut pin = None;
            let image = Image::open(&path, credentials, |footer| {
                let water = HighWater::new(&place.state_dir, &id_from_bytes(&footer.commit.vault)?);
                let remembered = || Ok(trust::remembered(water.read()?.as_ref(), &path));
                pin = Some(trust::pin_of(footer, credentials, remembered)?);
                Ok(())
            })?;
            let pin = pin.ok_or(VaultError::NoPin)?;
            let water = HighWater::new(&place.state_dir, &pin.vault);
            let (commit, root, stamp) = (image.footer.commit, image.root, image.stamp);
            let mark = match water.read() {
                Err(error @ VaultError::Io { .. }) => {
                    warnings.push(state_warning(&error));
                    None
                }
                mark => mark?,
            };
            let is_previous = mark.as_ref().is_some_and(|mark| mark.is_previous(&path));
            match mark.map_or(Ok(()), |mark| mark.admit(&commit, &root)) {
                // Asked for by its name, which is nowhere a home: it can be looked at and not be written.
                Err(VaultError::RolledBack { found, seen }) if is_previous => warnings.push(format!(
                    "this is the previous generation, {found}; generation {seen} was seen here"
                )),
                // Somebody committed, and raised the mark, after we opened the file.
                Err(VaultError::RolledBack { .. }) if Stamp::at(&path)? != stamp => continue,
                admitted => admitted?,
            }
            return Generation::load(image, (location, extent), pin, credentials);
        }
    }
}
