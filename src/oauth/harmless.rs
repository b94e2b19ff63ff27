//! The call that proves an access token without changing anything.

use serde_json::Value;

use super::answer::{foreign, object};
use super::ask::Way;
use super::client::{Line, Outgoing};
use super::conversation::Answer;
use super::error::{Evidence, ExchangeError, Malformed};
use super::judge::{Said, refusal};
use super::request::bearer;
use crate::providers::{Descriptor, HarmlessCall, Plan};
use crate::secret::SecretString;

/// The longest company name that is believed, in characters.
pub(super) const LONGEST_NAME: usize = 200;

/// What a harmless call showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Harmless {
    /// Which call it was.
    pub call: HarmlessCall,
    /// The company that the token opens, where the vendor tells.
    pub company: Option<CompanyNames>,
    /// What else the answer showed.
    pub evidence: Evidence,
}

/// What a company is called; foreign text in one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanyNames {
    /// As its people call it.
    pub name: Option<String>,
    /// As the law calls it.
    pub legal_name: Option<String>,
}

/// Proves `token` by the vendor's harmless call; `None` if there is none for this plan.
///
/// Repeats as the limits say: asking does no harm. A refusal is [`ExchangeError::Rejected`] with the code of the fault.
pub async fn harmless(
    way: &Way<'_>,
    plan: &Plan,
    token: &SecretString,
) -> Result<Option<Harmless>, ExchangeError> {
    let Some((call, url)) = plan.harmless() else { return Ok(None) };
    let get = || {
        let authorization = Some(bearer(token)?);
        Ok(Outgoing { url: &url, body: None, authorization, headers: &[], line: Line::Lasting })
    };
    way.ask(plan.vendor, get, |answer| judge(plan.vendor, call, answer)).await.map(Some)
}

fn judge(vendor: &'static Descriptor, call: HarmlessCall, answer: Answer) -> Result<Harmless, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    match understand(call, status, body.expose()) {
        Ok(company) => Ok(Harmless { call, company, evidence }),
        Err(said) => Err(refusal(vendor, (status, retry_after, evidence), said)),
    }
}

/// Returns the company that an answer names, or what it says instead.
pub(super) fn understand(call: HarmlessCall, status: u16, body: &[u8]) -> Result<Option<CompanyNames>, Said> {
    let wordless = |unusable| Said { code: None, description: None, unusable };
    let object = object(status, body).map_err(wordless)?;
    match fault(&object) {
        None if (200..300).contains(&status) => company(call, &object).map_err(wordless),
        None => Err(wordless(Malformed::NotJson(status))),
        Some((code, description)) => {
            Err(Said { code, description, unusable: Malformed::Member("CompanyInfo") })
        }
    }
}

/// Returns the names that the answer holds; fails if it is not that of the call.
fn company(call: HarmlessCall, object: &Value) -> Result<Option<CompanyNames>, Malformed> {
    match call {
        // OpenID Connect Core section 5.3.2: always there.
        HarmlessCall::Userinfo if object["sub"].is_string() => Ok(None),
        HarmlessCall::Userinfo => Err(Malformed::Member("sub")),
        HarmlessCall::CompanyInfo if object["CompanyInfo"].is_object() => {
            let info = &object["CompanyInfo"];
            Ok(Some(CompanyNames { name: name(&info["CompanyName"]), legal_name: name(&info["LegalName"]) }))
        }
        HarmlessCall::CompanyInfo => Err(Malformed::Member("CompanyInfo")),
    }
}

fn name(value: &Value) -> Option<String> {
    let words: Vec<&str> =
        value.as_str()?.split(|char: char| char.is_control() || char.is_whitespace()).collect();
    let line: String = words.join(" ").trim().chars().take(LONGEST_NAME).collect();
    Some(line).filter(|name| !name.is_empty())
}

/// Returns code and description of a fault: Intuit's in both of its spellings (`vendors.md` 2.6), or RFC 6750's.
fn fault(object: &Value) -> Option<(Option<String>, Option<String>)> {
    let text = |value: &Value| match value {
        Value::String(text) => foreign(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    for (fault, error, words) in
        [("Fault", "Error", ["Message", "Detail"]), ("fault", "error", ["message", "detail"])]
    {
        if object[fault].is_object() {
            let first = &object[fault][error][0];
            let said: Vec<String> = words.iter().filter_map(|word| text(&first[*word])).collect();
            return Some((text(&first["code"]), Some(said.join(": ")).filter(|said| !said.is_empty())));
        }
    }
    let error = &object["error"];
    (!error.is_null()).then(|| (text(error), text(&object["error_description"])))
}

#[cfg(test)]
#[path = "harmless_tests.rs"]
mod tests;
