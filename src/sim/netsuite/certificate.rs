//! What NetSuite takes as a certificate (`vendors.md` 1.4).

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION,
};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as X509PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::sim::jose::{KeyKind, PublicKey};

/// An accepted certificate.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: PublicKey,
    /// The SHA-256 of its DER form.
    pub(super) fingerprint: Vec<u8>,
    pub(super) not_before: Timestamp,
    /// The end by NetSuite's reckoning: at most two years after the beginning.
    pub(super) valid_until: Timestamp,
}

/// Why a file is not accepted as a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unacceptable {
    #[error("the file is not exactly one PEM block of type CERTIFICATE")]
    NotPem,
    #[error("the file is not an X.509 certificate")]
    NotX509,
    #[error("RSA keys must have 3072 or 4096 bits")]
    RsaSize,
    #[error("the key must be RSA, or EC on P-256, P-384 or P-521")]
    KeyType,
    #[error("the certificate has expired")]
    Expired,
}

impl Certificate {
    /// Reads `file` as somebody uploads it at `now`.
    pub(super) fn read(file: &str, now: Timestamp) -> Result<Self, Unacceptable> {
        let mut blocks = Pem::iter_from_buffer(file.as_bytes());
        let (Some(Ok(block)), None) = (blocks.next(), blocks.next()) else {
            return Err(Unacceptable::NotPem);
        };
        if block.label != "CERTIFICATE" {
            return Err(Unacceptable::NotPem);
        }
        let (rest, certificate) =
            X509Certificate::from_der(&block.contents).map_err(|_| Unacceptable::NotX509)?;
        if !rest.is_empty() {
            return Err(Unacceptable::NotX509);
        }
        let key = public_key(certificate.public_key())?;
        let instant = |seconds| Timestamp::from_second(seconds).map_err(|_| Unacceptable::NotX509);
        let not_before = instant(certificate.validity().not_before.timestamp())?;
        let not_after = instant(certificate.validity().not_after.timestamp())?;
        let valid_until = not_after.min(two_years_after(not_before));
        if valid_until <= now {
            return Err(Unacceptable::Expired);
        }
        let fingerprint = digest(&SHA256, &block.contents).as_ref().to_vec();
        Ok(Self { key, fingerprint, not_before, valid_until })
    }

    /// What NetSuite's lists call `algorithm`.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.key.kind {
            KeyKind::Rsa(_) => "RSA",
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => "EC",
        }
    }
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<PublicKey, Unacceptable> {
    let algorithm = &info.algorithm.algorithm;
    let kind = if *algorithm == OID_PKCS1_RSAENCRYPTION {
        match info.parsed() {
            Ok(X509PublicKey::RSA(key)) if matches!(key.key_size(), 3072 | 4096) => {
                KeyKind::Rsa(key.key_size())
            }
            Ok(_) => return Err(Unacceptable::RsaSize),
            Err(_) => return Err(Unacceptable::NotX509),
        }
    } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        match curve {
            Some(curve) if curve == OID_EC_P256 => KeyKind::P256,
            Some(curve) if curve == OID_NIST_EC_P384 => KeyKind::P384,
            Some(curve) if curve == OID_NIST_EC_P521 => KeyKind::P521,
            _ => return Err(Unacceptable::KeyType),
        }
    } else {
        return Err(Unacceptable::KeyType);
    };
    Ok(PublicKey { kind, bytes: info.subject_public_key.data.to_vec() })
}

/// Two calendar years; a longer validity is shortened to that, not refused.
fn two_years_after(from: Timestamp) -> Timestamp {
    let utc = from.to_zoned(TimeZone::UTC);
    utc.checked_add(2.years()).map_or(Timestamp::MAX, |later| later.timestamp())
}
