//! Certificates: made once for a key, read when a customer already has one, described the same way.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, SerialNumber};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::ids::hex;
use super::key::{Certificate, CertificateFacts, KeyAlgorithm};
use super::keypair::KeyPair;

/// Why a certificate cannot be made or taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The common name cannot stand in a certificate.
    #[error("the common name must be 1 to 64 characters")]
    CommonName,
    /// The validity is not a positive number of days within the vendor's limit.
    #[error("the validity must be 1 to {limit} days, not {asked}")]
    Validity {
        /// What was asked for, in days.
        asked: u32,
        /// The vendor's limit, in days.
        limit: u32,
    },
    /// The certificate could not be signed.
    #[error("the certificate could not be made: {0}")]
    Signing(String),
    /// No certificate was found.
    #[error("it holds no certificate: expected one PEM block `CERTIFICATE`, or DER")]
    NotFound,
    /// The certificate cannot be read.
    #[error("the certificate cannot be read")]
    Malformed,
    /// The certificate's public key is of a kind that is not supported.
    #[error("the certificate's key must be RSA with 3072 or 4096 bits, or EC P-256 or P-384; it is {0}")]
    KeyKind(String),
    /// The certificate belongs to another private key.
    #[error("the certificate does not belong to the private key")]
    Mismatch,
}

/// What a new certificate says.
#[derive(Debug, Clone)]
pub struct CertificateRequest<'a> {
    /// The subject's common name.
    pub common_name: &'a str,
    /// Validity in days from `now`.
    pub days: u32,
    /// The vendor's limit for `days`.
    pub max_days: u32,
    /// Start of validity.
    pub now: Timestamp,
}

/// Checks what a certificate is to say, before a key is made for it.
pub fn check(common_name: &str, days: u32, max_days: u32) -> Result<(), CertificateError> {
    if !(1..=64).contains(&common_name.chars().count()) || common_name.chars().any(char::is_control) {
        return Err(CertificateError::CommonName);
    }
    if !(1..=max_days).contains(&days) {
        return Err(CertificateError::Validity { asked: days, limit: max_days });
    }
    Ok(())
}

/// Returns a self-signed X.509 v3 certificate for `key`: random 128-bit serial, basicConstraints CA:FALSE,
/// keyUsage digitalSignature, SHA-256 or stronger (`architecture.md` section 4).
///
/// The validity starts at `now` and not before: the vendor counts its own limit from there.
pub fn self_signed(key: &KeyPair, request: &CertificateRequest<'_>) -> Result<Certificate, CertificateError> {
    check(request.common_name, request.days, request.max_days)?;
    let not_after = request.now + SignedDuration::from_hours(24 * i64::from(request.days));

    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, request.common_name);
    params.serial_number = Some(SerialNumber::from_slice(&random_serial()));
    params.not_before = calendar(request.now)?;
    params.not_after = calendar(not_after)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let certificate =
        params.self_signed(key).map_err(|error| CertificateError::Signing(error.to_string()))?;
    describe(certificate.pem(), certificate.der())
}

/// Reads a certificate file, PEM or DER, and returns it with the algorithm of its key.
///
/// A PEM text is kept as one normalised block, so that an export gives the same bytes every time.
pub fn read(bytes: &[u8]) -> Result<(Certificate, KeyAlgorithm), CertificateError> {
    let der = match x509_parser::pem::Pem::iter_from_buffer(bytes)
        .flatten()
        .find(|block| block.label == "CERTIFICATE")
    {
        Some(block) => block.contents,
        None if bytes.first() == Some(&0x30) => bytes.to_vec(),
        None => return Err(CertificateError::NotFound),
    };
    let algorithm = algorithm_of(&parse(&der)?)?;
    Ok((describe(pem(&der), &der)?, algorithm))
}

/// Fails with [`CertificateError::Mismatch`] unless `certificate` holds the public half of `key`.
pub fn belongs_to(certificate: &Certificate, key: &KeyPair) -> Result<(), CertificateError> {
    let der = der(&certificate.pem)?;
    // Compared as numbers and points, not as encodings: both sides are re-encoded by the same code.
    if public_key_bytes(&parse(&der)?)? == rcgen::PublicKeyData::der_bytes(key) {
        Ok(())
    } else {
        Err(CertificateError::Mismatch)
    }
}

/// Returns a certificate's PEM block as DER.
pub fn der(pem: &str) -> Result<Vec<u8>, CertificateError> {
    let (_, block) =
        x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_| CertificateError::Malformed)?;
    Ok(block.contents)
}

/// The subject's public key as DER: an RSA key as PKCS#1 (RFC 8017 A.1.1), an EC key as its point (SEC 1 2.3.3).
pub(super) fn public_key_bytes(certificate: &X509Certificate<'_>) -> Result<Vec<u8>, CertificateError> {
    use rsa::pkcs1::EncodeRsaPublicKey as _;
    use rsa::pkcs8::DecodePublicKey as _;

    let info = certificate.public_key();
    if matches!(info.parsed(), Ok(x509_parser::public_key::PublicKey::RSA(_))) {
        let key =
            rsa::RsaPublicKey::from_public_key_der(info.raw).map_err(|_| CertificateError::Malformed)?;
        Ok(key.to_pkcs1_der().map_err(|_| CertificateError::Malformed)?.as_bytes().to_vec())
    } else {
        Ok(info.subject_public_key.data.to_vec())
    }
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
    if rest.is_empty() { Ok(certificate) } else { Err(CertificateError::Malformed) }
}

fn algorithm_of(certificate: &X509Certificate<'_>) -> Result<KeyAlgorithm, CertificateError> {
    use x509_parser::public_key::PublicKey;
    let key = certificate.public_key().parsed().map_err(|_| CertificateError::Malformed)?;
    match (&key, key.key_size()) {
        (PublicKey::RSA(_), 4096) => Ok(KeyAlgorithm::Rsa4096),
        (PublicKey::RSA(_), 3072) => Ok(KeyAlgorithm::Rsa3072),
        (PublicKey::RSA(_), bits) => Err(CertificateError::KeyKind(format!("RSA with {bits} bits"))),
        (PublicKey::EC(_), 256) => Ok(KeyAlgorithm::EcP256),
        (PublicKey::EC(_), 384) => Ok(KeyAlgorithm::EcP384),
        (PublicKey::EC(_), bits) => Err(CertificateError::KeyKind(format!("EC with {bits} bits"))),
        _ => Err(CertificateError::KeyKind("of another kind".to_owned())),
    }
}

fn describe(pem: String, der: &[u8]) -> Result<Certificate, CertificateError> {
    let parsed = parse(der)?;
    let instant = |time: x509_parser::time::ASN1Time| {
        Timestamp::from_second(time.timestamp()).map_err(|_| CertificateError::Malformed)
    };
    Ok(Certificate {
        pem,
        facts: CertificateFacts {
            fingerprint: hex(digest(&SHA256, der).as_ref()),
            subject: parsed.subject().to_string(),
            serial: hex(parsed.raw_serial()),
            not_before: instant(parsed.validity().not_before)?,
            not_after: instant(parsed.validity().not_after)?,
        },
    })
}

/// One RFC 7468 block with lines of 64 characters.
fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// 128 random bits as a positive integer (RFC 5280 section 4.1.2.2).
fn random_serial() -> [u8; 16] {
    let mut serial = [0_u8; 16];
    // expect: the generator is seeded by the operating system at start and has no other failure.
    aws_lc_rs::rand::fill(&mut serial).expect("the system's random generator works");
    // The top bit is the sign; the next one keeps the length, so that no leading zero is dropped.
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

fn calendar(time: Timestamp) -> Result<OffsetDateTime, CertificateError> {
    OffsetDateTime::from_unix_timestamp(time.as_second())
        .map_err(|error| CertificateError::Signing(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(days: u32) -> CertificateRequest<'static> {
        CertificateRequest {
            common_name: "1234567 acme",
            days,
            max_days: 730,
            now: "2026-11-22T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn says_what_was_asked() {
        let key = KeyPair::generate(KeyAlgorithm::EcP256).unwrap();
        let Certificate { pem, facts: certificate } = self_signed(&key, &request(730)).unwrap();
        assert_eq!(certificate.subject, "CN=1234567 acme");
        assert_eq!(certificate.not_before.to_string(), "2026-11-22T10:00:00Z");
        assert_eq!(certificate.not_after.to_string(), "2028-11-21T10:00:00Z");
        assert_eq!(certificate.serial.len(), 32);
        let der = der(&pem).unwrap();
        let parsed = parse(&der).unwrap();
        assert!(!parsed.is_ca() && parsed.basic_constraints().unwrap().is_some());
        assert!(parsed.key_usage().unwrap().unwrap().value.digital_signature());
    }

    #[test]
    fn is_read_back_the_same() {
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa3072] {
            let key = KeyPair::generate(algorithm).unwrap();
            let made = self_signed(&key, &request(1)).unwrap();
            let der = der(&made.pem).unwrap();
            assert_eq!(read(made.pem.as_bytes()).unwrap(), (made.clone(), algorithm));
            assert_eq!(read(&der).unwrap(), (made.clone(), algorithm));
            belongs_to(&made, &key).unwrap();
            let other = KeyPair::generate(KeyAlgorithm::EcP256).unwrap();
            assert_eq!(belongs_to(&made, &other), Err(CertificateError::Mismatch));
        }
    }

    #[test]
    fn the_validity_is_limited() {
        let key = KeyPair::generate(KeyAlgorithm::EcP256).unwrap();
        for days in [0, 731, 1095] {
            assert!(matches!(
                self_signed(&key, &request(days)),
                Err(CertificateError::Validity { limit: 730, .. })
            ));
        }
    }

    #[test]
    fn what_is_no_certificate_says_so() {
        assert_eq!(read(b"hello"), Err(CertificateError::NotFound));
        assert_eq!(read(&[0x30, 0x03, 1, 2]), Err(CertificateError::Malformed));
    }
}
