//! Chunks in a row, decrypted and verified by another thread before they are asked for.
//!
//! A listing walks through tables whose pages lie one after the other. While it makes rows of what it has, the next chunks
//! come in. There is one way to the chunks; for a walk it is lent to the thread.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::vault::cores;
use crate::vault::image::{Chunks, Wiped};
use crate::vault::trailer::CHUNK;

/// So many chunks in a row are a walk. What every command reads of a large vault, its schema and its small tables, is in
/// three or four.
const WALK: usize = 8;

/// How many chunks may wait to be asked for.
const WAITING: usize = 2;

/// The way to the chunks, for somebody who often takes one after the other.
pub(super) struct Ahead<C> {
    /// The way, unless it is lent.
    here: Option<C>,
    walk: Option<Walk<C>>,
    length: u64,
    /// Which chunk would go on in the row, and how many were taken in a row before it.
    next: usize,
    in_a_row: usize,
}

/// A thread that has the way.
struct Walk<C> {
    thread: JoinHandle<C>,
    chunks: Receiver<io::Result<Wiped>>,
}

impl<C: Chunks + Send + 'static> Ahead<C> {
    pub(super) fn new(chunks: C) -> Self {
        Self { length: chunks.image_length(), here: Some(chunks), walk: None, next: 0, in_a_row: 0 }
    }

    /// How many bytes all chunks have.
    pub(super) const fn image_length(&self) -> u64 {
        self.length
    }

    /// How many chunks there are.
    pub(super) fn count(&self) -> usize {
        usize::try_from(self.length.div_ceil(CHUNK as u64)).unwrap_or(usize::MAX)
    }

    /// Gives the way to the chunks back.
    pub(super) fn into_chunks(mut self) -> C {
        self.way()
    }

    /// Returns a chunk that there is.
    pub(super) fn take(&mut self, index: usize) -> io::Result<Wiped> {
        self.in_a_row = if index == self.next { self.in_a_row + 1 } else { 1 };
        let awaited = self.walk.as_ref().filter(|_| index == self.next);
        self.next = index.saturating_add(1);
        // A walk ends where a chunk cannot be read.
        if let Some(Ok(chunk)) = awaited.map(|walk| walk.chunks.recv()) {
            return chunk;
        }
        let mut way = self.way();
        let chunk = read(&mut way, index);
        if chunk.is_ok() && self.in_a_row >= WALK && self.next < self.count() && cores::count() > 1 {
            self.lend(way);
        } else {
            self.here = Some(way);
        }
        chunk
    }

    fn way(&mut self) -> C {
        match self.walk.take() {
            Some(Walk { thread, chunks }) => {
                // The thread ends when nobody takes what it reads.
                drop(chunks);
                cores::ended(thread)
            }
            // expect: whoever takes it puts it back or lends it before anything else happens.
            None => self.here.take().expect("the way is here or lent"),
        }
    }

    /// Has the next chunks read ahead. Where no thread can be had, they are read when they are asked for.
    fn lend(&mut self, way: C) {
        let (lend, borrow) = sync_channel::<C>(1);
        let (ready, chunks) = sync_channel(WAITING);
        let walk = self.next..self.count();
        let walker = move || {
            // expect: it is sent as soon as the thread is there.
            let mut way = borrow.recv().expect("the way is lent to the thread");
            for index in walk {
                let chunk = read(&mut way, index);
                let is_end = chunk.is_err();
                if ready.send(chunk).is_err() || is_end {
                    break;
                }
            }
            way
        };
        match Builder::new().name("read-ahead".to_owned()).spawn(walker) {
            Ok(thread) => {
                let _ = lend.send(way); // there is room for it
                self.walk = Some(Walk { thread, chunks });
            }
            Err(_) => self.here = Some(way),
        }
    }
}

impl<C> Drop for Ahead<C> {
    fn drop(&mut self) {
        if let Some(Walk { thread, chunks }) = self.walk.take() {
            drop(chunks);
            let _ = thread.join(); // nobody is left who could be told
        }
    }
}

fn read(way: &mut impl Chunks, index: usize) -> io::Result<Wiped> {
    let mut fresh = Wiped(vec![0; CHUNK]);
    let length = way.read_chunk(index as u64, &mut fresh.0)?;
    fresh.0.truncate(length);
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const COUNT: usize = 40;
    const LAST: usize = 100;

    /// Chunks that hold their number; one of them cannot be read, or makes its reader panic.
    #[derive(Default)]
    struct Numbered {
        broken: Option<usize>,
        panics: bool,
        reads: Arc<AtomicUsize>,
    }

    impl Chunks for Numbered {
        fn image_length(&self) -> u64 {
            ((COUNT - 1) * CHUNK + LAST) as u64
        }

        fn read_chunk(&mut self, index: u64, buffer: &mut [u8]) -> io::Result<usize> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            let index = usize::try_from(index).unwrap();
            if self.broken == Some(index) {
                assert!(!self.panics, "as told");
                return Err(io::ErrorKind::InvalidData.into());
            }
            let length = if index + 1 == COUNT { LAST } else { CHUNK };
            buffer[..length].fill(u8::try_from(index).unwrap());
            Ok(length)
        }
    }

    fn is_right(index: usize, chunk: &Wiped) -> bool {
        let length = if index + 1 == COUNT { LAST } else { CHUNK };
        chunk.0.len() == length && chunk.0.iter().all(|byte| usize::from(*byte) == index)
    }

    #[test]
    fn walks_and_jumps_get_what_they_ask_for() {
        let mut ahead = Ahead::new(Numbered::default());
        let walks = [0..COUNT, 5..9, 30..COUNT, 3..4, 30..34, 34..35, 36..40, 10..30];
        for index in walks.into_iter().flatten() {
            assert!(is_right(index, &ahead.take(index).unwrap()), "{index}");
        }
        assert_eq!(ahead.into_chunks().broken, None);
    }

    #[test]
    fn a_few_rows_start_no_walk() {
        let reads = Arc::default();
        let mut ahead = Ahead::new(Numbered { reads: Arc::clone(&reads), ..Numbered::default() });
        for index in [7, 8, 20, 21, 3, 30] {
            ahead.take(index).unwrap();
            assert!(ahead.walk.is_none());
        }
        assert_eq!(reads.load(Ordering::SeqCst), 6);
    }

    #[test]
    fn what_cannot_be_read_fails_each_time_and_alone() {
        let mut ahead = Ahead::new(Numbered { broken: Some(20), ..Numbered::default() });
        let mut failed = BTreeSet::new();
        for index in (0..COUNT).chain(20..22) {
            match ahead.take(index) {
                Ok(chunk) => assert!(is_right(index, &chunk)),
                Err(error) => assert!(
                    error.kind() == io::ErrorKind::InvalidData && failed.insert((failed.len(), index))
                ),
            }
        }
        assert_eq!(failed, BTreeSet::from([(0, 20), (1, 20)]));
    }

    #[test]
    fn a_panic_reaches_who_asked() {
        let mut ahead = Ahead::new(Numbered { broken: Some(20), panics: true, ..Numbered::default() });
        let walk =
            std::panic::AssertUnwindSafe(|| (0..COUNT).try_for_each(|index| ahead.take(index).map(drop)));
        assert!(std::panic::catch_unwind(walk).is_err());
    }

    #[test]
    fn nothing_is_left_of_a_walk_that_is_given_up() {
        let reads = Arc::default();
        let mut ahead = Ahead::new(Numbered { reads: Arc::clone(&reads), ..Numbered::default() });
        (0..5).for_each(|index| drop(ahead.take(index).unwrap()));
        drop(ahead);
        assert_eq!(Arc::strong_count(&reads), 1, "the thread has ended and given back what it had");
    }
}
