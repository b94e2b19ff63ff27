//! What each request is answered: the genuine redirect with a clean address, everything else with a fixed page.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, HOST, HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use subtle::ConstantTimeEq as _;

use super::bind::BindError;
use super::pages::{Page, Pages};
use super::transaction::{Redirect, Stray, Transaction};
use crate::domain::ids::random_hex;
use crate::hooks::mutant;

/// What is known of the listener's address, and the pages it shows.
pub(super) struct Site {
    authority: String,
    path: String,
    /// Where the result is shown. Only the browser that brought the genuine answer is told: nobody else can take its
    /// page, or find out how it ended.
    result: HeaderValue,
    pages: Pages,
}

/// What a request comes to.
pub(super) enum Verdict {
    /// The genuine answer: the browser is sent on to the clean page, and the login goes on.
    Genuine(Redirect),
    /// The browser that brought the genuine answer wants to see how it ended.
    Result,
    /// Anything else.
    Refused(Refusal),
}

/// Why a request is not answered as it hopes; nobody is told more than the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not `GET`.
    Method,
    /// Another name than ours in `Host`: a page of somebody else's that was pointed at this machine (DNS rebinding).
    Host,
    /// No `Host`, or several, or a request meant for a proxy.
    Shape,
    /// Another path.
    Path,
    /// The right path, and not the answer that is waited for.
    Stray(Stray),
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Path => StatusCode::NOT_FOUND,
            Self::Stray(Stray::Used) => StatusCode::GONE,
            Self::Shape | Self::Stray(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl Site {
    /// Returns a site at `authority` that answers one path.
    pub(super) fn new(authority: String, path: String) -> Result<Self, BindError> {
        let result = format!("{}/{}", path.trim_end_matches('/'), random_hex::<16>());
        let result =
            HeaderValue::try_from(result).map_err(|_| BindError::Place(path.escape_default().to_string()))?;
        Ok(Self { authority, path, result, pages: Pages::new() })
    }

    /// The one address that is answered.
    pub(super) fn address(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }

    /// Judges a request by what of it concerns us: method, target and `Host`.
    pub(super) fn judge<B>(&self, request: &Request<B>, transaction: &Transaction) -> Verdict {
        match self.refusal(request) {
            Some(refusal) => return Verdict::Refused(refusal),
            None if request.uri().path() != self.path && !mutant("callback-any-path") => {
                return Verdict::Result;
            }
            None => {}
        }
        match transaction.judge(request.uri().query().unwrap_or_default()) {
            Ok(redirect) => Verdict::Genuine(redirect),
            Err(stray) => Verdict::Refused(Refusal::Stray(stray)),
        }
    }

    fn refusal<B>(&self, request: &Request<B>) -> Option<Refusal> {
        let mut hosts = request.headers().get_all(HOST).iter();
        // RFC 9112 section 3.2: exactly one, and in a proxy's form of the target it would not be what counts.
        let (Some(host), None, None) = (hosts.next(), hosts.next(), request.uri().authority()) else {
            return Some(Refusal::Shape);
        };
        if !host.as_bytes().eq_ignore_ascii_case(self.authority.as_bytes())
            && !mutant("callback-host-unchecked")
        {
            return Some(Refusal::Host);
        }
        if *request.method() != Method::GET && !mutant("callback-any-method") {
            return Some(Refusal::Method);
        }
        let path = request.uri().path();
        let known = path == self.path || bool::from(path.as_bytes().ct_eq(self.result.as_bytes()));
        (!known && !mutant("callback-any-path")).then_some(Refusal::Path)
    }

    /// Sends the browser on to the page that shows the result: the code leaves address bar and history.
    ///
    /// RFC 9700 sections 4.3.1 and 4.12: 303, so that nothing of the request is repeated.
    pub(super) fn onward(&self) -> Response<Full<Bytes>> {
        let mut response = self.pages.response(StatusCode::SEE_OTHER, None);
        response.headers_mut().insert(LOCATION, self.result.clone());
        response
    }

    /// Answers what is not answered otherwise.
    pub(super) fn refuse(&self, refusal: Refusal) -> Response<Full<Bytes>> {
        let page = if refusal == Refusal::Stray(Stray::Used) { Page::Used } else { Page::Stray };
        let mut response = self.pages.response(refusal.status(), Some(page));
        if refusal == Refusal::Method {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }

    /// Shows how the login ended, or that it has not yet.
    pub(super) fn show(&self, page: Page) -> Response<Full<Bytes>> {
        self.pages.response(StatusCode::OK, Some(page))
    }
}
