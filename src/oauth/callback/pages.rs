//! The pages that a browser is shown: fixed, self-contained, without script, and with nothing of a request in them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::hooks::mutant;

/// The one style sheet; the content security policy allows it by its hash, and nothing else.
const STYLE: &str = include_str!("page.css");

/// How a login ended, for the page in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The grant is stored.
    Connected,
    /// Access was refused in the browser, or failed at the vendor.
    Denied,
    /// Another company was chosen than the one to be connected.
    OtherCompany,
    /// Anything else; the terminal knows more.
    Failed,
}

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// How it ended.
    Result(Outcome),
    /// It has not ended yet; asks again by itself.
    Pending,
    /// Not what is waited for.
    Stray,
    /// What was waited for, once more.
    Used,
}

/// What a page says.
struct Content {
    /// The class that gives the sign its colour.
    tone: &'static str,
    /// The sign, as paths of an SVG of 24 by 24.
    sign: &'static str,
    title: &'static str,
    lead: &'static str,
    /// What to do with this window.
    window: &'static str,
    /// Where to look now.
    next: &'static str,
}

const CLOSE: &str = "You can close this window.";

const TICK: &str = r#"<path d="M6.5 12.5l3.7 3.7 7.3-8"/>"#;
const CROSS: &str = r#"<path d="M8 8l8 8M16 8l-8 8"/>"#;
const BANG: &str = r#"<path d="M12 6.5v6.5M12 17.2v.1"/>"#;
const DOTS: &str = r#"<path d="M7.5 12v.1M12 12v.1M16.5 12v.1"/>"#;
const SWAP: &str = r#"<path d="M7 9.5h10l-2.8-2.8M17 14.5H7l2.8 2.8"/>"#;

impl Page {
    fn content(self) -> Content {
        match self {
            Self::Result(Outcome::Connected) => Content {
                tone: "good",
                sign: TICK,
                title: "You are connected",
                lead: "The connection is stored, and tokenctl keeps it working from here.",
                window: CLOSE,
                next: "Your terminal shows what was connected.",
            },
            Self::Result(Outcome::Denied) => Content {
                tone: "calm",
                sign: CROSS,
                title: "Access was not granted",
                lead: "Nothing was connected and nothing was changed.",
                window: CLOSE,
                next: "To try again, run the same command in your terminal.",
            },
            Self::Result(Outcome::OtherCompany) => Content {
                tone: "warn",
                sign: SWAP,
                title: "That was another company",
                lead: "This connection belongs to a different company from the one you chose, so nothing was connected.",
                window: CLOSE,
                next: "Run the command again and choose the company named in your terminal.",
            },
            Self::Result(Outcome::Failed) => Content {
                tone: "bad",
                sign: BANG,
                title: "That did not work",
                lead: "Your sign-in arrived, but the connection could not be completed.",
                window: CLOSE,
                next: "Your terminal says what happened and what helps.",
            },
            Self::Pending => Content {
                tone: "calm wait",
                sign: DOTS,
                title: "Almost there",
                lead: "tokenctl has your answer and is completing the connection.",
                window: "This page looks again by itself.",
                next: "Your terminal shows the same result.",
            },
            Self::Stray => Content {
                tone: "warn",
                sign: BANG,
                title: "Not the page you are looking for",
                lead: "tokenctl is waiting for a sign-in here, and this address is not it. Nothing was changed.",
                window: "Use the address that your terminal shows.",
                next: "An older window or a bookmark no longer works.",
            },
            Self::Used => Content {
                tone: "calm",
                sign: BANG,
                title: "This sign-in was used already",
                lead: "Every sign-in works once, and this one has done its work.",
                window: CLOSE,
                next: "Your terminal shows how it ended.",
            },
        }
    }

    fn html(self) -> String {
        let Content { tone, sign, title, lead, window, next } = self.content();
        let again = if self == Self::Pending { "<meta http-equiv=\"refresh\" content=\"3\">\n" } else { "" };
        format!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
{again}<title>{title} · tokenctl</title>
<style>{STYLE}</style>
</head>
<body>
<main class="{tone}">
<svg class="sign" viewBox="0 0 24 24" aria-hidden="true">{sign}</svg>
<h1>{title}</h1>
<p class="lead">{lead}</p>
<p class="next"><strong>{window}</strong> <span>{next}</span></p>
</main>
<footer><p>Shown by <strong>tokenctl</strong> itself.</p><p>Nothing on this page comes from the internet.</p></footer>
</body>
</html>
"#
        )
    }
}

/// The pages with the headers that all of them have.
pub(super) struct Pages(HeaderMap);

impl Pages {
    /// Returns the pages.
    pub(super) fn new() -> Self {
        let style = if mutant("callback-style-refused") { "" } else { STYLE };
        let hash = BASE64_STANDARD.encode(digest(&SHA256, style.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        // expect: the text above and base64 are visible ASCII.
        let policy = HeaderValue::try_from(policy).expect("a policy of visible ASCII");
        let fixed = HeaderValue::from_static;
        Self(HeaderMap::from_iter([
            (CONTENT_SECURITY_POLICY, policy),
            (CONTENT_TYPE, fixed("text/html; charset=utf-8")),
            (CACHE_CONTROL, fixed("no-store")),
            (REFERRER_POLICY, fixed("no-referrer")),
            (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
            (X_FRAME_OPTIONS, fixed("DENY")),
            (HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
            (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
            (CONNECTION, fixed("close")),
        ]))
    }

    /// Returns an answer with a page, or with none.
    pub(super) fn response(&self, status: StatusCode, page: Option<Page>) -> Response<Full<Bytes>> {
        let body = page.map(Page::html).unwrap_or_default();
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        *response.headers_mut() = self.0.clone();
        response
    }
}
