//! Private keys: made, taken over, and used to sign certificates.
//!
//! The PKCS#8 encoding lives in a [`SecretBytes`] from its first moment; aws-lc-rs does all private-key work
//! (RUSTSEC-2023-0071 keeps the `rsa` crate away from it).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use zeroize::Zeroizing;

use super::key::KeyAlgorithm;
use crate::secret::{Secret, SecretBytes};

/// Why a private key cannot be made or taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPairError {
    /// The provider failed; it does not say why.
    #[error("the key could not be made")]
    Generation,
    /// No private key was found in the text.
    #[error(
        "it holds no private key: expected a PEM block `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`"
    )]
    NotFound,
    /// The key is protected by a passphrase.
    #[error("the private key is encrypted: decrypt it first, for example with `openssl pkey -in key.pem`")]
    Encrypted,
    /// The block does not hold what it says.
    #[error("the private key cannot be read")]
    Malformed,
    /// An RSA key of a size that is not supported.
    #[error("RSA keys must have 3072 or 4096 bits, this one has {0}")]
    RsaSize(usize),
    /// A key that is neither RSA nor on one of the supported curves.
    #[error("keys of this kind are not supported")]
    Kind,
}

/// A private key, ready to sign, with its encoding.
pub struct KeyPair {
    algorithm: KeyAlgorithm,
    pkcs8: SecretBytes,
    signer: Signer,
}

enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl KeyPair {
    /// Makes a new key pair; an RSA key of 4096 bits takes about a second.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyPairError> {
        let signer = match algorithm {
            KeyAlgorithm::Rsa4096 => Signer::Rsa(generate_rsa(KeySize::Rsa4096)?),
            KeyAlgorithm::Rsa3072 => Signer::Rsa(generate_rsa(KeySize::Rsa3072)?),
            KeyAlgorithm::EcP256 => Signer::Ec(generate_ec(&ECDSA_P256_SHA256_ASN1_SIGNING)?),
            KeyAlgorithm::EcP384 => Signer::Ec(generate_ec(&ECDSA_P384_SHA384_ASN1_SIGNING)?),
        };
        Self::from_signer(algorithm, signer)
    }

    /// Reads the first private key of a PEM text: PKCS#8, PKCS#1 or SEC 1, not encrypted.
    pub fn from_pem(text: &SecretBytes) -> Result<Self, KeyPairError> {
        let (label, der) = pem_private_key(text)?;
        match label {
            "RSA PRIVATE KEY" => {
                Self::from_rsa(RsaKeyPair::from_der(der.expose()).map_err(|_| KeyPairError::Malformed)?)
            }
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(der.expose())
                .map_err(|_| KeyPairError::Malformed)
                .and_then(Self::from_rsa)
                .or_else(
                    |error| if error == KeyPairError::Malformed { Self::from_ec(&der) } else { Err(error) },
                )
                .map_err(|error| if error == KeyPairError::Malformed { refused(&der) } else { error }),
            _ => Self::from_ec(&der),
        }
    }

    fn from_rsa(pair: RsaKeyPair) -> Result<Self, KeyPairError> {
        let algorithm = match pair.public_modulus_len() {
            512 => KeyAlgorithm::Rsa4096,
            384 => KeyAlgorithm::Rsa3072,
            bytes => return Err(KeyPairError::RsaSize(bytes * 8)),
        };
        Self::from_signer(algorithm, Signer::Rsa(pair))
    }

    fn from_ec(der: &SecretBytes) -> Result<Self, KeyPairError> {
        [
            (KeyAlgorithm::EcP256, &ECDSA_P256_SHA256_ASN1_SIGNING),
            (KeyAlgorithm::EcP384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        ]
        .into_iter()
        .find_map(|(algorithm, curve)| {
            let pair = EcdsaKeyPair::from_private_key_der(curve, der.expose()).ok()?;
            Some(Self::from_signer(algorithm, Signer::Ec(pair)))
        })
        .unwrap_or(Err(KeyPairError::Malformed))
    }

    fn from_signer(algorithm: KeyAlgorithm, signer: Signer) -> Result<Self, KeyPairError> {
        // Both encodings are wiped by aws-lc-rs when dropped; ours is the only copy that stays.
        let pkcs8 = match &signer {
            Signer::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyPairError::Malformed)?;
                Secret::new(der.as_ref().to_vec())
            }
            Signer::Ec(pair) => {
                let der = pair.to_pkcs8v1().map_err(|_| KeyPairError::Malformed)?;
                Secret::new(der.as_ref().to_vec())
            }
        };
        Ok(Self { algorithm, pkcs8, signer })
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The private key as PKCS#8 v1 DER (RFC 5208): what the vault seals.
    pub fn pkcs8(&self) -> &SecretBytes {
        &self.pkcs8
    }

    /// Gives the PKCS#8 encoding away and forgets the rest.
    pub fn into_pkcs8(self) -> SecretBytes {
        self.pkcs8
    }

    /// The public key as a DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub fn public_key_info(&self) -> Vec<u8> {
        rcgen::PublicKeyData::subject_public_key_info(self)
    }
}

impl rcgen::PublicKeyData for KeyPair {
    fn der_bytes(&self) -> &[u8] {
        match &self.signer {
            Signer::Rsa(pair) => pair.public_key().as_ref(),
            Signer::Ec(pair) => pair.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.algorithm {
            KeyAlgorithm::Rsa4096 | KeyAlgorithm::Rsa3072 => &rcgen::PKCS_RSA_SHA256,
            KeyAlgorithm::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyAlgorithm::EcP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        }
    }
}

impl rcgen::SigningKey for KeyPair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let random = SystemRandom::new();
        let refused = |_| rcgen::Error::RingUnspecified;
        match &self.signer {
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(refused)?;
                Ok(signature)
            }
            Signer::Ec(pair) => Ok(pair.sign(&random, message).map_err(refused)?.as_ref().to_vec()),
        }
    }
}

fn generate_rsa(size: KeySize) -> Result<RsaKeyPair, KeyPairError> {
    RsaKeyPair::generate(size).map_err(|_| KeyPairError::Generation)
}

fn generate_ec(curve: &'static EcdsaSigningAlgorithm) -> Result<EcdsaKeyPair, KeyPairError> {
    EcdsaKeyPair::generate(curve).map_err(|_| KeyPairError::Generation)
}

const PRIVATE_LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// Returns the first private key block (RFC 7468) and its label.
///
/// Why: the PEM crates at hand decode into buffers that nobody wipes.
/// Says why a PKCS#8 text (RFC 5208 section 5) that the provider does not take is refused: not every one is broken.
fn refused(der: &SecretBytes) -> KeyPairError {
    use rsa::pkcs1::{ALGORITHM_OID as RSA, RsaPrivateKey};
    use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfo};
    // RFC 5480 section 2.1.1.1.
    const CURVES: [ObjectIdentifier; 2] =
        [ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), ObjectIdentifier::new_unwrap("1.3.132.0.34")];
    let Ok(info) = PrivateKeyInfo::try_from(der.expose().as_slice()) else { return KeyPairError::Malformed };
    if info.algorithm.oid == RSA {
        return match RsaPrivateKey::try_from(info.private_key) {
            Ok(key) => KeyPairError::RsaSize(key.modulus.as_bytes().len() * 8),
            Err(_) => KeyPairError::Malformed,
        };
    }
    match info.algorithm.parameters_oid() {
        Ok(curve) if CURVES.contains(&curve) => KeyPairError::Malformed,
        _ => KeyPairError::Kind,
    }
}

fn pem_private_key(text: &SecretBytes) -> Result<(&'static str, SecretBytes), KeyPairError> {
    let text = std::str::from_utf8(text.expose()).map_err(|_| KeyPairError::NotFound)?;
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyPairError::Encrypted);
    }
    let (label, body) = PRIVATE_LABELS
        .into_iter()
        .find_map(|label| {
            let body = text.split_once(&format!("-----BEGIN {label}-----"))?.1;
            Some((label, body.split_once(&format!("-----END {label}-----"))?.0))
        })
        .ok_or(KeyPairError::NotFound)?;
    let mut encoded = Zeroizing::new(Vec::with_capacity(body.len()));
    encoded.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    // Never outgrown, and wiped if the text turns out not to be base64 half-way.
    let mut der = Zeroizing::new(Vec::with_capacity(encoded.len()));
    base64::engine::general_purpose::STANDARD
        .decode_vec(&*encoded, &mut der)
        .map_err(|_| KeyPairError::Malformed)?;
    Ok((label, Secret::new(std::mem::take(&mut *der))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str, der: &[u8]) -> SecretBytes {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        Secret::new(format!("noise\n-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes())
    }

    #[test]
    fn every_algorithm_survives_its_encoding() {
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa3072] {
            let made = KeyPair::generate(algorithm).unwrap();
            let read = KeyPair::from_pem(&pem("PRIVATE KEY", made.pkcs8().expose())).unwrap();
            assert_eq!(read.algorithm(), algorithm);
            assert_eq!(read.public_key_info(), made.public_key_info());
        }
    }

    #[test]
    fn a_small_rsa_key_is_refused_with_its_size() {
        let small = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = small.as_der().unwrap();
        assert_eq!(
            KeyPair::from_pem(&pem("PRIVATE KEY", der.as_ref())).err(),
            Some(KeyPairError::RsaSize(2048))
        );
    }

    #[test]
    fn what_is_no_key_says_so() {
        let error = |text: &str| KeyPair::from_pem(&Secret::new(text.as_bytes().to_vec())).err();
        assert_eq!(error("hello"), Some(KeyPairError::NotFound));
        assert_eq!(error("-----BEGIN ENCRYPTED PRIVATE KEY-----"), Some(KeyPairError::Encrypted));
        let block = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        assert_eq!(error(block), Some(KeyPairError::Malformed));
    }
}
