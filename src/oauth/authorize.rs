//! Where the browser is sent (RFC 6749 section 4.1.1), and the `state` by which its return is known.

use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::pkce::{CHALLENGE_METHOD, random_text};
use crate::secret::{Secret, SecretString};

/// The `state` of one login: 256 random bits, known to us and to the browser that we sent away.
///
/// 43 characters of base64url, so inside what every vendor takes (NetSuite: 22 to 1024, `vendors.md` 1.7).
pub struct State(SecretString);

impl State {
    /// Returns a fresh state.
    #[expect(clippy::new_without_default, reason = "every call returns a different state")]
    pub fn new() -> Self {
        Self(random_text())
    }

    /// The state that this text is, for those who must know it.
    #[cfg(feature = "fuzzing")]
    pub(super) fn of(text: &str) -> Self {
        Self(Secret::new(text.to_owned()))
    }

    /// Whether `given` is this state; takes as long whatever the difference is.
    pub fn matches(&self, given: &str) -> bool {
        self.0.matches(given.as_bytes())
    }
}

/// What an authorization URL says.
pub struct AuthorizationRequest<'a> {
    /// The authorization endpoint, checked by the host rule (`architecture.md` section 6); it keeps its query.
    pub endpoint: &'a Url,
    /// Our client id.
    pub client_id: &'a str,
    /// The redirect URI exactly as it is registered: the token request repeats this very text.
    pub redirect_uri: &'a str,
    /// What is asked for, in this order; empty leaves the choice to the server.
    pub scopes: &'a [String],
    /// By which the answer is known.
    pub state: &'a State,
    /// The S256 challenge, where the server knows PKCE.
    pub challenge: Option<&'a str>,
    /// What else a vendor wants, such as `audience`.
    pub extra: &'a [(&'a str, &'a str)],
}

/// Why there is no authorization URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizeError {
    /// RFC 6749 section 3.1: no fragment.
    #[error("the authorization endpoint must not have a fragment")]
    Fragment,
    /// RFC 6749 section 3.1: parameters must not be included more than once.
    #[error("the parameter `{0}` of the authorization URL would be given twice")]
    Repeated(String),
}

impl AuthorizationRequest<'_> {
    /// Returns the URL for the browser. It holds the state: it is shown to the person who logs in, never logged.
    pub fn url(&self) -> Result<SecretString, AuthorizeError> {
        if self.endpoint.fragment().is_some() {
            return Err(AuthorizeError::Fragment);
        }
        let scope = self.scopes.join(" ");
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
        ];
        if !scope.is_empty() {
            parameters.push(("scope", &scope));
        }
        parameters.push(("state", self.state.0.expose()));
        if let Some(challenge) = self.challenge {
            parameters.extend([("code_challenge", challenge), ("code_challenge_method", CHALLENGE_METHOD)]);
        }
        parameters.extend_from_slice(self.extra);
        self.refuse_repeated(&parameters)?;

        // Room for every byte to be escaped, and for that to happen once more below: neither text is moved.
        let length = |(name, value): &(&str, &str)| 3 * (name.len() + value.len()) + 2;
        let room = self.endpoint.as_str().len() + parameters.iter().map(length).sum::<usize>() + 1;
        let mut form = Serializer::new(String::with_capacity(room));
        let form = Zeroizing::new(form.extend_pairs(parameters).finish());
        let mut url = String::with_capacity(room);
        url.push_str(self.endpoint.as_str());
        url.push_str(match self.endpoint.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        });
        // Why: a form writes a space as `+`, which a server that decodes URLs but no forms takes for a plus sign;
        // all understand `%20`. A plus sign itself is `%2B` by now.
        for char in form.chars() {
            if char == '+' { url.push_str("%20") } else { url.push(char) }
        }
        Ok(Secret::new(url))
    }

    fn refuse_repeated(&self, parameters: &[(&str, &str)]) -> Result<(), AuthorizeError> {
        let own = self.endpoint.query_pairs().map(|(name, _)| name.into_owned());
        let mut names: Vec<String> =
            own.chain(parameters.iter().map(|(name, _)| (*name).to_owned())).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(AuthorizeError::Repeated(pair[0].clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &str = "http://localhost:8765/callback/quickbooks";

    fn request<'a>(endpoint: &'a Url, state: &'a State, scopes: &'a [String]) -> AuthorizationRequest<'a> {
        AuthorizationRequest {
            endpoint,
            client_id: "AB client&id",
            redirect_uri: REDIRECT,
            scopes,
            state,
            challenge: None,
            extra: &[],
        }
    }

    #[test]
    fn every_parameter_arrives_as_it_was_given() {
        let endpoint = Url::parse("https://login.example/authorize?tenant=1").unwrap();
        let scopes = ["openid".to_owned(), "com.intuit.quickbooks.accounting".to_owned()];
        let state = State::new();
        let extra = [("audience", "https://api.example/+")];
        let challenge = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let request =
            AuthorizationRequest { challenge, extra: &extra, ..request(&endpoint, &state, &scopes) };
        let url = request.url().unwrap();
        assert!(!url.expose().contains('+'), "{}", url.expose());
        let parsed = Url::parse(url.expose()).unwrap();
        assert_eq!(parsed.as_str(), url.expose(), "nothing is left to normalise");
        let pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
        let expected = [
            ("tenant", "1"),
            ("response_type", "code"),
            ("client_id", "AB client&id"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid com.intuit.quickbooks.accounting"),
            ("state", state.0.expose()),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("audience", "https://api.example/+"),
        ];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn nothing_is_given_twice() {
        let state = State::new();
        let endpoint = Url::parse("https://login.example/authorize?state=mine").unwrap();
        let refused = request(&endpoint, &state, &[]).url().err();
        assert_eq!(refused, Some(AuthorizeError::Repeated("state".to_owned())));
        let endpoint = Url::parse("https://login.example/authorize").unwrap();
        let extra = [("redirect_uri", "https://evil.example")];
        let refused = AuthorizationRequest { extra: &extra, ..request(&endpoint, &state, &[]) }.url().err();
        assert_eq!(refused, Some(AuthorizeError::Repeated("redirect_uri".to_owned())));
        let endpoint = Url::parse("https://login.example/authorize#top").unwrap();
        assert_eq!(request(&endpoint, &state, &[]).url().err(), Some(AuthorizeError::Fragment));
    }

    #[test]
    fn states_are_fresh_and_compared_whole() {
        let (one, other) = (State::new(), State::new());
        let text = one.0.expose().clone();
        assert!(one.matches(&text) && !other.matches(&text));
        assert!(!one.matches("") && !one.matches(&text[1..]) && !one.matches(&format!("{text}A")));
    }
}
