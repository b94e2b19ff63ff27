//! The parameters of an authorization response, taken out of a query without believing any of them.

use url::form_urlencoded;
use zeroize::{Zeroize as _, Zeroizing};

/// How often a parameter was given, and what it said.
#[derive(Default)]
pub(super) enum Given {
    #[default]
    Never,
    Once(Zeroizing<String>),
    /// RFC 6749 section 3.1: must not happen, so neither value counts.
    Repeatedly,
}

impl Given {
    fn take(&mut self, value: Zeroizing<String>) {
        *self = match self {
            Self::Never => Self::Once(value),
            Self::Once(_) | Self::Repeatedly => Self::Repeatedly,
        };
    }

    /// The value, if it was given exactly once.
    pub(super) fn once(&self) -> Option<&str> {
        match self {
            Self::Once(value) => Some(value),
            Self::Never | Self::Repeatedly => None,
        }
    }
}

/// The parameters that concern us; all others are passed over, as RFC 6749 section 4.1.2 demands.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) state: Given,
    pub(super) code: Given,
    pub(super) error: Given,
    pub(super) description: Given,
    pub(super) issuer: Given,
    pub(super) realm: Given,
    /// `response_type`: of an authorization request, never of its answer.
    response_type: Given,
}

impl Parameters {
    /// Reads a query without its question mark; `realm` names the parameter that tells the company.
    pub(super) fn read(query: &str, realm: Option<&str>) -> Self {
        let mut found = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = Zeroizing::new(value.into_owned());
            let mut name = name.into_owned();
            let slot = match name.as_str() {
                "state" => Some(&mut found.state),
                "code" => Some(&mut found.code),
                "error" => Some(&mut found.error),
                "error_description" => Some(&mut found.description),
                "iss" => Some(&mut found.issuer),
                "response_type" => Some(&mut found.response_type),
                other if Some(other) == realm => Some(&mut found.realm),
                _ => None,
            };
            if let Some(slot) = slot {
                slot.take(value);
            }
            // A query without `=` is all name: it may be a code.
            name.zeroize();
        }
        found
    }

    /// Whether this is an authorization request rather than its answer.
    pub(super) fn is_request(&self) -> bool {
        !matches!(self.response_type, Given::Never)
    }

    /// Whether there is neither a state nor a code nor an error.
    pub(super) fn holds_nothing(&self) -> bool {
        [&self.state, &self.code, &self.error].into_iter().all(|given| matches!(given, Given::Never))
    }

    /// Whether any of them was given more than once.
    pub(super) fn repeated(&self) -> bool {
        [&self.state, &self.code, &self.error, &self.description, &self.issuer, &self.realm]
            .into_iter()
            .any(|given| matches!(given, Given::Repeatedly))
    }
}
