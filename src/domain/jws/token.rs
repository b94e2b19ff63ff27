//! The text of a token, taken apart (RFC 7515 section 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::JwsAlgorithm;
use super::json;
use super::refusal::{Part, Refusal};
use crate::secret::SecretString;

/// The longest token that is looked at, in bytes: four times what claims of every allowed length take.
pub const LONGEST_TOKEN: usize = 16 * 1024;

/// Members of a header that bring a key or say where one is: none is ever followed.
const FOREIGN_KEYS: [&str; 4] = ["jwk", "jku", "x5u", "x5c"];

/// Members that change what the rest means.
const PROCESSING: [&str; 4] = ["crit", "b64", "zip", "cty"];

/// A token whose parts can be read; nothing of it is believed yet.
pub(super) struct Unverified<'a> {
    pub(super) algorithm: JwsAlgorithm,
    pub(super) kid: String,
    pub(super) kind: Option<String>,
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    pub(super) payload: Map<String, Value>,
}

impl<'a> Unverified<'a> {
    /// Takes `token` apart. Algorithms other than `accepted` are refused before anything looks for a key.
    pub(super) fn parse(token: &'a SecretString, accepted: &[JwsAlgorithm]) -> Result<Self, Refusal> {
        let token = token.expose().as_str();
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::TooLong);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(Refusal::NotThreeParts(parts.len()));
        };
        let header_members = object(Part::Header, header)?;
        let found = header_members.get("alg").and_then(Value::as_str).ok_or(Refusal::HeaderMember("alg"))?;
        let algorithm = accepted
            .iter()
            .copied()
            .find(|algorithm| algorithm.as_str() == found)
            .ok_or_else(|| Refusal::Algorithm(shortened(found)))?;
        if let Some(name) = FOREIGN_KEYS.into_iter().find(|name| header_members.contains_key(*name)) {
            return Err(Refusal::ForeignKey(name));
        }
        if let Some(name) = PROCESSING.into_iter().find(|name| header_members.contains_key(*name)) {
            return Err(Refusal::Critical(name));
        }
        let key_id = header_members.get("kid").and_then(Value::as_str).ok_or(Refusal::HeaderMember("kid"))?;
        let kind = match header_members.get("typ") {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(Refusal::HeaderMember("typ")),
        };
        // The signature is over the text, not over what it means.
        let signed = &token.as_bytes()[..header.len() + 1 + payload.len()];
        Ok(Self {
            algorithm,
            kid: key_id.to_owned(),
            kind,
            signed,
            signature: bytes(Part::Signature, signature)?,
            payload: object(Part::Payload, payload)?,
        })
    }
}

/// Returns the `jti` of a token that nobody vouches for: good for naming it in a report, never for trust.
pub fn id_of_unverified(token: &SecretString) -> Option<String> {
    let token = Unverified::parse(token, &JwsAlgorithm::ALL).ok()?;
    token.payload.get("jti")?.as_str().map(ToOwned::to_owned)
}

/// What a foreign text is quoted as in a message.
pub(super) fn shortened(text: &str) -> String {
    const QUOTED: usize = 100;
    if text.chars().count() <= QUOTED {
        return text.to_owned();
    }
    text.chars().take(QUOTED).chain(['…']).collect()
}

/// The engine refuses padding, other alphabets and trailing bits that are not zero (RFC 4648 section 3.5): one
/// token has one spelling.
fn bytes(part: Part, text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::NotBase64(part))
}

fn object(part: Part, text: &str) -> Result<Map<String, Value>, Refusal> {
    match json::parse(&bytes(part, text)?) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::NotAnObject(part)),
        Err(problem) => Err(Refusal::NotJson(part, problem)),
    }
}
