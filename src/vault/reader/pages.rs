//! Any bytes of an image, chunk by chunk as they are asked for; each verified on its way in.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::ahead::Ahead;
use super::vfs::{Source, Unreadable};
use crate::vault::image::{Chunks, Wiped};
use crate::vault::trailer::CHUNK;

/// Why a read failed: SQLite passes on no more than that it did. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::vault) struct Faults(Arc<Mutex<Option<io::Error>>>);

impl Faults {
    /// Returns the first failure since the last call.
    pub(in crate::vault) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, error: io::Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// A chunk, as far as it was asked for.
enum Chunk {
    Unread,
    /// It is here, and so many of its bytes were not handed out yet.
    Begun(Wiped, usize),
    /// All of it was handed out, and SQLite keeps what it got.
    GivenUp,
    /// SQLite came back to it.
    Kept(Wiped),
}

/// The chunks that were read, and the way to the others.
///
/// SQLite keeps the pages it read (`settle` gives its cache room), so a chunk that it has all of is given up: a listing of
/// everything would hold everything twice otherwise. One that it comes back to all the same is kept from then on: a listing
/// that goes through a table in the order of an index comes back to each chunk hundreds of times. So whatever is asked, no
/// chunk is decrypted more than twice.
pub(super) struct Pages<C> {
    chunks: Ahead<C>,
    known: Vec<Chunk>,
    faults: Faults,
}

impl<C: Chunks + Send + 'static> Pages<C> {
    /// Nothing is read yet; `faults` learns why a read fails.
    pub(super) fn new(chunks: C, faults: Faults) -> Self {
        let chunks = Ahead::new(chunks);
        let known = std::iter::repeat_with(|| Chunk::Unread).take(chunks.count()).collect();
        Self { chunks, known, faults }
    }

    /// Gives the way to the chunks back; what was read of them is wiped.
    pub(super) fn into_chunks(self) -> C {
        self.chunks.into_chunks()
    }

    /// Fills `buffer` with what there is of a chunk that there is, from `from` on, and returns how much that was.
    fn copy(&mut self, index: usize, from: usize, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { chunks, known, .. } = self;
        let chunk = known.get_mut(index).ok_or(io::ErrorKind::InvalidInput)?;
        if matches!(chunk, Chunk::Unread | Chunk::GivenUp) {
            let bytes = chunks.take(index)?;
            let length = bytes.0.len();
            *chunk = match chunk {
                Chunk::Unread => Chunk::Begun(bytes, length),
                _ => Chunk::Kept(bytes),
            };
        }
        let (Chunk::Begun(bytes, _) | Chunk::Kept(bytes)) = &*chunk else { return Ok(0) };
        let found = bytes.0.get(from..).unwrap_or_default();
        let count = found.len().min(buffer.len());
        buffer[..count].copy_from_slice(&found[..count]);
        if let Chunk::Begun(_, left) = chunk {
            *left = left.saturating_sub(count);
            if *left == 0 {
                *chunk = Chunk::GivenUp;
            }
        }
        Ok(count)
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset.checked_add(filled as u64).ok_or(io::ErrorKind::InvalidInput)?;
            if at >= self.chunks.image_length() {
                break;
            }
            let index = usize::try_from(at / CHUNK as u64).map_err(|_| io::ErrorKind::InvalidInput)?;
            // Less than a chunk, which is a `usize`.
            let inside = usize::try_from(at % CHUNK as u64).unwrap_or_default();
            let count = self.copy(index, inside, &mut buffer[filled..])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += count;
        }
        Ok(filled)
    }
}

impl<C: Chunks + Send + 'static> Source for Pages<C> {
    fn length(&self) -> u64 {
        self.chunks.image_length()
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Unreadable> {
        self.read(offset, buffer).map_err(|error| {
            self.faults.note(error);
            Unreadable
        })
    }
}
