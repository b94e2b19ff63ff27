//! The files that `connection import` reads: CSV with a header line, or JSON Lines.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use url::Url;

use crate::domain::connection::{AccountId, Environment, Provider};
use crate::domain::ids::{AppName, ConnectionName};
use crate::domain::settings::{
    GrantKind, MemberSettings, NetsuiteSettings, ScopeStyle, Settings, SigningAlgorithm, SubjectClaim,
};
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
    /// NetSuite's own.
    #[serde(default, deserialize_with = "empty_is_none")]
    account: Option<AccountId>,
    #[serde(default, deserialize_with = "empty_is_none")]
    client_id: Option<String>,
    /// What the others have instead.
    #[serde(default, deserialize_with = "empty_is_none")]
    app: Option<AppName>,
    #[serde(default, deserialize_with = "empty_is_none")]
    grant: Option<GrantKind>,
    #[serde(default, deserialize_with = "empty_is_none")]
    realm: Option<String>,
    #[serde(default, deserialize_with = "empty_is_none")]
    audience: Option<String>,
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

impl TryFrom<RowText> for NewConnection {
    type Error = String;

    fn try_from(row: RowText) -> Result<Self, String> {
        let (name, provider, company) = (row.name.clone(), row.provider, row.company.clone());
        let (tags, app) = (row.tags.0.clone(), row.app.clone());
        let (environment, settings) = match provider {
            Provider::Netsuite => of_netsuite(row)?,
            Provider::Quickbooks | Provider::Pax8 | Provider::Oauth2 => of_app(row)?,
        };
        Ok(Self { name, provider, environment, company, app, settings, tags })
    }
}

/// Fails if one of these was given.
fn none_of(provider: Provider, given: &[(&str, bool)]) -> Result<(), String> {
    let wrong: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{provider} has no {}", wrong.join(", "))) }
}

fn of_netsuite(row: RowText) -> Result<(Environment, Settings), String> {
    none_of(
        row.provider,
        &[
            ("app", row.app.is_some()),
            ("grant", row.grant.is_some()),
            ("realm", row.realm.is_some()),
            ("audience", row.audience.is_some()),
        ],
    )?;
    let missing = |what: &str| format!("`{what}` is missing");
    let account = row.account.ok_or_else(|| missing("account"))?;
    let mut settings = NetsuiteSettings::new(account, row.client_id.ok_or_else(|| missing("client_id"))?);
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
    Ok((environment, settings.into()))
}

/// Everything else is the app's.
fn of_app(row: RowText) -> Result<(Environment, Settings), String> {
    none_of(
        row.provider,
        &[
            ("account", row.account.is_some()),
            ("client_id", row.client_id.is_some()),
            ("environment", row.environment.is_some()),
            ("entity", row.entity.is_some()),
            ("role", row.role.is_some()),
            ("token_url", row.token_url.is_some()),
            ("certificate_url", row.certificate_url.is_some()),
            ("trust_host", !row.trust_host.0.is_empty()),
            ("scope_style", row.scope_style.is_some()),
            ("subject", row.subject.is_some()),
            ("signing_algorithm", row.signing_algorithm.is_some()),
        ],
    )?;
    if row.app.is_none() {
        return Err("`app` is missing".to_owned());
    }
    let usual = match row.provider {
        Provider::Quickbooks => GrantKind::RefreshToken,
        Provider::Netsuite | Provider::Pax8 | Provider::Oauth2 => GrantKind::ClientCredentials,
    };
    let settings = MemberSettings {
        realm: row.realm,
        audience: row.audience,
        scopes: row.scope.0,
        ..MemberSettings::new(row.grant.unwrap_or(usual))
    };
    // The app's world counts.
    Ok((Environment::Production, settings.into()))
}

/// Reads every row; a row that cannot be read is a result of its own, a file that cannot is an error.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Row>, CommandError> {
    // A file without connections of apps is NetSuite's alone.
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let of_apps = header.split(|byte| *byte == b',').any(|column| column.trim_ascii() == b"app");
    let required: &[&str] = if of_apps { &["name", "provider"] } else { &["name", "account", "client_id"] };
    let rows = records::read::<RowText>(bytes, required)?;
    let numbered = rows.into_iter().enumerate();
    let row = |(index, row): (usize, Result<RowText, String>)| Row {
        row: index + 1,
        parsed: row.and_then(NewConnection::try_from).map_err(OpsError::Invalid),
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
    fn connections_of_apps_say_which_and_nothing_that_is_the_app_s() {
        let csv = "name,provider,app,realm,grant,audience,account,client_id,scope\n\
            books,quickbooks,qb,4620816365,,,,,\n\
            market,pax8,partner,,,api://usage,,,\n\
            idp,oauth2,idp,,refresh-token,,,,read;write\n\
            acme,netsuite,,,,,1234567,abc,\n\
            bad,quickbooks,qb,1,,,1234567,,\n\
            bad,pax8,,,,,,,\n\
            bad,netsuite,qb,,,,1234567,abc,\n";
        let rows = parse(csv.as_bytes()).unwrap();
        let good = |index: usize| rows[index].parsed.as_ref().unwrap();
        let member = |index: usize| good(index).settings.member().unwrap();
        assert_eq!(good(0).app.as_ref().unwrap().as_str(), "qb");
        assert_eq!(
            (member(0).grant, member(0).realm.as_deref()),
            (GrantKind::RefreshToken, Some("4620816365"))
        );
        assert_eq!(member(1).grant, GrantKind::ClientCredentials);
        assert_eq!(member(1).audience.as_deref(), Some("api://usage"));
        assert_eq!(
            (member(2).grant, member(2).scopes.join(" ")),
            (GrantKind::RefreshToken, "read write".to_owned())
        );
        assert!(good(3).settings.netsuite().is_some());
        for (index, why) in
            [(4, "quickbooks has no account"), (5, "`app` is missing"), (6, "netsuite has no app")]
        {
            assert_eq!(rows[index].parsed.as_ref().unwrap_err().to_string(), why);
        }
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
