//! The certificates that a vendor has for a client (`vendors.md` 1.5).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use url::Url;

use super::answer::foreign;
use super::ask::Way;
use super::client::{Line, Outgoing};
use super::conversation::Answer;
use super::error::{ExchangeError, Malformed};
use super::judge::{Said, refusal};
use super::request::bearer;
use crate::domain::ids::CertificateId;
use crate::providers::Descriptor;
use crate::secret::SecretString;

/// The longest list that is read; a client has five active ones, and revoked ones without end.
pub(super) const LONGEST_LIST: usize = 1000;

/// A certificate as the vendor lists it. The members are known from users alone, so all but the id may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEntry {
    /// Its id, exactly as the vendor wrote it.
    pub id: CertificateId,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When it ends; a day counts to its end.
    pub valid_until: Option<Timestamp>,
}

/// Lists the certificates at `url`, those of the client that it names and of the token's own entity.
///
/// Repeats as the limits say: asking does no harm. A client that the vendor does not know is a refusal with 404, a role
/// without the permission one with 403.
pub async fn certificates(
    way: &Way<'_>,
    vendor: &'static Descriptor,
    url: &Url,
    token: &SecretString,
) -> Result<Vec<CertificateEntry>, ExchangeError> {
    let get = || {
        let authorization = Some(bearer(token)?);
        Ok(Outgoing { url, body: None, authorization, headers: &[], line: Line::Lasting })
    };
    way.ask(vendor, get, |answer| judge(vendor, answer)).await
}

fn judge(vendor: &'static Descriptor, answer: Answer) -> Result<Vec<CertificateEntry>, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    let value: Option<Value> = serde_json::from_slice(body.expose()).ok();
    if (200..300).contains(&status)
        && let Some(listed) = value.as_ref().and_then(entries)
    {
        return Ok(listed);
    }
    let detail = value.as_ref().map(|value| &value["o:errorDetails"][0]);
    let text = |name: &str| detail.and_then(|detail| detail[name].as_str()).and_then(foreign);
    let (code, description) = (text("o:errorCode"), text("detail"));
    let unusable = Malformed::NotJson(status);
    Err(refusal(vendor, (status, retry_after, evidence), Said { code, description, unusable }))
}

/// Reads a list; what is no certificate in it is left out.
pub(super) fn entries(value: &Value) -> Option<Vec<CertificateEntry>> {
    Some(value.as_array()?.iter().take(LONGEST_LIST).filter_map(entry).collect())
}

fn entry(value: &Value) -> Option<CertificateEntry> {
    Some(CertificateEntry {
        id: value["certificate_id"].as_str()?.parse().ok()?,
        revoked: ["revoked", "invalidated"].iter().any(|name| value[*name].as_bool() == Some(true)),
        valid_until: value["valid_until"].as_str().and_then(end),
    })
}

/// Reads an end: a point in time, or a day, to its end in UTC.
fn end(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let day: Date = text.get(..10)?.parse().ok()?;
    let next = day.checked_add(1.day()).ok()?;
    next.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_leniently() {
        let read = |json: &str| entry(&serde_json::from_str(json).unwrap());
        let full =
            read(r#"{"certificate_id":"-a","algorithm":"EC","valid_until":"2028-02-29","revoked":true}"#);
        let until = "2028-03-01T00:00:00Z".parse().ok();
        assert_eq!(
            full,
            Some(CertificateEntry { id: "-a".parse().unwrap(), revoked: true, valid_until: until })
        );
        let bare = CertificateEntry { id: "b".parse().unwrap(), revoked: false, valid_until: None };
        assert_eq!(read(r#"{"certificate_id":"b","valid_until":"soon","revoked":"no"}"#), Some(bare));
        for none in ["{}", "[]", "7", r#"{"certificate_id":""}"#, r#"{"certificate_id":[]}"#] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn ends_are_points_or_days() {
        for (text, expected) in [
            ("2028-02-29", Some("2028-03-01T00:00:00Z")),
            ("2028-02-29T10:00:00Z", Some("2028-02-29T10:00:00Z")),
            ("2028-02-29 10:00", Some("2028-03-01T00:00:00Z")),
            ("2028-02-30", None),
            ("9999-12-31", None),
            ("éééééééééé", None),
            ("", None),
        ] {
            assert_eq!(end(text), expected.map(|at| at.parse().unwrap()), "{text}");
        }
    }
}
