//! Public keys as JSON Web Keys (RFC 7517 and RFC 7518 section 6).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::jose::{KeyKind, PublicKey};

/// A public key of a JWK set.
#[derive(Debug)]
pub(super) struct Jwk {
    pub(super) id: Option<String>,
    /// The one algorithm that it is for, if it says so.
    pub(super) algorithm: Option<String>,
    pub(super) key: PublicKey,
}

/// Reads a JWK set; says what is wrong with it.
///
/// Keys of a kind that is not understood are left out (RFC 7517 section 5); private members are refused, since
/// whoever sends them has made a mistake (section 9.2).
pub(super) fn set(set: &Value) -> Result<Vec<Jwk>, &'static str> {
    let keys = set["keys"].as_array().ok_or("a JWK set has a member `keys`")?;
    let mut found = Vec::new();
    for key in keys {
        let private = ["d", "p", "q", "dp", "dq", "qi", "k"].into_iter().any(|name| key.get(name).is_some());
        if private {
            return Err("the set holds a private key");
        }
        if key["use"].as_str().is_some_and(|purpose| purpose != "sig") {
            continue;
        }
        let public = match key["kty"].as_str() {
            Some("RSA") => rsa(key).ok_or("an RSA key needs `n` of at least 2048 bits and `e`")?,
            Some("EC") => match ec(key)? {
                Some(public) => public,
                None => continue,
            },
            _ => continue,
        };
        let text = |member: &str| key[member].as_str().map(str::to_owned);
        found.push(Jwk { id: text("kid"), algorithm: text("alg"), key: public });
    }
    if found.is_empty() { Err("the set holds no key for signatures") } else { Ok(found) }
}

fn bytes(key: &Value, member: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(key[member].as_str()?).ok()
}

fn rsa(key: &Value) -> Option<PublicKey> {
    let (modulus, exponent) = (bytes(key, "n")?, bytes(key, "e")?);
    // Source: RFC 7518 section 6.3.1.1: no leading zero octets.
    let bits = modulus.first().filter(|first| **first != 0).map(|_| modulus.len() * 8)?;
    if bits < 2048 || exponent.first().is_none_or(|first| *first == 0) {
        return None;
    }
    // Source: RFC 8017 appendix A.1.1: SEQUENCE of modulus and exponent.
    let body = [der(0x02, &unsigned(&modulus)), der(0x02, &unsigned(&exponent))].concat();
    Some(PublicKey { kind: KeyKind::Rsa(bits), bytes: der(0x30, &body) })
}

/// Returns `None` for a curve that is not understood.
fn ec(key: &Value) -> Result<Option<PublicKey>, &'static str> {
    let (kind, size) = match key["crv"].as_str() {
        Some("P-256") => (KeyKind::P256, 32),
        Some("P-384") => (KeyKind::P384, 48),
        Some("P-521") => (KeyKind::P521, 66),
        _ => return Ok(None),
    };
    // Source: RFC 7518 section 6.2.1.2: coordinates have the full length.
    let coordinate = |member| bytes(key, member).filter(|bytes| bytes.len() == size);
    let (x, y) = coordinate("x").zip(coordinate("y")).ok_or("an EC key needs `x` and `y` in full length")?;
    Ok(Some(PublicKey { kind, bytes: [vec![0x04], x, y].concat() }))
}

/// A DER integer is signed: a leading bit that is set would make it negative.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    [sign, bytes].concat()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut encoded = vec![tag];
    match length.as_slice() {
        [short] if *short < 0x80 => encoded.push(*short),
        [] => encoded.push(0),
        // Proof: a usize has at most eight bytes.
        long => encoded.extend([&[0x80 | long.len().to_le_bytes()[0]], long].concat()),
    }
    encoded.extend_from_slice(content);
    encoded
}
