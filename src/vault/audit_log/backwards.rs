//! Reads a file's lines from its end: the end is all that most work needs, however long the file is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// How much is read at once.
const BLOCK: u64 = 8 * 1024;

/// No line of ours comes near it; a longer one is damage and not worth the memory.
pub(super) const LINE_LIMIT: usize = 1024 * 1024;

/// Lines of a file, last to first.
pub(super) struct Backwards<'file> {
    file: &'file File,
    /// Where `buffer` begins in the file.
    position: u64,
    /// Read and not yet returned; the line feed of its last line is gone already.
    buffer: Vec<u8>,
    ended: bool,
}

impl<'file> Backwards<'file> {
    /// Returns the bytes after the last line feed among the first `length`, and the lines before them.
    pub(super) fn new(file: &'file File, length: u64) -> io::Result<(Vec<u8>, Self)> {
        let mut lines = Self { file, position: length, buffer: Vec::new(), ended: false };
        let torn = lines.take_line()?;
        Ok((torn, lines))
    }

    /// Returns the next line, without its line feed, or `None` before the first.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.ended { Ok(None) } else { self.take_line().map(Some) }
    }

    /// Takes what stands after the last line feed of the rest, and that line feed.
    fn take_line(&mut self) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let unsearched = &self.buffer[..self.buffer.len() - searched];
            if let Some(at) = unsearched.iter().rposition(|byte| *byte == b'\n') {
                let line = self.buffer.split_off(at + 1);
                self.buffer.pop();
                return Ok(line);
            }
            if self.position == 0 {
                self.ended = true;
                return Ok(std::mem::take(&mut self.buffer));
            }
            searched = self.buffer.len();
            if searched > LINE_LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
            }
            self.read_block()?;
        }
    }

    fn read_block(&mut self) -> io::Result<()> {
        let size = self.position.min(BLOCK);
        self.position -= size;
        // A block fits: it is 8 KiB at most.
        let mut block = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file.read_exact_at(&mut block, self.position)?;
        block.append(&mut self.buffer);
        self.buffer = block;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn backwards(content: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let (torn, mut lines) = Backwards::new(&file, content.len() as u64).unwrap();
        (torn, std::iter::from_fn(|| lines.next_line().unwrap()).collect())
    }

    #[test]
    fn the_last_comes_first() {
        assert_eq!(backwards(b""), (vec![], vec![]));
        assert_eq!(backwards(b"torn"), (b"torn".to_vec(), vec![]));
        assert_eq!(backwards(b"one\n"), (vec![], vec![b"one".to_vec()]));
        assert_eq!(
            backwards(b"one\n\ntwo\nto"),
            (b"to".to_vec(), vec![b"two".to_vec(), vec![], b"one".to_vec()])
        );
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; LINE_LIMIT + 64 * 1024]).unwrap();
        assert!(Backwards::new(&file, (LINE_LIMIT + 64 * 1024) as u64).is_err());
    }

    proptest! {
        #[test]
        fn is_the_reverse_of_forwards(lines in prop::collection::vec("[a-z]{0,9}|x{8190,8195}|y{20000}", 0..9)) {
            let content = lines.iter().fold(String::new(), |text, line| text + line + "\n");
            let (torn, found) = backwards(content.as_bytes());
            prop_assert_eq!(torn, Vec::<u8>::new());
            let expected: Vec<Vec<u8>> = lines.iter().rev().map(|line| line.clone().into_bytes()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
