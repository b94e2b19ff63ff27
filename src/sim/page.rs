//! The simulator's pages: plain HTML with inline style, no script, nothing from elsewhere.

use std::fmt::Write as _;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d5d9e0;--soft:#5c6675;--accent:#1f6feb}\
@media(prefers-color-scheme:dark){:root{--line:#39414d;--soft:#9aa5b5;--accent:#4c93ff}}\
*{box-sizing:border-box}\
body{margin:0;font:16px/1.5 system-ui,sans-serif;display:grid;min-height:100vh;place-items:center;padding:1rem}\
main{width:100%;max-width:34rem}\
h1{font-size:1.4rem;line-height:1.25;margin:.25rem 0 .5rem}\
p{margin:.5rem 0;overflow-wrap:anywhere}.soft{color:var(--soft);font-size:.9rem}\
ul{list-style:none;margin:1rem 0;padding:0;border:1px solid var(--line);border-radius:.5rem}\
li{display:flex;gap:1rem;align-items:center;justify-content:space-between;padding:.75rem 1rem}\
li+li{border-top:1px solid var(--line)}li span{min-width:0;overflow-wrap:anywhere}\
button{font:inherit;padding:.45rem 1rem;border-radius:.4rem;border:1px solid var(--accent);\
background:var(--accent);color:#fff;cursor:pointer}\
button.quiet{background:none;color:inherit;border-color:var(--line)}\
button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\
input{font:inherit;padding:.45rem .6rem;border-radius:.4rem;border:1px solid var(--line);width:100%;margin:.5rem 0}\
@media(prefers-color-scheme:dark){button{color:#0b1220}}";

/// Returns a page; `content` is HTML, `title` is text.
pub(super) fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - simulator</title><style>{STYLE}</style></head>\
         <body><main><p class=\"soft\">tokenctl simulator: no real company is behind this page</p>\
         <h1>{title}</h1>{content}</main></body></html>"
    );
    // No form-action: browsers apply it to the redirect that follows a form, which leads to the client.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (status, headers, Html(html)).into_response()
}

/// Returns a page that says why a request goes no further; nothing is sent back to a client that is not trusted.
pub(super) fn refusal(why: &str) -> Response {
    let content = format!("<p>{}</p>", escape(why));
    page(StatusCode::BAD_REQUEST, "This request cannot be answered", &content)
}

/// Returns hidden inputs that carry parameters into the next request.
pub(super) fn hidden<'a>(parameters: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let mut inputs = String::new();
    for (name, value) in parameters {
        let (name, value) = (escape(name), escape(value));
        // Writing to a string cannot fail.
        let _ = write!(inputs, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    }
    inputs
}

/// Returns `text` as HTML, in content and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
