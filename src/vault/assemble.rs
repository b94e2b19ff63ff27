//! From a database image to the vault file: signed, encrypted, put in its place.
//!
//! A large one keeps every core and the disk busy: while its chunks are encrypted they are hashed for the signature, what
//! was written is on its way to the disk, and the memory that holds the generation before the last is given back. Each of
//! these would otherwise take about as long as the encryption, one after the other. A small one is made step by step.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::cores::{joined, share_of};
use super::error::VaultError;
use super::file;
use super::location::Location;
use super::recipient::{Recipient, RecipientKey};
use super::replace::{Previous, Replaced, replace};
use super::signing::SigningKey;
use super::trailer::{self, CHUNK, Commit, Root};

/// How many bytes are written before the disk is told to begin with them.
const AHEAD: usize = 8 * 1024 * 1024;

/// Makes the generation of `image` and `commit` the vault, readable for `recipients`. The vault lock must be held.
///
/// Returns how that went, and the root of the generation.
pub(super) fn put(
    location: &Location,
    previous: Previous,
    (image, commit, key): (&[u8], Commit, &SigningKey),
    recipients: &[Recipient],
) -> Result<(Replaced, Root), VaultError> {
    let chunks = image.len().div_ceil(CHUNK);
    if share_of(chunks) == chunks {
        let (trailer, root) = trailer::sign(image, commit, key)?;
        let write = |file: &mut File| encrypt(location, recipients, image, || Ok(trailer), file);
        return Ok((replace(location, previous, write)?, root));
    }
    thread::scope(|scope| {
        let signing = scope.spawn(|| trailer::sign(image, commit, key));
        let forgetting = scope.spawn(|| match previous {
            Previous::Kept | Previous::Destroyed => file::forget(&location.previous()),
            Previous::Left => {}
        });
        let mut signed_root = None;
        let replaced = replace(location, previous, |file| {
            let trailer = || {
                let (trailer, root) = joined(signing)?;
                signed_root = Some(root);
                Ok(trailer)
            };
            let write = |out: &mut Ahead<'_>| encrypt(location, recipients, image, trailer, out);
            let written = write_ahead(location, file, write);
            joined(forgetting);
            written
        })?;
        let root = signed_root.ok_or_else(|| VaultError::damaged("it was not signed"))?;
        Ok((replaced, root))
    })
}

/// Writes `image`, and after it what `trailer` returns, as one age file for `recipients`.
pub(super) fn encrypt(
    location: &Location,
    recipients: &[Recipient],
    image: &[u8],
    trailer: impl FnOnce() -> Result<Vec<u8>, VaultError>,
    out: &mut impl Write,
) -> Result<(), VaultError> {
    let failed = VaultError::io("write", location.vault());
    let keys = recipients.iter().map(|recipient| RecipientKey::as_age(&recipient.key));
    let encryptor = age::Encryptor::with_recipients(keys).map_err(VaultError::seal)?;
    // age writes its header word by word.
    let begun = encryptor.wrap_output(BufWriter::new(out)).and_then(|mut writer| {
        writer.write_all(image)?;
        Ok(writer)
    });
    let mut writer = match begun {
        Ok(writer) => writer,
        Err(error) => return Err(failed(error)),
    };
    let trailer = trailer()?;
    writer.write_all(&trailer).and_then(|()| writer.finish()?.flush()).map_err(failed)
}

/// Runs `write` on the file, whose content is on its way to the disk meanwhile; it is durable once it was synced.
fn write_ahead(
    location: &Location,
    file: &File,
    write: impl FnOnce(&mut Ahead<'_>) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let (more, told) = sync_channel(1);
    thread::scope(|scope| {
        // A failure is reported to one sync only, and here it may be this one.
        let syncing = scope.spawn(move || told.iter().try_for_each(|()| file.sync_data()));
        let mut out = Ahead { file, since: 0, more };
        let written = write(&mut out);
        drop(out);
        written.and(joined(syncing).map_err(VaultError::io("sync", location.vault())))
    })
}

/// A file that tells when there is more to sync.
struct Ahead<'a> {
    file: &'a File,
    since: usize,
    more: SyncSender<()>,
}

impl Write for Ahead<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.since += count;
        if self.since >= AHEAD {
            self.since = 0;
            // Where it is still at the last part, it takes this one with the next.
            let _ = self.more.try_send(());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
