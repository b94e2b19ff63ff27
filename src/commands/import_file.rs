//! The files that `connection import` reads: CSV with a header line, or JSON Lines.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use url::Url;

use crate::domain::connection::{AccountId, Environment, Provider};
use crate::domain::ids::ConnectionName;
use crate::domain::settings::{NetsuiteSettings, ScopeStyle, SigningAlgorithm, SubjectClaim};
use crate::ops::OpsError;
use crate::ops::connections::NewConnection;
use crate::ops::import::Row;

use super::error::CommandError;
use super::records;

/// One row, in the words of the flags of `connection add`; unknown members are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    #[serde(default = "netsuite", deserialize_with = "or_netsuite")]
    provider: Provider,
    name: ConnectionName,
    account: AccountId,
    client_id: String,
    /// Separated by spaces or commas in CSV; a list or such a text in JSON.
    #[serde(default)]
    scope: Words,
    #[serde(default, deserialize_with = "empty_is_none")]
    environment: Option<Environment>,
    #[serde(default, deserialize_with = "empty_is_none")]
    entity: Option<String>,
    #[serde(default, deserialize_with = "empty_is_none")]
    role: Option<String>,
    #[serde(default, deserialize_with = "empty_is_none")]
    company: Option<String>,
    /// `K=V` pairs like the scopes, or an object in JSON.
    #[serde(default)]
    tags: Pairs,
    #[serde(default, deserialize_with = "empty_is_none")]
    token_url: Option<Url>,
    #[serde(default, deserialize_with = "empty_is_none")]
    certificate_url: Option<Url>,
    #[serde(default)]
    trust_host: Words,
    #[serde(default, deserialize_with = "empty_is_none")]
    scope_style: Option<ScopeStyle>,
    #[serde(default, deserialize_with = "empty_is_none")]
    subject: Option<SubjectClaim>,
    #[serde(default, deserialize_with = "empty_is_none")]
    signing_algorithm: Option<SigningAlgorithm>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(from = "ListOrText")]
struct Words(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum ListOrText {
    List(Vec<String>),
    Text(String),
}

impl From<ListOrText> for Words {
    fn from(words: ListOrText) -> Self {
        Self(match words {
            ListOrText::List(list) => list,
            ListOrText::Text(text) => {
                text.split([' ', ',', ';']).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
            }
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "MapOrText")]
struct Pairs(BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum MapOrText {
    Map(BTreeMap<String, String>),
    Text(String),
}

impl TryFrom<MapOrText> for Pairs {
    type Error = String;

    fn try_from(pairs: MapOrText) -> Result<Self, String> {
        match pairs {
            MapOrText::Map(map) => Ok(Self(map)),
            MapOrText::Text(text) => text
                .split([' ', ',', ';'])
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (key, value) =
                        pair.split_once('=').ok_or_else(|| format!("the tag `{pair}` is not K=V"))?;
                    Ok((key.to_owned(), value.to_owned()))
                })
                .collect::<Result<_, _>>()
                .map(Self),
        }
    }
}

fn netsuite() -> Provider {
    Provider::Netsuite
}

fn or_netsuite<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Provider, D::Error> {
    Ok(empty_is_none(deserializer)?.unwrap_or(Provider::Netsuite))
}

/// An empty CSV cell is a value that was not given.
fn empty_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.is_empty() => T::deserialize(text.into_deserializer()).map(Some),
        _ => Ok(None),
    }
}

impl From<RowText> for NewConnection {
    fn from(row: RowText) -> Self {
        let mut settings = NetsuiteSettings::new(row.account, row.client_id);
        let environment = row.environment.unwrap_or_else(|| Environment::of_account(&settings.account));
        if !row.scope.0.is_empty() {
            settings.scopes = row.scope.0;
        }
        settings.scope_style = row.scope_style.unwrap_or_default();
        settings.subject = row.subject.unwrap_or_default();
        settings.signing_algorithm = row.signing_algorithm;
        settings.entity = row.entity;
        settings.role = row.role;
        settings.token_url = row.token_url;
        settings.certificate_url = row.certificate_url;
        settings.trusted_hosts = row.trust_host.0.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self {
            name: row.name,
            provider: row.provider,
            environment,
            company: row.company,
            app: None,
            settings: settings.into(),
            tags: row.tags.0,
        }
    }
}

/// Reads every row; a row that cannot be read is a result of its own, a file that cannot is an error.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Row>, CommandError> {
    let rows = records::read::<RowText>(bytes, &["name", "account", "client_id"])?;
    let numbered = rows.into_iter().enumerate();
    let row = |(index, row): (usize, Result<RowText, String>)| Row {
        row: index + 1,
        parsed: row.map(Into::into).map_err(OpsError::Invalid),
    };
    Ok(numbered.map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Result<String, String>> {
        let rows = parse(text.as_bytes()).unwrap();
        rows.into_iter()
            .map(|row| row.parsed.map(|new| new.name.to_string()).map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn csv_and_json_lines_say_the_same() {
        let csv = "name,account,client_id,scope,tags,company,role\nacme,123_SB1,abc,restlets;rest_webservices,env=test,Acme Ltd,\n";
        let json = r#"{"name":"acme","account":"123_SB1","client_id":"abc","scope":["restlets","rest_webservices"],"tags":{"env":"test"},"company":"Acme Ltd"}"#;
        let parsed =
            |text: &str| format!("{:?}", parse(text.as_bytes()).unwrap()[0].parsed.as_ref().unwrap());
        assert_eq!(parsed(csv), parsed(json));
        assert!(parsed(csv).contains("Sandbox"), "the account id tells the environment");
    }

    #[test]
    fn a_bad_row_does_not_spoil_the_others() {
        let results = names("name,account,client_id\nok,1,c\n../bad,1,c\nok2,2,c\n");
        assert!(results[0].is_ok() && results[1].is_err() && results[2].is_ok());
    }

    #[test]
    fn unknown_columns_and_members_are_refused() {
        assert!(names("name,account,client_id,colour\na,1,c,red\n")[0].is_err());
        assert!(names(r#"{"name":"a","account":"1","client_id":"c","colour":"red"}"#)[0].is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_file_can_cause_a_panic(
            head in "(name,account,client_id(,[a-z_]{0,12}){0,3}\n|\\{\"name\":\"a\",\"account\":\"1\",\"client_id\":\"c\",?|\u{feff})?",
            body in "(\"|,|\n|\r|\\{|\\}|:|=|;|tags|scope|\\[|\\]|https?://|\\PC){0,60}",
            tail in proptest::collection::vec(proptest::num::u8::ANY, 0..4),
        ) {
            let text = [head.as_bytes(), body.as_bytes(), tail.as_slice()].concat();
            for row in parse(&text).unwrap_or_default() {
                let _ = row.parsed.map_err(|error| error.to_string());
            }
        }
    }

    #[test]
    fn a_file_without_rows_or_columns_is_an_error() {
        assert!(parse(b"").is_err());
        assert!(parse(b"name,account\n").is_err());
        assert!(parse(&[0xff, 0xfe]).is_err());
    }
}
