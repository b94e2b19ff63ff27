//! Reads what a token endpoint answers: a token, a refusal, or something else.
//!
//! Tolerant where vendors are sloppy and nothing is at stake (numbers as text, unknown members, content types),
//! strict where a wrong guess would pass for a token.

use std::borrow::Cow;
use std::fmt;

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroize as _;

use super::error::Malformed;
use crate::hooks::mutant;
use crate::secret::{Secret, SecretString};

/// The longest access token taken: 64 KiB.
const LONGEST_TOKEN: usize = 64 * 1024;

/// The longest lifetime believed; a longer one only means asking again sooner.
const LONGEST_LIFETIME: SignedDuration = SignedDuration::from_hours(366 * 24);

/// The longest foreign text kept of an error, in characters.
const LONGEST_TEXT: usize = 300;

/// The longest run of letters and digits in such a text that is not taken for a token, in bytes.
const LONGEST_WORD: usize = 40;

/// What a body says, before the HTTP status is looked at (RFC 6749 section 5.2: the member `error` decides).
pub(super) enum Reading {
    /// A bearer token.
    Token(Tokens),
    /// An object with a member `error`.
    Error {
        /// Its code, if it is text.
        code: Option<String>,
        /// Its description in one line.
        description: Option<String>,
    },
    /// A refresh token that was wanted, beside an access token that cannot be used: the one before it may be spent.
    Half {
        /// The refresh token.
        refresh: Refresh,
        /// What is wrong with the rest.
        reason: Malformed,
    },
    /// Anything else.
    Unusable(Malformed),
}

/// What a good answer holds.
pub(super) struct Tokens {
    /// The access token: visible ASCII, at most 64 KiB.
    pub(super) value: SecretString,
    /// How long it lives, if the answer says so.
    pub(super) lifetime: Option<SignedDuration>,
    /// The refresh token, if there is one and it is wanted.
    pub(super) refresh: Option<Refresh>,
    /// The scopes, if the answer states them (RFC 6749 section 3.3).
    pub(super) scopes: Option<Vec<String>>,
}

/// A refresh token and what the answer says of it.
pub(super) struct Refresh {
    /// ASCII without control characters (RFC 6749 appendix A.17), at most 64 KiB.
    pub(super) value: SecretString,
    /// How long it lives unless it is used before.
    pub(super) lifetime: Option<SignedDuration>,
    /// How long the grant lives, however often it is used.
    pub(super) hard_lifetime: Option<SignedDuration>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// An access token; a refresh token beside it is ignored (RFC 6749 section 4.4.3).
    AccessToken,
    /// A grant: whatever else is wrong with the answer, a refresh token in it must not be lost for a lifetime that
    /// cannot be read.
    Grant,
}

/// Reads a body that must be a JSON object.
pub(super) fn object<'a, T: Deserialize<'a>>(status: u16, body: &'a [u8]) -> Result<T, Malformed> {
    match body.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(body).map_err(|_| Malformed::NotJson(status)),
        Some(b'<') => Err(Malformed::Html(status)),
        // serde would take an array for the members in their order.
        _ => Err(Malformed::NotJson(status)),
    }
}

/// Reads `body`, which came with `status`.
pub(super) fn read(status: u16, body: &[u8], wanted: Wanted) -> Reading {
    match object::<Members<'_>>(status, body) {
        Ok(Members { error: Some(error), error_description, .. }) => Reading::Error {
            code: error.into_text().and_then(|code| foreign(&code)),
            description: error_description.and_then(Member::into_text).and_then(|text| foreign(&text)),
        },
        Ok(members) => tokens(members, wanted),
        Err(reason) => Reading::Unusable(reason),
    }
}

fn tokens(mut members: Members<'_>, wanted: Wanted) -> Reading {
    let refresh = match wanted {
        Wanted::AccessToken => Ok(None),
        Wanted::Grant => members.refresh(),
    };
    match (refresh, access(members, wanted)) {
        (Err(reason), _) | (Ok(None), Err(reason)) => Reading::Unusable(reason),
        (Ok(Some(refresh)), Err(reason)) => Reading::Half { refresh, reason },
        (Ok(refresh), Ok(Access { value, lifetime, scopes })) => {
            Reading::Token(Tokens { value, lifetime, refresh, scopes })
        }
    }
}

/// What a good answer holds besides a refresh token.
struct Access {
    value: SecretString,
    lifetime: Option<SignedDuration>,
    scopes: Option<Vec<String>>,
}

fn access(members: Members<'_>, wanted: Wanted) -> Result<Access, Malformed> {
    let value = members
        .access_token
        .and_then(Member::into_text)
        .map(Secret::new)
        .ok_or(Malformed::Member("access_token"))?;
    // RFC 6750 section 2.1 has a narrower set still; what cannot stand in a header is no bearer token.
    let usable = (1..=LONGEST_TOKEN).contains(&value.expose().len())
        && value.expose().bytes().all(|byte| byte.is_ascii_graphic());
    if !usable {
        return Err(Malformed::Member("access_token"));
    }
    // RFC 6749 section 5.1: required, case-insensitive; section 7.1: an unknown one must not be used.
    match &members.token_type {
        Some(Member::Text(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) if !mutant("any-answer-is-a-token") => return Err(Malformed::TokenType),
        Some(_) => {}
        None => return Err(Malformed::Member("token_type")),
    }
    let lifetime = match members.expires_in.as_ref().map(lifetime) {
        Some(None) if wanted == Wanted::AccessToken => return Err(Malformed::Member("expires_in")),
        found => found.flatten().map(|given| given.min(LONGEST_LIFETIME)),
    };
    let stated = members.scope.and_then(Member::into_text);
    let scopes = stated.map(|text| text.split_ascii_whitespace().map(str::to_owned).collect());
    Ok(Access { value, lifetime, scopes })
}

/// Seconds, as a number or as text; `None` if it is neither, or less than one.
fn lifetime(member: &Member<'_>) -> Option<SignedDuration> {
    let seconds = match member {
        Member::Number(seconds) => *seconds,
        Member::Text(text) => text.trim().parse().ok()?,
        Member::Other => return None,
    };
    (seconds >= 1.0 && seconds.is_finite())
        .then(|| SignedDuration::try_from_secs_f64(seconds.floor()).unwrap_or(SignedDuration::MAX))
}

/// Returns foreign text as one line without control characters and without anything that looks like a token (a
/// vendor may quote the assertion back); `None` if nothing is left.
pub(super) fn foreign(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|char: char| char.is_control() || char.is_whitespace())
        .filter(|word| !word.is_empty())
        .map(|word| if looks_like_a_token(word) { "[redacted]" } else { word })
        .take(LONGEST_TEXT)
        .collect();
    // Cut last: the beginning of a token that was cut would not look like one.
    let line: String = words.join(" ").chars().take(LONGEST_TEXT).collect();
    Some(line).filter(|text| !text.is_empty())
}

/// Whether `word` holds a JOSE object, or letters and digits in a row longer than a UUID (36) or a SHA-1 (40).
fn looks_like_a_token(word: &str) -> bool {
    // `eyJ` is `{"` in base64url: the start of every JOSE header.
    word.contains("eyJ")
        || word.split(|char: char| !char.is_ascii_alphanumeric() && !"-._~+/=%".contains(char)).any(|run| {
            run.len() > LONGEST_WORD
                && run.contains(|char: char| char.is_ascii_digit())
                && run.contains(|char: char| char.is_ascii_alphabetic())
        })
}

/// The members that count; unknown ones are ignored (RFC 6749 section 5.1), repeated ones refused.
#[derive(serde::Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    access_token: Option<Member<'a>>,
    #[serde(borrow, default)]
    token_type: Option<Member<'a>>,
    #[serde(borrow, default)]
    expires_in: Option<Member<'a>>,
    #[serde(borrow, default)]
    scope: Option<Member<'a>>,
    #[serde(borrow, default)]
    refresh_token: Option<Member<'a>>,
    /// Intuit's name, then two that others use.
    #[serde(borrow, default)]
    x_refresh_token_expires_in: Option<Member<'a>>,
    #[serde(borrow, default)]
    refresh_token_expires_in: Option<Member<'a>>,
    #[serde(borrow, default)]
    refresh_expires_in: Option<Member<'a>>,
    #[serde(borrow, default)]
    x_refresh_token_hard_expires_in: Option<Member<'a>>,
    #[serde(borrow, default)]
    error: Option<Member<'a>>,
    #[serde(borrow, default)]
    error_description: Option<Member<'a>>,
}

impl Members<'_> {
    /// Returns the refresh token; fails if there is one that cannot be sent.
    ///
    /// A lifetime that cannot be read, or is 0 as Keycloak writes "without end", is one that the server does not tell.
    fn refresh(&mut self) -> Result<Option<Refresh>, Malformed> {
        let Some(member) = self.refresh_token.take() else { return Ok(None) };
        let unusable = || Malformed::Member("refresh_token");
        let value = member.into_text().map(Secret::new).ok_or_else(unusable)?;
        let usable = (1..=LONGEST_TOKEN).contains(&value.expose().len())
            && value.expose().bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !usable {
            return Err(unusable());
        }
        let rolling =
            [&self.x_refresh_token_expires_in, &self.refresh_token_expires_in, &self.refresh_expires_in];
        let stated = |member: &Option<Member<'_>>| member.as_ref().and_then(lifetime);
        Ok(Some(Refresh {
            value,
            lifetime: rolling.into_iter().find_map(stated),
            hard_lifetime: stated(&self.x_refresh_token_hard_expires_in),
        }))
    }
}

/// A member of whatever type, so that a wrong one is told apart from a body that is not JSON.
///
/// Text without escapes is borrowed from the body, which is wiped; the rest is wiped here.
enum Member<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Other,
}

impl Member<'_> {
    fn into_text(mut self) -> Option<String> {
        match &mut self {
            Self::Text(text) => Some(std::mem::take(text).into_owned()),
            Self::Number(_) | Self::Other => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Member<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Member::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds that large are clamped anyway")]
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Member::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds that large are clamped anyway")]
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Member::Number(number as f64))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        if let Self::Text(Cow::Owned(text)) = self {
            text.zeroize();
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
