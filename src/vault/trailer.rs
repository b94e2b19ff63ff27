//! The trailer: what an operator's signature says about the database image in front of it.
//!
//! The plaintext of `vault.age` is `image ‖ chunk hashes ‖ footer`. Pure functions over bytes, so that a reader
//! of single chunks needs no more than the end of the file.
//!
//! | part | bytes |
//! | --- | --- |
//! | image | an SQLite database, `image length` bytes |
//! | chunk hashes | SHA-256 of each 64 KiB of the image (the last may be shorter), 32 each |
//! | chunk size | u32, 65536 |
//! | image length | u64 |
//! | vault id | 16 |
//! | generation | u64, rises by one with each commit |
//! | parent | 32, the root of the generation before; zeros for the first |
//! | verify key | 32, Ed25519 (RFC 8032) |
//! | signature | 64, over the signed text |
//! | format | u32, 1 |
//! | magic | 8, `tokenctl` |
//!
//! Integers are big-endian. The signed text is the line `tokenctl vault commit v1\n`, SHA-256 of the chunk hashes,
//! the format, and the footer from the chunk size to the verify key; its SHA-256 is the *root* of the generation.
//! Format and magic stand last, so that every later format can be told from damage.

use std::thread;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use super::cores::{joined, share_of};
use super::error::VaultError;
use super::signing::SigningKey;
use crate::hooks;

/// The bytes of the image that one hash covers; age's own chunk size, so that both are checked together.
pub(super) const CHUNK: usize = 64 * 1024;

/// The length of the footer.
pub(super) const FOOTER: usize = SIGNED_FIELDS + 64 + 4 + 8;

/// The length of one hash.
pub(super) const HASH: usize = 32;

/// The layout that is written and the newest that is read.
pub(super) const FORMAT: u32 = 1;

const CONTEXT: &[u8] = b"tokenctl vault commit v1\n";
const MAGIC: &[u8; 8] = b"tokenctl";
const SIGNED_FIELDS: usize = 4 + 8 + 16 + 8 + 32 + 32;

/// Identifies everything that a generation says, its ancestors included.
pub(super) type Root = [u8; HASH];

/// What a commit says about itself, apart from the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Commit {
    /// The vault's id.
    pub(super) vault: [u8; 16],
    /// Rises by one with each commit.
    pub(super) generation: u64,
    /// The root of the generation before, zeros for the first.
    pub(super) parent: Root,
}

/// The footer as it was read; nothing in it may be believed before [`Footer::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Footer {
    /// The length of the image in bytes.
    pub(super) image_length: u64,
    /// What the commit says about itself.
    pub(super) commit: Commit,
    /// The key that must have signed it; trusted only if it is the pinned one.
    pub(super) verify_key: [u8; 32],
    signature: [u8; 64],
}

/// Returns SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> [u8; HASH] {
    let mut hash = [0; HASH];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Returns the trailer of `image` and the root of the generation.
pub(super) fn sign(image: &[u8], commit: Commit, key: &SigningKey) -> Result<(Vec<u8>, Root), VaultError> {
    let hashes = hashes_of(image);
    let fields = fields(image.len() as u64, &commit, key.verify_key());
    let text = signed_text(&hashes, FORMAT, &fields);
    let signature = key.sign(&text)?;
    let mut trailer = hashes;
    trailer.extend_from_slice(&fields);
    trailer.extend_from_slice(&signature);
    trailer.extend_from_slice(&FORMAT.to_be_bytes());
    trailer.extend_from_slice(MAGIC);
    Ok((trailer, sha256(&text)))
}

/// Returns the hashes of the chunks of `image`, made on all cores where there are many.
fn hashes_of(image: &[u8]) -> Vec<u8> {
    let share = share_of(image.len().div_ceil(CHUNK)) * CHUNK;
    let hash = |part: &[u8]| part.chunks(CHUNK).flat_map(sha256).collect::<Vec<_>>();
    thread::scope(|scope| {
        let mut parts = image.chunks(share);
        let first = parts.next();
        let others: Vec<_> = parts.map(|part| scope.spawn(move || hash(part))).collect();
        let mut hashes = first.map(hash).unwrap_or_default();
        for other in others {
            hashes.extend(joined(other));
        }
        hashes
    })
}

fn fields(image_length: u64, commit: &Commit, verify_key: &[u8; 32]) -> [u8; SIGNED_FIELDS] {
    let mut fields = [0; SIGNED_FIELDS];
    let chunk = u32::try_from(CHUNK).unwrap_or(u32::MAX).to_be_bytes();
    let parts: [&[u8]; 6] = [
        &chunk,
        &image_length.to_be_bytes(),
        &commit.vault,
        &commit.generation.to_be_bytes(),
        &commit.parent,
        verify_key,
    ];
    let mut at = 0;
    for part in parts {
        fields[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    fields
}

fn signed_text(hashes: &[u8], format: u32, fields: &[u8; SIGNED_FIELDS]) -> Vec<u8> {
    [CONTEXT, &sha256(hashes), &format.to_be_bytes(), fields].concat()
}

impl Footer {
    /// Reads the footer, the last [`FOOTER`] bytes of a plaintext of `plaintext_length` bytes.
    ///
    /// Strict: the lengths must add up to the byte. A newer format is [`VaultError::NewerFormat`].
    pub(super) fn parse(bytes: &[u8; FOOTER], plaintext_length: u64) -> Result<Self, VaultError> {
        let mut rest = bytes.as_slice();
        let chunk = u32::from_be_bytes(take(&mut rest)?);
        let image_length = u64::from_be_bytes(take(&mut rest)?);
        let commit = Commit {
            vault: take(&mut rest)?,
            generation: u64::from_be_bytes(take(&mut rest)?),
            parent: take(&mut rest)?,
        };
        let verify_key = take(&mut rest)?;
        let signature = take(&mut rest)?;
        let format = u32::from_be_bytes(take(&mut rest)?);
        if take::<8>(&mut rest)? != *MAGIC {
            return Err(VaultError::damaged("it does not end with a trailer"));
        }
        if format > FORMAT {
            return Err(VaultError::NewerFormat { found: format, known: FORMAT });
        }
        let footer = Self { image_length, commit, verify_key, signature };
        let adds_up = format == FORMAT
            && chunk as usize == CHUNK
            && image_length > 0
            && footer.trailer_length().checked_add(image_length) == Some(plaintext_length);
        if adds_up { Ok(footer) } else { Err(VaultError::damaged("the trailer's numbers do not add up")) }
    }

    /// The number of chunks of the image.
    pub(super) fn chunks(&self) -> u64 {
        self.image_length.div_ceil(CHUNK as u64)
    }

    /// The length of the chunk hashes and the footer together.
    pub(super) fn trailer_length(&self) -> u64 {
        // Cannot overflow: at most 2^64 / 2^16 hashes of 2^5 bytes.
        self.chunks() * HASH as u64 + FOOTER as u64
    }

    /// Checks the signature over `hashes` and the footer and returns the root.
    ///
    /// Contract: the caller has compared [`Footer::verify_key`] and the vault id with a pin first.
    pub(super) fn verify(&self, hashes: &[u8]) -> Result<Root, VaultError> {
        if hashes.len() as u64 != self.chunks() * HASH as u64 {
            return Err(VaultError::damaged("the trailer's numbers do not add up"));
        }
        let fields = fields(self.image_length, &self.commit, &self.verify_key);
        let text = signed_text(hashes, FORMAT, &fields);
        if hooks::mutant("no-signature-check") {
            return Ok(sha256(&text));
        }
        UnparsedPublicKey::new(&ED25519, &self.verify_key)
            .verify(&text, &self.signature)
            .map_err(|_| VaultError::Untrusted("the signature does not fit the content".to_owned()))?;
        Ok(sha256(&text))
    }
}

fn take<const COUNT: usize>(rest: &mut &[u8]) -> Result<[u8; COUNT], VaultError> {
    let (head, tail) =
        rest.split_first_chunk().ok_or_else(|| VaultError::damaged("the trailer is too short"))?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: Commit = Commit { vault: [7; 16], generation: 3, parent: [9; HASH] };

    fn split(trailer: &[u8]) -> (&[u8], &[u8; FOOTER]) {
        trailer.split_last_chunk().unwrap()
    }

    #[test]
    fn what_was_signed_verifies() {
        let key = SigningKey::generate().unwrap();
        for length in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let image = vec![1; length];
            let (trailer, root) = sign(&image, COMMIT, &key).unwrap();
            let (hashes, footer) = split(&trailer);
            let footer = Footer::parse(footer, (length + trailer.len()) as u64).unwrap();
            assert_eq!(footer.commit, COMMIT);
            assert_eq!(footer.verify_key, *key.verify_key());
            assert_eq!(footer.verify(hashes).unwrap(), root);
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let key = SigningKey::generate().unwrap();
        let image = vec![1; CHUNK + 5];
        let (trailer, root) = sign(&image, COMMIT, &key).unwrap();
        for bit in 0..trailer.len() * 8 {
            let mut forged = trailer.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let (hashes, footer) = split(&forged);
            let verified = Footer::parse(footer, (image.len() + trailer.len()) as u64)
                .and_then(|footer| footer.verify(hashes));
            assert!(verified.is_err(), "bit {bit}: {verified:?} of {root:?}");
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let key = SigningKey::generate().unwrap();
        let (mut trailer, _) = sign(b"image", COMMIT, &key).unwrap();
        let format = trailer.len() - 12;
        trailer[format + 3] = 2;
        let parsed = Footer::parse(split(&trailer).1, (5 + trailer.len()) as u64);
        assert!(matches!(parsed, Err(VaultError::NewerFormat { found: 2, known: 1 })), "{parsed:?}");
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_parse(bytes in proptest::collection::vec(proptest::num::u8::ANY, FOOTER), length: u64) {
            let footer: [u8; FOOTER] = bytes.try_into().unwrap();
            proptest::prop_assert!(Footer::parse(&footer, length).is_err());
        }
    }
}
