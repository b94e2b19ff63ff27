//! From an image to its database: the whole of it in memory, or the pages that are asked for.
//!
//! Both verify every byte against the signed trailer before SQLite sees it ([`Image`]), and both keep decrypted bytes in
//! memory only. What changes or checks a vault reads the [`Whole`] image, which is also the plain way that needs no
//! `unsafe`. What reads a few rows of a large vault reads only [their pages](Rows): a damaged chunk that it does not touch stays
//! unnoticed until somebody does, or until `vault check`.
//!
//! A reader works on the file that it opened, whatever takes its place meanwhile: it never mixes two generations.

mod ahead;
#[cfg(feature = "fuzzing")]
pub(in crate::vault) mod fuzzing;
mod pages;
#[cfg(test)]
mod tests;
mod vfs;

use std::io::{self, Read};
use std::path::Path;

use rusqlite::{Connection as Database, MAIN_DB};

pub(super) use self::pages::Faults;
use self::pages::Pages;
use self::vfs::Source as _;

use super::error::VaultError;
use super::generation::{in_memory, settle};
use super::identity::Credentials;
use super::image::{self, Image};
use super::schema;
use crate::hooks;

/// How much of the image somebody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// Some rows: whatever is read is verified when it is.
    Rows,
    /// All of it, verified before anything is done with it.
    Whole,
}

/// A way from a verified image to its database.
pub(super) trait Reader {
    /// Opens the database of `image`, which was opened at `path` with `credentials`.
    fn open(&self, image: Image, path: &Path, credentials: &Credentials) -> Result<Reading, VaultError>;
}

/// An open database.
pub(super) struct Reading {
    /// Changes are refused until somebody allows them.
    pub(super) database: Database,
    /// Why reading failed; `None` where everything was read already.
    pub(super) faults: Option<Faults>,
}

/// Images of up to so many chunks are always read whole: to look for the pages in them takes as long.
const SMALL: u64 = 8;

/// Returns the reader for what is needed of `image`.
pub(super) fn reader_for(image: &Image, extent: Extent) -> &'static dyn Reader {
    let is_small = image.footer.chunks() <= SMALL && !hooks::mutant("seek-in-small-vaults");
    if extent == Extent::Whole || is_small { &Whole } else { &Rows }
}

/// The length of the header of a database file.
const HEAD: usize = 100;

/// Whether a database that begins with `head` can be served page by page: of the newest schema, not in WAL mode.
///
/// Source: sqlite.org/fileformat.html section 1.3.
fn is_served(head: &[u8; HEAD]) -> bool {
    let number = |at: usize| Some(u32::from_be_bytes(*head.get(at..)?.first_chunk()?));
    head.starts_with(b"SQLite format 3\0")
        && head.get(18..20) == Some(&[1, 1])
        && number(60) == Some(schema::KNOWN_SCHEMA)
        && number(68) == Some(schema::APPLICATION_ID.cast_unsigned())
}

/// Everything in memory.
struct Whole;

impl Reader for Whole {
    fn open(&self, image: Image, path: &Path, credentials: &Credentials) -> Result<Reading, VaultError> {
        let length = usize::try_from(image.footer.image_length)
            .map_err(|_| VaultError::damaged("its database is larger than memory can be"))?;
        let mut database = in_memory()?;
        let mut everything = Everything { image, path, credentials, failure: None };
        let loaded = database.deserialize_read_exact(MAIN_DB, &mut everything, length, false);
        if let Some(failure) = everything.failure {
            return Err(failure);
        }
        loaded?;
        settle(&database)?;
        schema::migrate(&database)?;
        database.pragma_update(None, "query_only", true)?;
        Ok(Reading { database, faults: None })
    }
}

/// Gives all of an image to whoever asks for all of it at once, as `read_exact` does: straight to where it is wanted.
struct Everything<'a> {
    image: Image,
    path: &'a Path,
    credentials: &'a Credentials,
    /// What stopped it; SQLite's own error does not carry it.
    failure: Option<VaultError>,
}

impl Read for Everything<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.image.read_whole(buffer, self.path, self.credentials).map_err(|error| {
            self.failure = Some(error);
            io::ErrorKind::InvalidData
        })?;
        Ok(buffer.len())
    }
}

/// The pages that are asked for.
///
/// What only the plain way can tell or mend (another schema, a foreign database) is left to it.
struct Rows;

impl Reader for Rows {
    fn open(&self, image: Image, path: &Path, credentials: &Credentials) -> Result<Reading, VaultError> {
        let faults = Faults::default();
        let mut pages = Pages::new(image, faults.clone());
        let mut head = [0; HEAD];
        let is_served = pages.read_at(0, &mut head).is_ok() && is_served(&head);
        if let Some(failure) = faults.take() {
            return Err(image::broken(path, failure));
        }
        if !is_served {
            return Whole.open(pages.into_chunks(), path, credentials);
        }
        let settled = vfs::open(Box::new(pages)).map_err(VaultError::from).and_then(|database| {
            settle(&database)?;
            database.pragma_update(None, "query_only", true)?;
            Ok(database)
        });
        match faults.take() {
            Some(failure) => Err(image::broken(path, failure)),
            None => Ok(Reading { database: settled?, faults: Some(faults) }),
        }
    }
}
