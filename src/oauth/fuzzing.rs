//! The door to the parsers of what vendors answer; see `crate::fuzzing`.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::answer::{self, Reading, Tokens, Wanted};
use super::skew::ClockSkew;
use super::{addresses, callback, certificates, device, discovery, harmless, transport};
use crate::domain::connection::Provider;
use crate::fuzzing::Target;
use crate::providers::{HarmlessCall, descriptor};

/// What belongs to `oauth`.
pub(crate) const TARGETS: &[Target] = &[
    ("token_response", token_response),
    ("discovery", discovery),
    ("device_response", device_response),
    ("account_address", account_address),
    ("certificate_list", certificate_list),
    ("harmless_call", harmless_call),
    ("headers", headers),
    ("callback_request", callback::fuzzing::request),
    ("callback_query", callback::fuzzing::query),
    ("pasted_address", callback::fuzzing::pasted),
];

/// The longest token, and the longest foreign text in characters.
const LONGEST: (usize, usize) = (64 * 1024, 300);

fn token_response(bytes: &[u8]) {
    for (status, wanted) in [(200, Wanted::AccessToken), (200, Wanted::Grant), (400, Wanted::Grant)] {
        assert!(holds(&answer::read(status, bytes, wanted), wanted), "{:?}", String::from_utf8_lossy(bytes));
    }
}

/// Whether an answer was read as `architecture.md` section 6 promises.
pub(super) fn holds(reading: &Reading, wanted: Wanted) -> bool {
    let within = |value: &str| (1..=LONGEST.0).contains(&value.len());
    let year = SignedDuration::from_hours(366 * 24);
    match reading {
        Reading::Token(Tokens { value, lifetime, refresh, .. }) => {
            let value = value.expose();
            within(value)
                && value.bytes().all(|byte| byte.is_ascii_graphic())
                && lifetime.is_none_or(|lifetime| lifetime.is_positive() && lifetime <= year)
                && refresh.as_ref().is_none_or(|refresh| {
                    let value = refresh.value.expose();
                    wanted == Wanted::Grant
                        && within(value)
                        && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
                })
        }
        Reading::Half { refresh, .. } => wanted == Wanted::Grant && !refresh.value.expose().is_empty(),
        Reading::Error { code, description } => [code, description]
            .into_iter()
            .flatten()
            .all(|text| !text.chars().any(char::is_control) && text.chars().count() <= LONGEST.1),
        Reading::Unusable(reason) => !reason.to_string().is_empty(),
    }
}

/// Metadata lead to no other host than the one that they came from, where the operator named it.
fn discovery(bytes: &[u8]) {
    for (provider, url) in [
        (Provider::Oauth2, "https://login.example/.well-known/oauth-authorization-server/tenant"),
        (Provider::Oauth2, "https://login.example/tenant/.well-known/openid-configuration"),
        (Provider::Quickbooks, "https://developer.api.intuit.com/.well-known/openid_configuration"),
    ] {
        let url = Url::parse(url).expect("a good address");
        let vendor = descriptor(provider);
        let Ok(server) = discovery::read(vendor, &url, bytes) else { continue };
        assert!(server.token_url.is_some());
        let issuer = server.issuer.expect("there is no server without a name");
        if vendor.named_by_operator {
            assert_eq!(Url::parse(&issuer).map(|issuer| issuer.origin()), Ok(url.origin()));
        }
    }
}

fn device_response(bytes: &[u8]) {
    let Ok(login) = device::read(bytes, Timestamp::UNIX_EPOCH) else { return };
    assert!(login.user_code.bytes().all(|byte| byte.is_ascii_graphic()));
    for url in std::iter::once(&login.verification_url).chain(&login.complete_url) {
        assert!(matches!(url.scheme(), "https" | "http") && url.has_host(), "{url}");
    }
}

fn account_address(bytes: &[u8]) {
    let Ok(address) = addresses::read(200, bytes) else { return };
    assert!(matches!(address.scheme(), "https" | "http") && address.has_host(), "{address}");
    assert!(address.username().is_empty() && address.password().is_none(), "{address}");
}

fn certificate_list(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice(bytes) else { return };
    let Some(listed) = certificates::entries(&value) else { return };
    assert!(listed.len() <= certificates::LONGEST_LIST);
    for entry in listed {
        assert_eq!(entry.id.to_string().parse().as_ref(), Ok(&entry.id));
    }
}

/// Whatever a vendor says of a company or of its refusal is one line of bounded length.
fn harmless_call(bytes: &[u8]) {
    let is_line = |text: &String, longest: usize| {
        !text.is_empty() && !text.chars().any(char::is_control) && text.chars().count() <= longest
    };
    for call in [HarmlessCall::CompanyInfo, HarmlessCall::Userinfo] {
        for status in [200, 401] {
            match harmless::understand(call, status, bytes) {
                Ok(company) => {
                    assert_eq!(status, 200);
                    let names = company.into_iter().flat_map(|names| [names.name, names.legal_name]);
                    names
                        .flatten()
                        .for_each(|name| assert!(is_line(&name, harmless::LONGEST_NAME), "{name:?}"));
                }
                Err(said) => {
                    let longest = 2 * LONGEST.1 + 2;
                    let texts = [said.code, said.description].into_iter().flatten();
                    texts.for_each(|text| assert!(is_line(&text, longest), "{text:?}"));
                }
            }
        }
    }
}

/// `Retry-After` and `Date`, one in a line.
fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, second) = text.split_once('\n').unwrap_or((&text, ""));
    let now = Timestamp::constant(1_803_902_400, 0);
    for (value, date) in [(first, second), (second, first)] {
        let alone = transport::retry_after(value, None, now);
        let both = transport::retry_after(value, Some(date), now);
        assert_eq!(alone.is_some(), both.is_some(), "a date that is not one takes nothing away");
        if let Some(skew) = ClockSkew::from_date_header(date, now, now) {
            assert_eq!(skew.is_notable(), skew.as_duration().abs() > SignedDuration::from_mins(5));
            assert!(!skew.to_string().is_empty());
        }
    }
}
