//! What a token request looks like: which parameters, in which notation, proven how.
//!
//! Secrets are written once, into memory that is wiped and never outgrown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use serde::ser::{SerializeMap as _, Serializer as _};
use url::Url;
use url::form_urlencoded::{self, byte_serialize};
use zeroize::Zeroizing;

use super::assertion::{AssertionRequest, client_assertion};
use super::client::{Line, Notation, Outgoing};
use super::error::ExchangeError;
use super::signing::SigningKey;
use crate::domain::ids::{CertificateId, KeyId};
use crate::domain::settings::ClientAuthentication;
use crate::hooks::mutant;
use crate::providers::Plan;
use crate::secret::SecretString;

/// What proves who the client is; the plan says how.
#[derive(Clone, Copy)]
pub enum ClientProof<'a> {
    /// A key, for `private_key_jwt`.
    Assertion {
        /// Signs.
        key: &'a SigningKey,
        /// Which key that is (`TokenFacts::key`).
        key_id: &'a KeyId,
        /// What the vendor knows its public half by: the certificate's id or the JWK's thumbprint.
        certificate_id: &'a CertificateId,
    },
    /// The client secret.
    Secret(&'a SecretString),
    /// Nothing: a public client.
    Nothing,
}

impl ClientProof<'_> {
    /// The key that signs, if one does.
    pub(super) fn key_id(&self) -> Option<&KeyId> {
        match self {
            Self::Assertion { key_id, .. } => Some(key_id),
            Self::Secret(_) | Self::Nothing => None,
        }
    }
}

/// What is handed in for a token.
#[derive(Clone, Copy)]
pub enum Ask<'a> {
    /// Nothing but the client itself (RFC 6749 section 4.4).
    ClientCredentials,
    /// A refresh token, which may be good for one answer (section 6).
    Refresh(&'a SecretString),
    /// An authorization code, which is good for one request (section 4.1.3).
    Code {
        /// The code.
        code: &'a SecretString,
        /// Exactly what the authorization request had.
        redirect_uri: &'a str,
        /// The PKCE verifier, if the authorization request had a challenge (RFC 7636 section 4.5).
        verifier: Option<&'a SecretString>,
    },
    /// A device code that a person may have confirmed by now (RFC 8628 section 3.4).
    Device {
        /// The code.
        code: &'a SecretString,
    },
}

impl Ask<'_> {
    /// Whether the same may be asked again at will.
    pub fn is_repeatable(&self) -> bool {
        matches!(self, Self::ClientCredentials)
    }

    /// The parameter `grant_type`.
    pub fn grant_type(&self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Refresh(_) => "refresh_token",
            Self::Code { .. } => "authorization_code",
            Self::Device { .. } => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }
}

/// A request, but for where it goes.
pub(super) struct Written {
    pub(super) notation: Notation,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// The value of `Authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

impl Written {
    /// The request to `url`, over a connection that others may have used.
    pub(super) fn to(self, url: &Url) -> Outgoing<'_> {
        let Self { notation, body, authorization } = self;
        Outgoing { url, body: Some((notation, body)), authorization, headers: &[], line: Line::Lasting }
    }
}

/// Writes the token request for `ask`.
pub(super) fn token_request(
    plan: &Plan,
    client: ClientProof<'_>,
    ask: Ask<'_>,
    now: Timestamp,
) -> Result<Written, ExchangeError> {
    // Needed until the body is written; scopes and audience are no secrets.
    let scopes = plan.scopes.join(" ");
    let mut parameters = Parameters::form([("grant_type", ask.grant_type())]);
    match ask {
        Ask::ClientCredentials => {}
        // No `scope`: RFC 6749 section 6 then means what was granted at first.
        Ask::Refresh(token) => parameters.add("refresh_token", token.expose()),
        Ask::Code { code, redirect_uri, verifier } => {
            parameters.add("code", code.expose());
            parameters.add("redirect_uri", redirect_uri);
            if let Some(verifier) = verifier {
                parameters.add("code_verifier", verifier.expose());
            }
        }
        Ask::Device { code } => parameters.add("device_code", code.expose()),
    }
    if ask.is_repeatable() {
        // Where scopes stand in the assertion they are no parameter (`vendors.md` 1.3).
        if plan.assertion.scopes.is_none() && !scopes.is_empty() {
            parameters.add("scope", &scopes);
        }
        if let Some(audience) = &plan.audience {
            parameters.add("audience", audience);
        }
    }
    client_request(plan, client, parameters, now)
}

/// Writes a request of the client with `parameters`, proving the client in the one way that is set (RFC 6749
/// section 2.3: never in two).
pub(super) fn client_request<'a>(
    plan: &'a Plan,
    client: ClientProof<'a>,
    parameters: Parameters<'a>,
    now: Timestamp,
) -> Result<Written, ExchangeError> {
    let assertion: SecretString;
    // Again, so that they may borrow from the assertion, too.
    let mut parameters: Parameters<'_> = parameters;
    let mut authorization = None;
    match (plan.authentication, client) {
        (ClientAuthentication::ClientSecretBasic, ClientProof::Secret(secret)) => {
            authorization = Some(basic(&plan.client_id, secret)?);
            if mutant("two-auth-methods") {
                parameters.add("client_id", &plan.client_id);
                parameters.add("client_secret", secret.expose());
            }
        }
        (ClientAuthentication::ClientSecretPost, ClientProof::Secret(secret)) => {
            parameters.add("client_id", &plan.client_id);
            parameters.add("client_secret", secret.expose());
        }
        (ClientAuthentication::ClientSecretJson, ClientProof::Secret(secret)) => {
            parameters.notation = Notation::Json;
            parameters.add("client_id", &plan.client_id);
            parameters.add("client_secret", secret.expose());
        }
        (ClientAuthentication::PrivateKeyJwt, ClientProof::Assertion { key, certificate_id, .. }) => {
            assertion = client_assertion(&AssertionRequest { plan, key, certificate_id }, now)?;
            if mutant("log-secrets") {
                tracing::debug!(assertion = assertion.expose().as_str(), "a seeded bug");
            }
            // RFC 7523 section 2.2, with nothing else in it (`vendors.md` 1.3: no `client_id`).
            parameters.add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            parameters.add("client_assertion", assertion.expose());
        }
        // A public client says who it is and proves nothing (RFC 6749 section 3.2.1).
        (ClientAuthentication::None, ClientProof::Nothing) => parameters.add("client_id", &plan.client_id),
        (method, _) => return Err(ExchangeError::NoProof(method)),
    }
    Ok(Written { notation: parameters.notation, body: parameters.written(), authorization })
}

/// Returns the value of `Authorization` (RFC 6749 section 2.3.1: form-urlencoded, then base64).
fn basic(client_id: &str, secret: &SecretString) -> Result<HeaderValue, ExchangeError> {
    let secret = secret.expose();
    let mut pair = Zeroizing::new(String::with_capacity(3 * (client_id.len() + secret.len()) + 1));
    if mutant("basic-unescaped") {
        pair.push_str(client_id);
        pair.push(':');
        pair.push_str(secret);
    } else {
        pair.extend(byte_serialize(client_id.as_bytes()));
        pair.push(':');
        pair.extend(byte_serialize(secret.as_bytes()));
    }
    let mut value = Zeroizing::new(String::with_capacity("Basic ".len() + pair.len().div_ceil(3) * 4));
    value.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut value);
    secret_header(value).ok_or(ExchangeError::NoProof(ClientAuthentication::ClientSecretBasic))
}

/// Returns the value of `Authorization` for an access token (RFC 6750 section 2.1).
pub(super) fn bearer(token: &SecretString) -> Result<HeaderValue, ExchangeError> {
    let mut value = Zeroizing::new(String::with_capacity("Bearer ".len() + token.expose().len()));
    value.push_str("Bearer ");
    value.push_str(token.expose());
    secret_header(value).ok_or(ExchangeError::UnusableToken)
}

/// The header keeps these bytes as they are and wipes them with itself.
fn secret_header(value: Zeroizing<String>) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(value)).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The parameters of a request, each once (RFC 6749 section 3.2).
pub(super) struct Parameters<'a> {
    list: Vec<(&'static str, &'a str)>,
    notation: Notation,
}

impl<'a> Parameters<'a> {
    pub(super) fn form(list: impl Into<Vec<(&'static str, &'a str)>>) -> Self {
        Self { list: list.into(), notation: Notation::Form }
    }

    pub(super) fn json(list: impl Into<Vec<(&'static str, &'a str)>>) -> Self {
        Self { list: list.into(), notation: Notation::Json }
    }

    pub(super) fn add(&mut self, name: &'static str, value: &'a str) {
        self.list.push((name, value));
    }

    /// The most bytes that they take: three for one in a form, six (`\u00XX`) in JSON, and the marks around them.
    fn longest(&self) -> usize {
        self.list.iter().map(|(name, value)| name.len() + 6 * value.len() + 6).sum::<usize>() + 2
    }

    /// Writes them into one allocation that is never outgrown.
    fn written(&self) -> Zeroizing<Vec<u8>> {
        let longest = self.longest();
        match self.notation {
            Notation::Form => {
                let mut form = form_urlencoded::Serializer::new(String::with_capacity(longest));
                form.extend_pairs(&self.list);
                Zeroizing::new(form.finish().into_bytes())
            }
            Notation::Json => {
                let mut json = Zeroizing::new(Vec::with_capacity(longest));
                let mut serializer = serde_json::Serializer::new(&mut *json);
                // Why unchecked: text in a map with names of text cannot fail, nor can writing to memory.
                let _ = serializer.serialize_map(Some(self.list.len())).and_then(|mut map| {
                    self.list.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                    map.end()
                });
                json
            }
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
