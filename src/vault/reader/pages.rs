//! Any bytes of an image, chunk by chunk as they are asked for; each verified once, on its way in.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

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

/// The chunks that were read, and the way to the others.
///
/// Why none is given up: a listing goes through a table in the order of an index and comes back to each chunk hundreds of
/// times. So whatever is asked, no chunk is decrypted twice, and a listing of everything costs what loading everything
/// costs, in time and in memory.
pub(super) struct Pages<C> {
    chunks: C,
    kept: Vec<Option<Wiped>>,
    faults: Faults,
}

impl<C: Chunks> Pages<C> {
    /// Nothing is read yet; `faults` learns why a read fails.
    pub(super) fn new(chunks: C, faults: Faults) -> Self {
        let count = usize::try_from(chunks.image_length().div_ceil(CHUNK as u64)).unwrap_or(usize::MAX);
        Self { chunks, kept: std::iter::repeat_with(|| None).take(count).collect(), faults }
    }

    /// Gives the way to the chunks back; what was read of them is wiped.
    pub(super) fn into_chunks(self) -> C {
        self.chunks
    }

    /// Returns the bytes of a chunk that there is.
    fn chunk(&mut self, index: usize) -> io::Result<&[u8]> {
        let Self { chunks, kept, .. } = self;
        let place = kept.get_mut(index).ok_or(io::ErrorKind::InvalidInput)?;
        if place.is_none() {
            let mut fresh = Wiped(vec![0; CHUNK]);
            let length = chunks.read_chunk(index as u64, &mut fresh.0)?;
            fresh.0.truncate(length);
            *place = Some(fresh);
        }
        Ok(place.as_ref().map(|chunk| chunk.0.as_slice()).unwrap_or_default())
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
            let found = self.chunk(index)?.get(inside..).unwrap_or_default();
            let count = found.len().min(buffer.len() - filled);
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer[filled..filled + count].copy_from_slice(&found[..count]);
            filled += count;
        }
        Ok(filled)
    }
}

impl<C: Chunks + Send> Source for Pages<C> {
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
