//! One login: what is expected to come back, and the judgement on what does.
//!
//! Pure but for one flag: the state counts once, whether the browser brings it or somebody pastes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use url::Url;

use super::paste::{self, PasteError};
use super::query::{Given, Parameters};
use crate::hooks::mutant;
use crate::oauth::authorize::State;
use crate::secret::{Secret, SecretString};

/// The longest code: no vendor's comes near.
const LONGEST_CODE: usize = 4096;
/// The longest realm.
const LONGEST_REALM: usize = 128;
/// Characters of the server's `error` that are kept.
const LONGEST_ERROR: usize = 128;
/// Characters of the server's `error_description` that are kept.
const LONGEST_DESCRIPTION: usize = 500;

/// What a login expects to come back.
pub struct Expectation {
    /// By which the answer is known.
    pub state: State,
    /// Whose answer it must be, where the server can say so (RFC 9207).
    pub issuer: Option<ExpectedIssuer>,
    /// The parameter that names the company, where the vendor sends one, and the company that it must name.
    pub realm: Option<ExpectedRealm>,
    /// The addresses at which the answer may arrive: the redirect URI, and the listener's own where they differ.
    /// Only a pasted address is held against them; the listener knows its own.
    pub places: Vec<Url>,
}

/// The issuer that an answer must come from (RFC 9207 section 2.4).
pub struct ExpectedIssuer {
    /// Compared as text, character by character.
    pub value: String,
    /// The server's metadata promise an `iss` in every answer: one without it is refused.
    pub promised: bool,
}

/// The company that an answer must name.
pub struct ExpectedRealm {
    /// The parameter's name: `realmId` at Intuit.
    pub parameter: &'static str,
    /// The only company that will do; `None` takes any.
    pub value: Option<String>,
}

/// The genuine answer to a login. It comes once.
pub enum Redirect {
    /// Access was granted.
    Granted(Redirected),
    /// Access was refused, or something failed on the other side.
    Denied(Denied),
    /// The answer contradicts what was asked; its code is gone and nothing may be exchanged (exit 5).
    Contradicted(Contradiction),
}

/// What is exchanged, once.
pub struct Redirected {
    /// The authorization code.
    pub code: SecretString,
    /// The company, where the vendor names it here; it is what was expected, if anything was. Visible ASCII.
    pub realm: Option<String>,
}

/// An error answer (RFC 6749 section 4.1.2.1). Foreign text, made safe where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Such as `access_denied`; at most 128 visible ASCII characters.
    pub error: String,
    /// At most 500 characters of anything.
    pub description: Option<String>,
}

/// How a genuine answer can contradict what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// RFC 9207 section 2.4: it comes from another server, or from one that promised to say which it is and did not.
    #[error("the answer does not come from the authorization server that was asked")]
    Issuer,
    /// Somebody chose another company in the browser.
    #[error("the company that was chosen has the id {given}, not {expected}")]
    OtherRealm {
        /// What the connection belongs to.
        expected: String,
        /// What came; visible ASCII, at most 128 characters.
        given: String,
    },
    /// The vendor names the company here and nowhere else, so without it the code is of no use.
    #[error("the answer does not say which company was chosen (`{0}` is missing)")]
    RealmMissing(&'static str),
}

/// Why a request or a pasted text is not the answer that is waited for. None of it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stray {
    /// `state` is missing, wrong, or given twice.
    #[error("it does not belong to this login (`state` is not the one that was sent)")]
    State,
    /// The state is right and was used before.
    #[error("it was used already")]
    Used,
    /// The state is right, and the rest is neither a code nor an error.
    #[error("it holds no usable `code`, or holds something twice")]
    Malformed,
}

/// One login under way. Clones share the single use of its state.
#[derive(Clone)]
pub struct Transaction(Arc<Inner>);

struct Inner {
    expectation: Expectation,
    used: AtomicBool,
}

impl Transaction {
    /// Returns a login whose answer is still to come.
    pub fn new(expectation: Expectation) -> Self {
        Self(Arc::new(Inner { expectation, used: AtomicBool::new(false) }))
    }

    /// Whether the answer has come already, this way or the other.
    pub fn is_over(&self) -> bool {
        self.0.used.load(Ordering::SeqCst)
    }

    /// Reads what somebody pasted: the whole address that the browser ended at, or its query.
    ///
    /// White space, line breaks, quotes and a shell's backslashes are taken off. A mistake uses nothing up: the
    /// person may try again.
    pub fn paste(&self, text: &SecretString) -> Result<Redirect, PasteError> {
        paste::read(self, text)
    }

    /// Judges a query. The state comes before anything else, `error` included: RFC 6749 section 10.12.
    pub(super) fn judge(&self, query: &str) -> Result<Redirect, Stray> {
        let expectation = &self.0.expectation;
        let realm = expectation.realm.as_ref().map(|realm| realm.parameter);
        let given = Parameters::read(query, realm);
        if mutant("callback-error-first") && matches!(given.error, Given::Once(_)) {
            return self.use_up(denied(&given).ok_or(Stray::Malformed)?.into());
        }
        let known = given.state.once().is_some_and(|state| expectation.state.matches(state));
        if !known && !mutant("callback-state-unchecked") {
            return Err(Stray::State);
        }
        let redirect = expectation.decide(&given)?;
        self.use_up(redirect)
    }

    fn use_up(&self, redirect: Redirect) -> Result<Redirect, Stray> {
        let used = self.0.used.swap(true, Ordering::SeqCst);
        if used && !mutant("callback-state-reusable") { Err(Stray::Used) } else { Ok(redirect) }
    }

    pub(super) fn expectation(&self) -> &Expectation {
        &self.0.expectation
    }
}

impl Expectation {
    /// Returns what an answer with the right state comes to.
    fn decide(&self, given: &Parameters) -> Result<Redirect, Stray> {
        if given.repeated() {
            return Err(Stray::Malformed);
        }
        if let Some(issuer) = &self.issuer {
            let right = match given.issuer.once() {
                Some(value) => value == issuer.value,
                None => !issuer.promised,
            };
            if !right && !mutant("callback-issuer-unchecked") {
                return Ok(Redirect::Contradicted(Contradiction::Issuer));
            }
        }
        let code = match (&given.code, &given.error) {
            (Given::Once(code), Given::Never) => code,
            (Given::Never, Given::Once(_)) => {
                return denied(given).map(Redirect::from).ok_or(Stray::Malformed);
            }
            _ => return Err(Stray::Malformed),
        };
        // RFC 6749 appendix A.11: visible ASCII and spaces.
        let is_code = (1..=LONGEST_CODE).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if !is_code {
            return Err(Stray::Malformed);
        }
        match self.realm(given)? {
            Ok(realm) => {
                Ok(Redirect::Granted(Redirected { code: Secret::new(code.as_str().to_owned()), realm }))
            }
            Err(contradiction) => Ok(Redirect::Contradicted(contradiction)),
        }
    }

    fn realm(&self, given: &Parameters) -> Result<Result<Option<String>, Contradiction>, Stray> {
        let Some(expected) = &self.realm else { return Ok(Ok(None)) };
        let Some(realm) = given.realm.once().filter(|realm| !realm.is_empty()) else {
            return Ok(Err(Contradiction::RealmMissing(expected.parameter)));
        };
        if realm.len() > LONGEST_REALM || !realm.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Stray::Malformed);
        }
        Ok(match &expected.value {
            Some(value) if value != realm && !mutant("callback-realm-unchecked") => {
                Err(Contradiction::OtherRealm { expected: value.clone(), given: realm.to_owned() })
            }
            _ => Ok(Some(realm.to_owned())),
        })
    }
}

impl From<Denied> for Redirect {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

fn denied(given: &Parameters) -> Option<Denied> {
    let error: String =
        given.error.once()?.chars().filter(char::is_ascii_graphic).take(LONGEST_ERROR).collect();
    let description = given.description.once().filter(|text| !text.trim().is_empty());
    let description = description.map(|text| text.chars().take(LONGEST_DESCRIPTION).collect());
    (!error.is_empty()).then_some(Denied { error, description })
}
