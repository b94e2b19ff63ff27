//! Which host a vendor has for an account, by its own word.

use serde_json::Value;
use url::Url;

use super::answer::{foreign, object};
use super::ask::Way;
use super::client::{Line, Outgoing};
use super::conversation::Answer;
use super::error::{ExchangeError, Malformed};
use super::judge::{Said, refusal};
use super::retry::{Backoff, Limits};
use crate::domain::connection::AccountId;
use crate::providers::Descriptor;

/// The longest address that is believed, in bytes: a host name has 253 at most.
const LONGEST: usize = 300;

/// Asks `url` for the address of an account's web services (Oracle's "DataCenterUrls REST Service"), once and without
/// credentials; returns `https://` and a host.
///
/// An account id that the vendor does not know is no error: it may name a host that belongs to no account.
pub async fn account_address(
    way: &Way<'_>,
    vendor: &'static Descriptor,
    url: &Url,
    account: &AccountId,
) -> Result<Url, ExchangeError> {
    let mut url = url.clone();
    // The documentation asks for the second one where the first alone is answered "Service Unavailable".
    url.query_pairs_mut().append_pair("account", account.as_str()).append_pair("c", account.as_str());
    let once = Backoff { attempts: 1, ..way.limits.backoff };
    let way = Way { limits: Limits { backoff: once, ..way.limits }, ..*way };
    let get =
        || Ok(Outgoing { url: &url, body: None, authorization: None, headers: &[], line: Line::Lasting });
    way.ask(vendor, get, |answer| judge(vendor, answer)).await
}

fn judge(vendor: &'static Descriptor, answer: Answer) -> Result<Url, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    let unusable = match read(status, body.expose()) {
        Ok(address) if (200..300).contains(&status) => return Ok(address),
        Ok(_) => Malformed::NotJson(status),
        Err(unusable) => unusable,
    };
    let description = std::str::from_utf8(body.expose()).ok().and_then(foreign);
    Err(refusal(vendor, (status, retry_after, evidence), Said { code: None, description, unusable }))
}

/// Reads `{"webservicesDomain": "https://1234567.suitetalk.api.netsuite.com", …}`.
pub(super) fn read(status: u16, body: &[u8]) -> Result<Url, Malformed> {
    const MEMBER: &str = "webservicesDomain";
    let object: Value = object(status, body)?;
    let address = object[MEMBER].as_str().filter(|text| text.len() <= LONGEST);
    address
        .and_then(|text| Url::parse(text).ok())
        .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or(Malformed::Member(MEMBER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        let read = |text: &str| read(200, text.as_bytes()).ok().map(String::from);
        let named = r#"{"restDomain":"https://7.restlets.api.netsuite.com","webservicesDomain":"https://7.suitetalk.api.netsuite.com"}"#;
        assert_eq!(read(named).as_deref(), Some("https://7.suitetalk.api.netsuite.com/"));
        for none in [
            "",
            "[]",
            "{}",
            "Service Unavailable",
            r#"{"webservicesDomain":7}"#,
            r#"{"webservicesDomain":"7.suitetalk.api.netsuite.com"}"#,
            r#"{"webservicesDomain":"ftp://7.suitetalk.api.netsuite.com"}"#,
            r#"{"webservicesDomain":"https://user@7.suitetalk.api.netsuite.com"}"#,
            &format!(r#"{{"webservicesDomain":"https://{}.com"}}"#, "a".repeat(LONGEST)),
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
