//! The plaintext of a vault file, verified chunk by chunk against the signed trailer.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use age::stream::StreamReader;
use zeroize::optimization_barrier;

use super::cores::{joined, share_of};
use super::error::VaultError;
use super::file::{self, Privacy, Stamp};
use super::identity::{Credentials, Identity};
use super::trailer::{self, CHUNK, FOOTER, Footer, HASH, Root};
use crate::hooks;

/// An image whose chunks can be read one at a time, each verified as it is read.
///
/// What serves single pages reads it, and what checks all of them.
pub(super) trait Chunks {
    /// The length of the image in bytes.
    fn image_length(&self) -> u64;

    /// Reads chunk `index` into the front of `buffer`, which holds [`CHUNK`] bytes or all that remain of the image,
    /// and returns its length. Fails with [`io::ErrorKind::InvalidData`] if it is not what was signed.
    fn read_chunk(&mut self, index: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Decrypted bytes, wiped when they are dropped.
pub(super) struct Wiped(pub(super) Vec<u8>);

impl Drop for Wiped {
    fn drop(&mut self) {
        // Why not `zeroize`: it stores byte by byte, which takes longer than to decrypt them where they are many.
        self.0.fill(0);
        optimization_barrier(&self.0);
    }
}

/// A vault file that this machine has reason to trust; its content is verified as it is read.
pub(super) struct Image {
    file: Arc<File>,
    stream: Stream,
    hashes: Vec<u8>,
    /// What the commit says about itself.
    pub(super) footer: Footer,
    /// What identifies the generation.
    pub(super) root: Root,
    /// Which version of the file it is.
    pub(super) stamp: Stamp,
    /// The length of the encrypted file.
    pub(super) file_length: u64,
}

impl Image {
    /// Opens the vault file at `path` with `credentials` and verifies its signature.
    ///
    /// `trust` says whether the vault id and the verify key are those of a pin; it is asked before anything else in
    /// the file is believed.
    pub(super) fn open(
        path: &Path,
        credentials: &Credentials,
        trust: impl FnOnce(&Footer) -> Result<(), VaultError>,
    ) -> Result<Self, VaultError> {
        let file = match file::open(path, Privacy::OwnerWrites) {
            Err(error) if error.is_missing_file() => return Err(VaultError::Absent(path.to_owned())),
            file => file?,
        };
        let metadata = file.metadata().map_err(VaultError::io("examine", path))?;
        let file = Arc::new(file);
        let mut stream = decrypt(path, &file, credentials)?;
        let length = stream.seek(SeekFrom::End(0)).map_err(|error| broken(path, error))?;
        // age decrypts a chunk again each time somebody comes back to it: the end of the file is read once.
        let end_at = length.saturating_sub(FOOTER as u64) / CHUNK as u64 * CHUNK as u64;
        let end = Wiped(read_from(&mut stream, path, end_at, length)?);
        let end = &end.0;
        let footer = end.last_chunk().ok_or_else(|| VaultError::damaged("it is too short to be a vault"))?;
        let footer = Footer::parse(footer, length)?;
        trust(&footer)?;
        let mut hashes = read_from(&mut stream, path, footer.image_length, end_at)?;
        // The footer's lengths add up to the plaintext's: what is left of the trailer is in `end`.
        let begins = usize::try_from(footer.image_length.saturating_sub(end_at)).unwrap_or(usize::MAX);
        hashes.extend_from_slice(end.get(begins..end.len() - FOOTER).unwrap_or_default());
        let root = footer.verify(&hashes)?;
        let (stamp, file_length) = (Stamp::of(&metadata), metadata.len());
        Ok(Self { file, stream, hashes, footer, root, stamp, file_length })
    }

    /// Reads the whole image into `buffer`, which is as long; a large one on all cores.
    ///
    /// `path` and `credentials` are those that it was opened with.
    pub(super) fn read_whole(
        &mut self,
        buffer: &mut [u8],
        path: &Path,
        credentials: &Credentials,
    ) -> Result<(), VaultError> {
        if buffer.len() as u64 != self.footer.image_length {
            return Err(VaultError::damaged("its database is larger than memory can be"));
        }
        let Self { file, stream, hashes, .. } = self;
        let share = share_of(hashes.len() / HASH);
        thread::scope(|scope| {
            let hashes = &*hashes;
            let mut parts = buffer.chunks_mut(share * CHUNK).zip(hashes.chunks(share * HASH)).enumerate();
            let first = parts.next();
            let others: Vec<_> = parts
                .map(|(number, (part, hashes))| {
                    let file = &*file;
                    scope.spawn(move || {
                        let mut stream = decrypt(path, file, credentials)?;
                        read_part(&mut stream, number * share, hashes, part)
                            .map_err(|error| broken(path, error))
                    })
                })
                .collect();
            let mut read = first.map_or(Ok(()), |(_, (part, hashes))| {
                read_part(stream, 0, hashes, part).map_err(|error| broken(path, error))
            });
            for other in others {
                read = read.and(joined(other));
            }
            read
        })
    }
}

/// Reads consecutive chunks from number `first` on, of which `hashes` are the hashes.
fn read_part(stream: &mut Stream, first: usize, hashes: &[u8], buffer: &mut [u8]) -> io::Result<()> {
    let chunks = buffer.chunks_mut(CHUNK).zip(hashes.chunks(HASH));
    chunks.enumerate().try_for_each(|(number, (chunk, hash))| {
        read_verified(stream, (first + number) as u64 * CHUNK as u64, hash, chunk)
    })
}

/// Fills `buffer` with the chunk that begins at `start`; fails with [`io::ErrorKind::InvalidData`] unless `hash` is its
/// hash.
fn read_verified(stream: &mut Stream, start: u64, hash: &[u8], buffer: &mut [u8]) -> io::Result<()> {
    stream.seek(SeekFrom::Start(start))?;
    stream.read_exact(buffer)?;
    if hooks::mutant("chunk-unverified") || trailer::sha256(buffer) == *hash {
        Ok(())
    } else {
        Err(changed())
    }
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a chunk is not what was signed")
}

/// The plaintext of an open file.
type Stream = StreamReader<BufReader<Place>>;

/// A place in an open file; several can be at different places of the same.
struct Place {
    file: Arc<File>,
    at: u64,
}

impl Read for Place {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Place {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn decrypt(path: &Path, file: &Arc<File>, credentials: &Credentials) -> Result<Stream, VaultError> {
    let file = BufReader::new(Place { file: Arc::clone(file), at: 0 });
    let decryptor = age::Decryptor::new_buffered(file).map_err(|error| match error {
        _ if hooks::mutant("panic-on-damage") => panic!("a seeded bug"),
        age::DecryptError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            broken(path, source)
        }
        age::DecryptError::UnknownFormat => {
            VaultError::damaged("it is an age file of a version that is not known here")
        }
        _ => VaultError::damaged("it is not an age file"),
    })?;
    decryptor.decrypt(credentials.identities().map(Identity::as_age)).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => {
            VaultError::WrongIdentity { tried: credentials.identities().count() }
        }
        _ => VaultError::damaged("its header was changed"),
    })
}

/// Returns the plaintext from `from` up to `to`, which may be the end.
fn read_from(stream: &mut Stream, path: &Path, from: u64, to: u64) -> Result<Vec<u8>, VaultError> {
    let mut bytes = Vec::new();
    if from < to {
        // One allocation that is never outgrown: a reallocation would leave a copy behind.
        bytes.reserve_exact(usize::try_from(to - from).unwrap_or_default());
        stream
            .seek(SeekFrom::Start(from))
            .and_then(|_| stream.take(to - from).read_to_end(&mut bytes))
            .map_err(|error| broken(path, error))?;
    }
    Ok(bytes)
}

/// age reports a chunk that does not authenticate as an I/O error without a system error number.
pub(super) fn broken(path: &Path, source: io::Error) -> VaultError {
    if source.raw_os_error().is_some() {
        VaultError::Io { action: "read", path: path.to_owned(), source }
    } else {
        VaultError::damaged("a part of it was changed, cut off or added")
    }
}

impl Chunks for Image {
    fn image_length(&self) -> u64 {
        self.footer.image_length
    }

    fn read_chunk(&mut self, index: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = index.checked_mul(CHUNK as u64).ok_or_else(changed)?;
        let left = self.footer.image_length.checked_sub(start).ok_or_else(changed)?;
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let buffer = buffer.get_mut(..length).ok_or(io::ErrorKind::InvalidInput)?;
        let hash = usize::try_from(index).ok().and_then(|index| self.hashes.chunks(HASH).nth(index));
        read_verified(&mut self.stream, start, hash.ok_or_else(changed)?, buffer)?;
        Ok(length)
    }
}
