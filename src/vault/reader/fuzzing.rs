//! The door to the readers of a vault's database; see `crate::fuzzing`.
//!
//! Bytes are edits of something well-formed, 5 bytes each: three for the place, one for what is done there, one for how.
#![expect(clippy::disallowed_methods, reason = "it writes the files that it then reads")]

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection as Database, MAIN_DB};

use super::pages::{Faults, Pages};
use super::{Reader as _, Reading, Rows, in_memory, is_served, vfs};
use crate::vault::error::VaultError;
use crate::vault::file::create;
use crate::vault::generation::settle;
use crate::vault::identity::{Credentials, Identity};
use crate::vault::image::{self, Chunks, Image};
use crate::vault::schema;
use crate::vault::signing::SigningKey;
use crate::vault::trailer::{self, CHUNK, Commit};

/// The rows of every database here.
const ROWS: usize = 400;

fn text_of(row: usize) -> String {
    format!("{:04}{}", row * 7919 % ROWS, "x".repeat(row % 500))
}

/// A database of a table `t`, marked as a vault's of the newest schema: a few chunks.
fn database(page: u32) -> rusqlite::Result<Vec<u8>> {
    let mut database = in_memory().map_err(|_| rusqlite::Error::InvalidQuery)?;
    database.pragma_update(None, "page_size", page)?;
    database.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
    database.pragma_update(None, "user_version", schema::KNOWN_SCHEMA)?;
    database.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL, tail BLOB)")?;
    for row in 0..ROWS {
        database.execute("INSERT INTO t (text, tail) VALUES (?1, zeroblob(300))", [text_of(row)])?;
    }
    database.execute_batch("CREATE INDEX t_by_text ON t (text)")?;
    Ok(database.serialize(MAIN_DB)?.to_vec())
}

static DATABASES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    [512, 4096, 65536].map(|page| database(page).expect("SQLite makes a database")).to_vec()
});

/// Applies as many edits as there are, 64 at most.
fn edit(bytes: &mut Vec<u8>, edits: &[u8]) {
    for edit in edits.as_chunks::<5>().0.iter().take(64) {
        let [high, middle, low, what, how] = *edit;
        let place = u32::from_be_bytes([0, high, middle, low]) as usize % bytes.len().max(1);
        match what % 5 {
            0 | 1 => bytes.get_mut(place).into_iter().for_each(|byte| *byte = how),
            2 => bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= 1 << (how % 8)),
            3 => bytes.truncate(place),
            _ => bytes.extend(std::iter::repeat_n(how, place % 4096)),
        }
    }
}

/// A whole image in memory that passes for a verified one.
struct Memory(Vec<u8>);

impl Chunks for Memory {
    fn image_length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_chunk(&mut self, index: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(index).map_err(|_| io::ErrorKind::InvalidInput)? * CHUNK;
        let chunk = self.0.get(start..).ok_or(io::ErrorKind::InvalidInput)?;
        let length = chunk.len().min(CHUNK);
        buffer.get_mut(..length).ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(&chunk[..length]);
        Ok(length)
    }
}

const QUERIES: [&str; 6] = [
    "SELECT text FROM t WHERE id = 200",
    "SELECT count(*), sum(length(text)), sum(length(tail)) FROM t NOT INDEXED",
    "SELECT id, text FROM t INDEXED BY t_by_text ORDER BY text DESC",
    "SELECT name, sql FROM sqlite_schema ORDER BY rowid",
    "PRAGMA integrity_check(3)",
    "SELECT count(*) FROM t a JOIN t b ON a.text = b.text",
];

fn rows(database: &Database, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = database.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}

/// A damaged database that somebody signed: page by page it is what it is as a whole.
pub(in crate::vault) fn pages(bytes: &[u8]) {
    let Some((which, edits)) = bytes.split_first() else { return };
    let mut image = DATABASES[usize::from(*which) % DATABASES.len()].clone();
    edit(&mut image, edits);
    if !image.first_chunk().is_some_and(is_served) {
        return;
    }
    let mut whole = in_memory().expect("SQLite opens one in memory");
    if whole.deserialize_read_exact(MAIN_DB, image.as_slice(), image.len(), true).is_err() {
        return;
    }
    let served = vfs::open(Box::new(Pages::new(Memory(image), Faults::default())));
    let served = served.expect("nothing is read before it is asked for");
    let settled = [&whole, &served].map(|database| settle(database).is_ok());
    assert_eq!(settled[0], settled[1]);
    for sql in QUERIES {
        match (rows(&whole, sql), rows(&served, sql)) {
            (Ok(whole), Ok(served)) => assert_eq!(whole, served, "{sql}"),
            (Err(_), Err(_)) => {}
            (whole, served) => panic!("{sql}: as a whole {whole:?}, by pages {served:?}"),
        }
    }
}

/// A vault file, its plaintext and who opens it.
struct Sealed {
    folder: tempfile::TempDir,
    credentials: Credentials,
    recipient: age::x25519::Recipient,
    plain: Vec<u8>,
    file: Vec<u8>,
}

impl Sealed {
    fn new() -> Self {
        let identity = Identity::generate();
        let image = &DATABASES[1];
        let commit = Commit { vault: [7; 16], generation: 3, parent: [9; 32] };
        let signing = SigningKey::generate().expect("the provider makes a key");
        let (trailer, _) = trailer::sign(image, commit, &signing).expect("it signs");
        let recipient = identity.recipient().as_str().parse().expect("a native key");
        let plain = [image.as_slice(), &trailer].concat();
        let file = seal(&plain, &recipient);
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, credentials: identity.into(), recipient, plain, file }
    }

    fn put(&self, bytes: &[u8]) {
        let path = self.path();
        let _ = std::fs::remove_file(&path);
        create(&path)
            .and_then(|mut file| file.write_all(bytes).map_err(VaultError::io("write", &path)))
            .expect("it can be written");
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("vault.age")
    }
}

fn seal(plain: &[u8], recipient: &age::x25519::Recipient) -> Vec<u8> {
    let one = std::iter::once(recipient as &dyn age::Recipient);
    let mut sealed = Vec::with_capacity(plain.len() + 1024);
    age::Encryptor::with_recipients(one)
        .and_then(|encryptor| {
            let mut writer = encryptor.wrap_output(&mut sealed)?;
            writer.write_all(plain)?;
            Ok(writer.finish().map(drop)?)
        })
        .expect("it can be encrypted");
    sealed
}

/// A vault file that was damaged before or after it was opened, or made anew around a changed plaintext without the
/// signing key: whatever is read of it is right, or it is refused as damaged.
pub(in crate::vault) fn file(bytes: &[u8]) {
    thread_local! {
        static SEALED: Sealed = Sealed::new();
    }
    let Some((how, edits)) = bytes.split_first() else { return };
    SEALED.with(|sealed| {
        let (anew, late) = (how % 2 == 1, how / 2 % 2 == 1);
        let damaged = if anew {
            let mut plain = sealed.plain.clone();
            edit(&mut plain, edits);
            seal(&plain, &sealed.recipient)
        } else {
            let mut file = sealed.file.clone();
            edit(&mut file, edits);
            file
        };
        sealed.put(if late { &sealed.file } else { &damaged });
        let image = Image::open(&sealed.path(), &sealed.credentials, |_| Ok(()));
        let opened = image.and_then(|image| Rows.open(image, &sealed.path(), &sealed.credentials));
        match opened {
            Ok(reading) => {
                if late {
                    // Into the file that is open.
                    std::fs::write(sealed.path(), &damaged).expect("it can be written");
                }
                right_or_refused(&reading);
            }
            Err(error) => assert_is_damage(&error),
        }
    });
}

fn assert_is_damage(error: &VaultError) {
    let expected = matches!(
        error,
        VaultError::Damaged(_)
            | VaultError::Untrusted(_)
            | VaultError::WrongIdentity { .. }
            | VaultError::NewerFormat { .. }
            | VaultError::NewerSchema { .. }
    );
    assert!(expected, "{error:?}");
}

fn right_or_refused(reading: &Reading) {
    let faults = reading.faults.clone().unwrap_or_default();
    let right = |what: &str, found: rusqlite::Result<bool>| match (found, faults.take()) {
        // As `Vault::with` has it: after a fault nothing that was found counts.
        (_, Some(fault)) => assert_is_damage(&image::broken(Path::new("v"), fault)),
        (found, None) => assert!(found.as_ref().is_ok_and(|right| *right), "{what}: {found:?}"),
    };
    for row in [0, 1, ROWS / 2, ROWS - 1] {
        let sql = format!("SELECT text FROM t WHERE id = {}", row + 1);
        right(&sql, rows(&reading.database, &sql).map(|found| found == [[Value::from(text_of(row))]]));
    }
    let all = rows(&reading.database, "SELECT text FROM t INDEXED BY t_by_text ORDER BY text");
    right("the index", all.map(|all| all.len() == ROWS && all.is_sorted_by(|a, b| text(a) <= text(b))));
}

fn text(row: &[Value]) -> &str {
    match row {
        [Value::Text(text)] => text,
        _ => "",
    }
}
