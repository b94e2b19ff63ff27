#![expect(clippy::disallowed_methods, reason = "the tests make and damage files of their own")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::{ErrorCode, OpenFlags};

use super::vfs::{Source, Unreadable};
use super::*;
use crate::vault::assemble::encrypt;
use crate::vault::identity::{Credentials, Identity};
use crate::vault::image::Chunks;
use crate::vault::location::Location;
use crate::vault::recipient::{Recipient, Role};
use crate::vault::rows::fixture::instant;
use crate::vault::signing::SigningKey;
use crate::vault::tests::seed_mutants;
use crate::vault::trailer::{self, CHUNK, Commit};

/// A database of a table `t` with these texts, marked as a vault's of the newest schema.
fn database(page: u32, texts: &[String]) -> Vec<u8> {
    let mut database = in_memory().unwrap();
    database.pragma_update(None, "page_size", page).unwrap();
    database.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    database.pragma_update(None, "user_version", schema::KNOWN_SCHEMA).unwrap();
    database.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL, tail BLOB)").unwrap();
    for text in texts {
        database.execute("INSERT INTO t (text, tail) VALUES (?1, zeroblob(300))", [text]).unwrap();
    }
    database.execute_batch("CREATE INDEX t_by_text ON t (text)").unwrap();
    database.serialize(MAIN_DB).unwrap().to_vec()
}

/// Bytes in memory that count how they are asked for and can be told to fail.
#[derive(Clone)]
struct Memory {
    bytes: Arc<Vec<u8>>,
    reads: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

impl Memory {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: Arc::new(bytes), reads: Arc::default(), panics: Arc::default() }
    }
}

impl Source for Memory {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Unreadable> {
        assert!(!self.panics.load(Ordering::SeqCst), "as told");
        let from = usize::try_from(offset).unwrap().min(self.bytes.len());
        let found = &self.bytes[from..];
        let count = found.len().min(buffer.len());
        buffer[..count].copy_from_slice(&found[..count]);
        Ok(count)
    }
}

impl Chunks for Memory {
    fn image_length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_chunk(&mut self, index: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let start = usize::try_from(index).unwrap() * CHUNK;
        let chunk = &self.bytes[start..self.bytes.len().min(start + CHUNK)];
        buffer[..chunk.len()].copy_from_slice(chunk);
        Ok(chunk.len())
    }
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{:04}{}", number * 7919 % count, "x".repeat(number % 500))).collect()
}

/// Every text through the index, which goes from page to page in another order than the file.
fn all(database: &Database) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement =
        database.prepare("SELECT id, text, tail FROM t INDEXED BY t_by_text ORDER BY text")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn code(result: rusqlite::Result<impl Sized>) -> Option<ErrorCode> {
    result.err().and_then(|error| error.sqlite_error_code())
}

#[test]
fn it_reads_what_is_there_and_changes_nothing() {
    let expected = texts(300);
    for page in [512, 4096, 65536] {
        let source = Memory::new(database(page, &expected));
        let database = vfs::open(Box::new(source.clone())).unwrap();
        let mut found = all(&database).unwrap();
        assert!(found.is_sorted_by(|left, right| left.1 <= right.1));
        found.sort_unstable();
        assert!(found.into_iter().map(|(_, text)| text).eq(expected.iter().cloned()));
        for change in ["DELETE FROM t", "CREATE TABLE u (x)", "PRAGMA user_version = 9", "VACUUM"] {
            assert_eq!(code(database.execute_batch(change)), Some(ErrorCode::ReadOnly), "{change}");
        }
        // The journal modes that would need files beside it are not available, and nothing happens on asking.
        let _ = database.pragma_update(None, "journal_mode", "WAL");
        let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        assert_eq!(Arc::strong_count(&source.bytes), 2, "SQLite's and this one");
        drop(database);
        assert_eq!(Arc::strong_count(&source.bytes), 1, "given back");
    }
}

#[test]
fn what_is_sorted_stays_in_memory() {
    let source = Memory::new(database(4096, &texts(2000)));
    let database = vfs::open(Box::new(source)).unwrap();
    settle(&database).unwrap();
    // More than the page cache holds; a temporary file would have to be opened by this VFS, which refuses.
    database.pragma_update(None, "cache_size", 10).unwrap();
    let sql = "SELECT count(*) FROM (SELECT DISTINCT a.text || b.text FROM t a, t b WHERE b.id < 20 ORDER BY 1 DESC)";
    let count: u32 = database.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(count > 10_000, "{count}");
}

#[test]
fn a_name_opens_one_source_once() {
    let first = vfs::open(Box::new(Memory::new(database(4096, &texts(3))))).unwrap();
    let path: String =
        first.query_row("SELECT file FROM pragma_database_list", [], |row| row.get(0)).unwrap();
    let guess = |name: &str, flags| code(Database::open_with_flags_and_vfs(name, flags, c"tokenctl-vault"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    for name in [path.as_str(), "0", "18446744073709551615", "-1", "+1", "vault.age", "/etc/passwd"] {
        assert_ne!(guess(name, flags), None, "{name}");
        assert_ne!(guess(name, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE), None);
    }
    assert_eq!(code(first.execute_batch("ATTACH 'other' AS other")), Some(ErrorCode::CannotOpen));
    assert_eq!(all(&first).unwrap().len(), 3);
}

#[test]
fn no_panic_reaches_sqlite() {
    let source = Memory::new(database(4096, &texts(300)));
    let panics = Arc::clone(&source.panics);
    let database = vfs::open(Box::new(source)).unwrap();
    panics.store(true, Ordering::SeqCst);
    assert_eq!(code(all(&database)), Some(ErrorCode::SystemIoFailure));
    panics.store(false, Ordering::SeqCst);
    assert_eq!(all(&database).unwrap().len(), 300);
}

#[test]
fn what_is_no_database_is_an_error() {
    for bytes in [Vec::new(), vec![0; 100], b"SQLite format 3\0".to_vec(), vec![0xff; 70_000]] {
        let database = vfs::open(Box::new(Memory::new(bytes.clone()))).unwrap();
        assert!(all(&database).is_err(), "{} bytes", bytes.len());
    }
}

#[test]
fn no_chunk_is_read_again_and_again() {
    let bytes = database(4096, &texts(3000));
    let chunks = bytes.len().div_ceil(CHUNK);
    let open = |pages: i64| {
        let source = Memory::new(bytes.clone());
        let reads = Arc::clone(&source.reads);
        let database = vfs::open(Box::new(Pages::new(source, Faults::default()))).unwrap();
        database.pragma_update(None, "cache_size", pages).unwrap();
        (database, reads)
    };
    let (roomy, reads) = open(1000);
    let text: String = roomy.query_row("SELECT text FROM t WHERE id = 1500", [], |row| row.get(0)).unwrap();
    assert_eq!(text.len(), 4 + 1499 % 500);
    assert!(reads.load(Ordering::SeqCst) < 5, "one row needs few chunks of {chunks}");
    assert_eq!(all(&roomy).unwrap().len(), 3000);
    let before = reads.load(Ordering::SeqCst);
    // What was read ahead in vain is read once more.
    assert!(before < 2 * chunks, "{before} reads of {chunks} chunks");
    assert_eq!(all(&roomy).unwrap().len(), 3000);
    assert_eq!(reads.load(Ordering::SeqCst), before, "SQLite keeps what it has read");
    let (narrow, reads) = open(10);
    for _ in 0..3 {
        assert_eq!(all(&narrow).unwrap().len(), 3000);
    }
    let forgotten = reads.load(Ordering::SeqCst);
    assert!(forgotten <= 3 * chunks, "what it forgets is decrypted once more: {forgotten} of {chunks}");
}

#[test]
fn only_a_current_database_is_served_by_pages() {
    type Change<'a> = &'a dyn Fn(&mut [u8]);
    let image = database(4096, &texts(1));
    let head = |change: Change<'_>| {
        let mut head: [u8; HEAD] = image[..HEAD].try_into().unwrap();
        change(&mut head);
        is_served(&head)
    };
    assert!(head(&|_| ()));
    let refused: [(&str, Change<'_>); 6] = [
        ("in WAL mode, to read", &|head| head[19] = 2),
        ("in WAL mode, to write", &|head| head[18] = 2),
        ("an older schema", &|head| head[63] -= 1),
        ("a newer schema", &|head| head[60] = 1),
        ("somebody else's", &|head| head[68] ^= 1),
        ("no database", &|head| head[0] = b's'),
    ];
    for (what, change) in refused {
        assert!(!head(change), "{what}");
    }
}

/// A vault file of any database, and who opens it.
struct Sealed {
    folder: tempfile::TempDir,
    credentials: Credentials,
    recipients: Vec<Recipient>,
    plain: Vec<u8>,
    image: usize,
}

impl Sealed {
    fn new(image: &[u8]) -> Self {
        seed_mutants();
        let identity = Identity::generate();
        let key = identity.recipient().clone();
        let commit = Commit { vault: [7; 16], generation: 3, parent: [9; 32] };
        let (trailer, _) = trailer::sign(image, commit, &SigningKey::generate().unwrap()).unwrap();
        let sealed = Self {
            folder: tempfile::tempdir().unwrap(),
            credentials: identity.into(),
            recipients: vec![Recipient { key, role: Role::Viewer, label: None, added_at: instant(0) }],
            plain: [image, &trailer].concat(),
            image: image.len(),
        };
        sealed.write(&sealed.plain);
        sealed
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("vault.age")
    }

    fn write(&self, plain: &[u8]) {
        let _ = std::fs::remove_file(self.path());
        let mut file = crate::vault::file::create(&self.path()).unwrap();
        let location = Location::resolve(&self.path()).unwrap();
        encrypt(&location, &self.recipients, plain, || Ok(Vec::new()), &mut file).unwrap();
    }

    fn open(&self, reader: &dyn Reader) -> Result<Reading, VaultError> {
        let image = Image::open(&self.path(), &self.credentials, |_| Ok(()))?;
        reader.open(image, &self.path(), &self.credentials)
    }
}

#[test]
fn both_readers_tell_the_same() {
    let sealed = Sealed::new(&database(4096, &texts(3000)));
    let [whole, rows] = [&Whole as &dyn Reader, &Rows].map(|reader| sealed.open(reader).unwrap());
    assert!(whole.faults.is_none() && rows.faults.is_some());
    assert_eq!(all(&whole.database).unwrap(), all(&rows.database).unwrap());
    assert_eq!(code(rows.database.execute_batch("DELETE FROM t")), Some(ErrorCode::ReadOnly));
}

#[test]
fn what_only_the_plain_way_can_tell_is_left_to_it() {
    let mut image = database(4096, &texts(3000));
    image[63] = 0; // no schema yet: brought to today's in memory
    let reading = Sealed::new(&image).open(&Rows).unwrap();
    assert!(reading.faults.is_none(), "read whole");
    assert_eq!(schema::version(&reading.database).unwrap(), schema::KNOWN_SCHEMA);
    image[63] = 200;
    assert!(matches!(
        Sealed::new(&image).open(&Rows).map(drop),
        Err(VaultError::NewerSchema { found: 200, .. })
    ));
}

/// What is done to a file before or while it is read; places are fractions of its length.
#[derive(Debug, Clone)]
enum Damage {
    None,
    /// Of the encrypted file.
    Flip(f64, u8),
    Cut(f64),
    Extend(usize),
    /// Of the decrypted image, with everything else made to fit but the signature.
    Forge(f64, u8),
}

#[derive(Debug, Clone)]
struct Trial {
    page: u32,
    rows: usize,
    damage: Damage,
    /// Done once it is open, to the file that it has open.
    late: bool,
    asked: Vec<usize>,
}

fn trials() -> impl Strategy<Value = Trial> {
    let place = 0.0..1.0_f64;
    let damage = prop_oneof![
        1 => Just(Damage::None),
        4 => (place.clone(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        2 => place.clone().prop_map(Damage::Cut),
        1 => (1..200_000_usize).prop_map(Damage::Extend),
        4 => (place, 0..8_u8).prop_map(|(at, bit)| Damage::Forge(at, bit)),
    ];
    let page = prop::sample::select(vec![512_u32, 1024, 4096, 65536]);
    (page, 1..2500_usize, damage, any::<bool>(), prop::collection::vec(0..2500_usize, 1..6))
        .prop_map(|(page, rows, damage, late, asked)| Trial { page, rows, damage, late, asked })
}

#[derive(Debug, Default)]
struct Tally {
    right: usize,
    refused: usize,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "somewhere in a file"
)]
fn place(length: usize, fraction: f64) -> usize {
    ((length as f64 * fraction) as usize).min(length - 1)
}

impl Damage {
    fn apply(&self, sealed: &Sealed) {
        let path = sealed.path();
        match self {
            Self::None => {}
            Self::Flip(at, bit) => {
                let mut bytes = std::fs::read(&path).unwrap();
                let at = place(bytes.len(), *at);
                bytes[at] ^= 1 << bit;
                std::fs::write(&path, bytes).unwrap();
            }
            Self::Cut(at) => {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, &bytes[..place(bytes.len(), *at)]).unwrap();
            }
            Self::Extend(by) => {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, [bytes, vec![0; *by]].concat()).unwrap();
            }
            Self::Forge(at, bit) => {
                let mut plain = sealed.plain.clone();
                plain[place(sealed.image, *at)] ^= 1 << bit;
                sealed.write(&plain);
            }
        }
    }
}

/// Reads what a trial asks for; everything must be right or a failure of the vault.
fn read(sealed: &Sealed, trial: &Trial, expected: &[String], tally: &mut Tally) -> Result<(), String> {
    let early = |now| {
        if now {
            trial.damage.apply(sealed);
        }
    };
    early(!trial.late);
    let reading = match sealed.open(&Rows) {
        Ok(reading) => reading,
        Err(VaultError::Damaged(_) | VaultError::Untrusted(_) | VaultError::WrongIdentity { .. }) => {
            tally.refused += 1;
            return Ok(());
        }
        Err(other) => return Err(format!("{other:?}")),
    };
    early(trial.late);
    let faults = reading.faults.clone().unwrap_or_default();
    let mut judge = |what: String, found: rusqlite::Result<bool>| match (found, faults.take()) {
        // As `Vault::with` has it: after a fault nothing that was found counts.
        (_, Some(fault)) => {
            let blamed = image::broken(Path::new("v"), fault);
            tally.refused += 1;
            matches!(blamed, VaultError::Damaged(_)).then_some(()).ok_or(format!("{blamed:?}"))
        }
        (Ok(true), None) => {
            tally.right += 1;
            Ok(())
        }
        (found, None) => Err(format!("{what}: {found:?}")),
    };
    for &asked in &trial.asked {
        let sql = "SELECT text FROM t WHERE id = ?1";
        let found: rusqlite::Result<Option<String>> = rusqlite::OptionalExtension::optional(
            reading.database.query_row(sql, [i64::try_from(asked).unwrap() + 1], |row| row.get(0)),
        );
        judge(format!("row {asked}"), found.map(|found| found.as_ref() == expected.get(asked)))?;
    }
    let sum = "SELECT sum(length(text)) FROM t NOT INDEXED";
    let length = i64::try_from(expected.iter().map(String::len).sum::<usize>()).unwrap();
    judge(
        "the sum".to_owned(),
        reading.database.query_row(sum, [], |row| Ok(row.get::<_, i64>(0)? == length)),
    )?;
    judge("the index".to_owned(), all(&reading.database).map(|found| found.len() == expected.len()))
}

fn run(cases: u32) -> Tally {
    let tally = std::cell::RefCell::new(Tally::default());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&trials(), |trial| {
            let expected = texts(trial.rows);
            let sealed = Sealed::new(&database(trial.page, &expected));
            read(&sealed, &trial, &expected, &mut tally.borrow_mut()).map_err(TestCaseError::fail)
        })
        .unwrap();
    tally.into_inner()
}

/// That a chunk which nobody verifies is found is shown from outside, in `tests/tamper/pages.rs`.
#[test]
fn damage_anywhere_is_found_or_harmless() {
    let tally = run(60);
    assert!(tally.right > 0 && tally.refused > 0, "{tally:?}");
}

#[test]
#[ignore = "long: cargo prove R10"]
fn five_thousand_images_and_damages() {
    let tally = run(5000);
    println!("PROOF R10: 5000 images, damaged anywhere: {tally:?}: 0 violations");
}
