//! The public half of a key as a JSON Web Key (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType,
    Jwk, PublicKeyUse, RSAKeyParameters, RSAKeyType, ThumbprintHash,
};
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;

use super::certificate::{self, CertificateError};
use super::key::KeyAlgorithm;

/// Returns the certificate's public key as a JWK for signatures; `kid` is its RFC 7638 thumbprint.
///
/// No private member can appear: the input has none.
pub fn public_jwk(certificate_pem: &str, algorithm: KeyAlgorithm) -> Result<Jwk, CertificateError> {
    let der = certificate::der(certificate_pem)?;
    let public = certificate::public_key_bytes(&certificate::parse(&der)?)?;
    of_public_key(&public, algorithm)
}

/// The same for a bare public key: PKCS#1 DER, or an uncompressed point.
pub fn of_public_key(public: &[u8], algorithm: KeyAlgorithm) -> Result<Jwk, CertificateError> {
    let parameters = match algorithm {
        KeyAlgorithm::Rsa4096 | KeyAlgorithm::Rsa3072 => rsa_members(public)?,
        KeyAlgorithm::EcP256 => ec_members(public, EllipticCurve::P256)?,
        KeyAlgorithm::EcP384 => ec_members(public, EllipticCurve::P384)?,
    };
    let mut jwk = Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            ..CommonParameters::default()
        },
        algorithm: parameters,
    };
    jwk.common.key_id =
        Some(jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| CertificateError::Malformed)?);
    Ok(jwk)
}

fn rsa_members(pkcs1: &[u8]) -> Result<AlgorithmParameters, CertificateError> {
    let key = rsa::RsaPublicKey::from_pkcs1_der(pkcs1).map_err(|_| CertificateError::Malformed)?;
    Ok(AlgorithmParameters::RSA(RSAKeyParameters {
        key_type: RSAKeyType::RSA,
        n: URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()),
        e: URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()),
    }))
}

/// Splits an uncompressed point (SEC 1 section 2.3.3) into its full-length coordinates (RFC 7518 section 6.2.1).
fn ec_members(point: &[u8], curve: EllipticCurve) -> Result<AlgorithmParameters, CertificateError> {
    let coordinates = point.strip_prefix(&[0x04]).ok_or(CertificateError::Malformed)?;
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    Ok(AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
        key_type: EllipticCurveKeyType::EC,
        curve,
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::{CertificateRequest, self_signed};
    use crate::domain::keypair::KeyPair;

    #[test]
    fn holds_the_public_members_and_its_thumbprint() {
        for (algorithm, members) in [
            (KeyAlgorithm::EcP256, &["crv", "kid", "kty", "use", "x", "y"][..]),
            (KeyAlgorithm::EcP384, &["crv", "kid", "kty", "use", "x", "y"]),
            (KeyAlgorithm::Rsa3072, &["e", "kid", "kty", "n", "use"]),
        ] {
            let request = CertificateRequest {
                common_name: "x",
                days: 1,
                max_days: 1,
                now: "2026-11-22T10:00:00Z".parse().unwrap(),
            };
            let certificate = self_signed(&KeyPair::generate(algorithm).unwrap(), &request).unwrap();
            let jwk = public_jwk(&certificate.pem, algorithm).unwrap();
            let json = serde_json::to_value(&jwk).unwrap();
            let names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, members);
            assert_eq!(json["kid"].as_str().unwrap().len(), 43);
        }
    }
}
