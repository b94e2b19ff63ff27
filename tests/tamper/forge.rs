//! What somebody who can open the vault can do to it with tools of their own: written from the documented format,
//! without a line of tokenctl's.

use std::io::{Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use rusqlite::{Connection as Database, MAIN_DB};

use crate::snapshot::put;

const CHUNK: usize = 64 * 1024;
const FOOTER: usize = 4 + 8 + 16 + 8 + 32 + 32 + 64 + 4 + 8;

/// A vault's plaintext, taken apart.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) image: Vec<u8>,
    /// Hashes and footer.
    pub(crate) trailer: Vec<u8>,
}

/// Reads the first identity of an identity file.
pub(crate) fn identity(path: &Path) -> age::x25519::Identity {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap().parse().unwrap()
}

/// Opens an age file.
pub(crate) fn decrypt(bytes: &[u8], identity: &dyn age::Identity) -> Vec<u8> {
    let mut plain = Vec::new();
    let decryptor = age::Decryptor::new(bytes).unwrap();
    decryptor.decrypt(std::iter::once(identity)).unwrap().read_to_end(&mut plain).unwrap();
    plain
}

/// Makes an age file.
pub(crate) fn encrypt(plain: &[u8], recipients: &[&dyn age::Recipient]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encryptor = age::Encryptor::with_recipients(recipients.iter().copied()).unwrap();
    let mut writer = encryptor.wrap_output(&mut bytes).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap();
    bytes
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

impl Plain {
    /// Decrypts the vault at `path`.
    pub(crate) fn open(path: &Path, identity: &age::x25519::Identity) -> Self {
        let plain = decrypt(&std::fs::read(path).unwrap(), identity);
        let footer = plain.len() - FOOTER;
        let length: [u8; 8] = plain[footer + 4..footer + 12].try_into().unwrap();
        let (image, trailer) = plain.split_at(usize::try_from(u64::from_be_bytes(length)).unwrap());
        Self { image: image.to_vec(), trailer: trailer.to_vec() }
    }

    /// Runs `act` on the database.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Database) -> T) -> T {
        let mut database = Database::open_in_memory().unwrap();
        let length = self.image.len();
        database.deserialize_read_exact(MAIN_DB, self.image.as_slice(), length, false).unwrap();
        act(&mut database)
    }

    /// Changes rows; the trailer stays what it was.
    pub(crate) fn change(&mut self, sql: &str) {
        self.image = self.with(|database| {
            database.execute_batch(sql).unwrap();
            database.serialize(MAIN_DB).unwrap().to_vec()
        });
    }

    fn footer(&self) -> &[u8] {
        &self.trailer[self.trailer.len() - FOOTER..]
    }

    fn generation(&self) -> u64 {
        u64::from_be_bytes(self.footer()[28..36].try_into().unwrap())
    }

    fn vault_id(&self) -> Vec<u8> {
        self.footer()[12..28].to_vec()
    }

    /// The vault's id as the journal writes it.
    pub(crate) fn vault_id_text(&self) -> String {
        use std::fmt::Write as _;
        self.vault_id().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    /// The text that a signature is over, from the hashes and the fields of the footer.
    fn signed_text(hashes: &[u8], fields: &[u8]) -> Vec<u8> {
        [b"tokenctl vault commit v1\n".as_slice(), &sha256(hashes), &1_u32.to_be_bytes(), fields].concat()
    }

    fn root(&self) -> Vec<u8> {
        let (hashes, footer) = self.trailer.split_at(self.trailer.len() - FOOTER);
        sha256(&Self::signed_text(hashes, &footer[..100]))
    }

    /// Writes a trailer as an operator's tokenctl would: the next generation, signed by `key`, which the footer
    /// calls `named` (its own public key if there is none).
    pub(crate) fn sign(&mut self, key: &Ed25519KeyPair, named: Option<&[u8]>) {
        self.sign_as(key, named, self.generation() + 1, &self.root(), &self.vault_id());
    }

    fn sign_as(
        &mut self,
        key: &Ed25519KeyPair,
        named: Option<&[u8]>,
        generation: u64,
        parent: &[u8],
        vault: &[u8],
    ) {
        let hashes: Vec<u8> = self.image.chunks(CHUNK).flat_map(sha256).collect();
        let fields = [
            &u32::try_from(CHUNK).unwrap().to_be_bytes()[..],
            &(self.image.len() as u64).to_be_bytes(),
            vault,
            &generation.to_be_bytes(),
            parent,
            named.unwrap_or(key.public_key().as_ref()),
        ]
        .concat();
        let signature = key.sign(&Self::signed_text(&hashes, &fields));
        self.trailer = [&hashes, &fields, signature.as_ref(), &1_u32.to_be_bytes(), b"tokenctl"].concat();
    }

    /// Passes this vault off as `victim`'s next generation.
    pub(crate) fn sign_as_next_of(&mut self, victim: &Self, key: &Ed25519KeyPair, named: Option<&[u8]>) {
        self.sign_as(key, named, victim.generation() + 1, &victim.root(), &victim.vault_id());
    }

    /// The key that the footer says signed it.
    pub(crate) fn verify_key(&self) -> Vec<u8> {
        self.footer()[68..100].to_vec()
    }

    /// The recipients in the table.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.with(|database| {
            let mut statement = database.prepare("SELECT public_key FROM recipients").unwrap();
            let keys = statement.query_map([], |row| row.get(0)).unwrap();
            keys.collect::<Result<_, _>>().unwrap()
        })
    }

    /// Encrypts it to `recipients` and puts it at `path`.
    pub(crate) fn write(&self, path: &Path, recipients: &[String]) {
        let keys: Vec<age::x25519::Recipient> = recipients.iter().map(|key| key.parse().unwrap()).collect();
        let keys: Vec<&dyn age::Recipient> = keys.iter().map(|key| key as &dyn age::Recipient).collect();
        put(path, &encrypt(&[self.image.as_slice(), &self.trailer].concat(), &keys));
    }

    /// The vault's secrets, in the hands of an operator: its own identity and signing seed, and every sealed value.
    pub(crate) fn secrets(&self, operator: &age::x25519::Identity) -> Vec<(String, Vec<u8>)> {
        self.with(|database| {
            let (identity, seed): (Vec<u8>, Vec<u8>) = database
                .query_row("SELECT wrapped_secrets_identity, wrapped_signing_key FROM keyring", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .unwrap();
            let value = |sealed: &[u8], identity: &dyn age::Identity| {
                let plain = decrypt(sealed, identity);
                let context = plain.iter().position(|byte| *byte == b'\n').unwrap();
                plain[context + 1..].to_vec()
            };
            let secrets_identity = value(&identity, operator);
            let opener: age::x25519::Identity =
                std::str::from_utf8(&secrets_identity).unwrap().parse().unwrap();
            let mut all = vec![
                ("the vault's secrets identity".to_owned(), secrets_identity.clone()),
                ("the vault's signing seed".to_owned(), value(&seed, operator)),
            ];
            let mut columns = database
                .prepare(
                    "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                     WHERE t.type = 'table' AND c.name LIKE 'sealed%' ORDER BY 1, 2",
                )
                .unwrap();
            let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            for column in columns {
                let (table, column): (String, String) = column.unwrap();
                let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
                let mut statement = database.prepare(&sql).unwrap();
                let what = match table.as_str() {
                    "keys" => "private key".to_owned(),
                    "tokens" => "token".to_owned(),
                    _ => format!("{table}.{column}"),
                };
                for bytes in statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap() {
                    all.push((what.clone(), value(&bytes.unwrap(), &opener)));
                }
            }
            all
        })
    }
}
