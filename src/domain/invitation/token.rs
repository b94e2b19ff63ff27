//! Writes the token of an invitation.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::claims::ClaimName;
use super::issuer::{IssuerSettings, XsuaaSettings};
use super::{Email, Invitation};
use crate::domain::ids::hex;
use crate::domain::jws::JwsAlgorithm;
use crate::domain::signer::{Signer, SignerError};
use crate::secret::{Secret, SecretString};

/// Where a link carries the token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkStyle {
    /// Behind `#`: browsers send it to nobody, so that it stays out of logs and referrers (RFC 9700 section 4.3).
    #[default]
    Fragment,
    /// Behind `?`, for pages that cannot read the other.
    Query,
}

/// A key that signs invitations, with its name and its one algorithm.
pub struct InvitationSigner {
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// The one algorithm that it signs with.
    pub algorithm: JwsAlgorithm,
    /// The key.
    pub signer: Signer,
}

/// What a token says beside its invitation.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// Who issues it and by which rules.
    pub issuer: &'a IssuerSettings,
    /// What it is the token of.
    pub invitation: &'a Invitation,
    /// Whom it is for, only if the token is to tell.
    pub email: Option<&'a Email>,
    /// Claims that the caller adds.
    pub claims: &'a BTreeMap<ClaimName, String>,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: OneOrMore<'a>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: &'a str,
    scope: Scope,
    #[serde(flatten)]
    sap: Option<SapClaims<'a>>,
    invitation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requester_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<&'a str>,
    purpose: &'a str,
    allowed_uses: u32,
    #[serde(flatten)]
    more: BTreeMap<&'a str, &'a str>,
}

/// Source: `vendors.md` 4.3, the template that all three of SAP's libraries take.
#[derive(Serialize)]
struct SapClaims<'a> {
    client_id: &'a str,
    cid: &'a str,
    azp: &'a str,
    zid: &'a str,
    grant_type: &'static str,
    ext_attr: Enhancer,
}

#[derive(Serialize)]
struct Enhancer {
    enhancer: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMore<'a> {
    One(&'a str),
    More(&'a [String]),
}

/// Source: RFC 9068 section 2.2.3 wants one text; SAP's libraries want an array, and search a text for substrings.
#[derive(Serialize)]
#[serde(untagged)]
enum Scope {
    Text(String),
    Array(Vec<String>),
}

/// Returns the token of an invitation, signed.
pub fn sign(content: &Content<'_>, key: &InvitationSigner) -> Result<SecretString, SignerError> {
    let Content { issuer, invitation, email, claims } = *content;
    let id = invitation.id.as_str();
    let sap = issuer.xsuaa.as_ref();
    let header = Header { alg: key.algorithm.as_str(), typ: issuer.profile.kind(), kid: &key.kid };
    let payload = Claims {
        iss: &issuer.issuer,
        // RFC 9700 section 4.15: nothing that could be taken for a user or a client.
        sub: format!("invitation:{id}"),
        aud: match &issuer.audience[..] {
            [one] => OneOrMore::One(one),
            several => OneOrMore::More(several),
        },
        iat: invitation.created_at.as_second(),
        nbf: invitation.created_at.as_second(),
        exp: invitation.expires_at.as_second(),
        jti: id,
        scope: match sap {
            None => Scope::Text(invitation.scopes.join(" ")),
            Some(sap) => {
                let local = |scope: &String| format!("{}.{scope}", sap.xsappname);
                Scope::Array(invitation.scopes.iter().map(local).collect())
            }
        },
        sap: sap.map(sap_claims),
        invitation_id: id,
        supplier_email: email.map(Email::address),
        requester_id: invitation.requester.as_deref(),
        company_name: invitation.company.as_deref(),
        purpose: &invitation.purpose,
        allowed_uses: invitation.uses,
        more: claims.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
    };
    let message = format!("{}.{}", part(&header)?, part(&payload)?);
    let signature = Zeroizing::new(key.signer.sign(key.algorithm.scheme(), message.as_bytes())?);
    // Until it is signed it is no secret; one allocation that is never outgrown.
    let mut token = Zeroizing::new(String::with_capacity(message.len() + 1 + signature.len() * 4 / 3 + 4));
    token.push_str(&message);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&*signature, &mut token);
    Ok(Secret::new(std::mem::take(&mut *token)))
}

/// The hash that a token is known by: SHA-256, 64 hexadecimal digits.
pub fn hash(token: &SecretString) -> String {
    hex(digest(&SHA256, token.expose().as_bytes()).as_ref())
}

/// The link that carries `token`; it is as secret as the token.
pub fn link(issuer: &IssuerSettings, token: &SecretString, style: LinkStyle) -> Zeroizing<String> {
    let (base, token) = (issuer.link_base.as_str(), token.expose());
    let join = match (style, issuer.link_base.query()) {
        (LinkStyle::Fragment, _) => "#token=",
        (LinkStyle::Query, None) => "?token=",
        (LinkStyle::Query, Some(_)) => "&token=",
    };
    let mut link = Zeroizing::new(String::with_capacity(base.len() + join.len() + token.len()));
    link.push_str(base);
    link.push_str(join);
    // A token consists of characters that need no escape (RFC 3986 section 2.3).
    link.push_str(token);
    link
}

fn sap_claims(names: &XsuaaSettings) -> SapClaims<'_> {
    SapClaims {
        client_id: &names.client_id,
        cid: &names.client_id,
        azp: &names.client_id,
        zid: &names.zone,
        grant_type: "client_credentials",
        ext_attr: Enhancer { enhancer: "XSUAA" },
    }
}

fn part(value: &impl Serialize) -> Result<String, SignerError> {
    serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SignerError::Provider)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
