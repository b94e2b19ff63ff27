//! The plaintext of a vault file, verified chunk by chunk against the signed trailer.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use age::stream::StreamReader;

use super::error::VaultError;
use super::file::{self, Privacy, Stamp};
use super::identity::{Credentials, Identity};
use super::trailer::{self, CHUNK, FOOTER, Footer, HASH, Root};
use crate::hooks;

/// An image whose chunks can be read one at a time, each verified as it is read.
///
/// What streams the whole image, and what will serve single pages, share it.
pub(super) trait Chunks {
    /// The length of the image in bytes.
    fn image_length(&self) -> u64;

    /// Reads chunk `index` into the front of `buffer`, which holds [`CHUNK`] bytes or all that remain of the image,
    /// and returns its length. Fails with [`io::ErrorKind::InvalidData`] if it is not what was signed.
    fn read_chunk(&mut self, index: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A vault file that this machine has reason to trust; its content is verified as it is read.
pub(super) struct Image {
    stream: StreamReader<BufReader<File>>,
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
        let mut stream = decrypt(path, file, credentials)?;
        let length = stream.seek(SeekFrom::End(0)).map_err(|error| broken(path, error))?;
        let footer = read_at::<FOOTER>(&mut stream, path, length, FOOTER as u64)?;
        let footer = Footer::parse(&footer, length)?;
        trust(&footer)?;
        stream.seek(SeekFrom::Start(footer.image_length)).map_err(|error| broken(path, error))?;
        let mut hashes = Vec::new();
        (&mut stream)
            .take(footer.trailer_length() - FOOTER as u64)
            .read_to_end(&mut hashes)
            .map_err(|error| broken(path, error))?;
        let root = footer.verify(&hashes)?;
        Ok(Self { stream, hashes, footer, root, stamp: Stamp::of(&metadata), file_length: metadata.len() })
    }

    /// Reads the whole image from its start; for a reader that asks for everything at once.
    pub(super) fn stream(&mut self) -> WholeImage<'_, Self> {
        WholeImage { chunks: self, next: 0, failure: None }
    }
}

fn decrypt(
    path: &Path,
    file: File,
    credentials: &Credentials,
) -> Result<StreamReader<BufReader<File>>, VaultError> {
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file)).map_err(|error| match error {
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

fn read_at<const COUNT: usize>(
    stream: &mut StreamReader<BufReader<File>>,
    path: &Path,
    length: u64,
    before_end: u64,
) -> Result<[u8; COUNT], VaultError> {
    let at =
        length.checked_sub(before_end).ok_or_else(|| VaultError::damaged("it is too short to be a vault"))?;
    let mut bytes = [0; COUNT];
    stream
        .seek(SeekFrom::Start(at))
        .and_then(|_| stream.read_exact(&mut bytes))
        .map_err(|error| broken(path, error))?;
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
        let changed = || io::Error::new(io::ErrorKind::InvalidData, "a chunk is not what was signed");
        let start = index.checked_mul(CHUNK as u64).ok_or_else(changed)?;
        let left = self.footer.image_length.checked_sub(start).ok_or_else(changed)?;
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let buffer = buffer.get_mut(..length).ok_or(io::ErrorKind::InvalidInput)?;
        self.stream.seek(SeekFrom::Start(start))?;
        self.stream.read_exact(buffer)?;
        let hash = usize::try_from(index).ok().and_then(|index| self.hashes.chunks(HASH).nth(index));
        if hooks::mutant("chunk-unverified") {
            return Ok(length);
        }
        if hash == Some(trailer::sha256(buffer).as_slice()) { Ok(length) } else { Err(changed()) }
    }
}

/// Streams all chunks of an image in order.
///
/// Contract: each `read` is given room for a whole chunk or for all that remains, which `read_exact` of the whole
/// image does; the chunks go straight to where they are wanted.
pub(super) struct WholeImage<'a, C> {
    chunks: &'a mut C,
    next: u64,
    /// What stopped it; SQLite's own error does not carry it.
    pub(super) failure: Option<io::Error>,
}

impl<C: Chunks> Read for WholeImage<'_, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.next >= self.chunks.image_length().div_ceil(CHUNK as u64) {
            return Ok(0);
        }
        match self.chunks.read_chunk(self.next, buffer) {
            Ok(length) => {
                self.next += 1;
                Ok(length)
            }
            Err(error) => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
        }
    }
}
