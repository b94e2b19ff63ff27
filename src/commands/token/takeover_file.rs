//! The files that `token import --from` reads: CSV with a header line, or JSON Lines.

use serde::Deserialize;

use crate::commands::error::CommandError;
use crate::commands::records;
use crate::ops::OpsError;
use crate::ops::takeover::{Source, Takeover, TakeoverRow};
use crate::secret::{Secret, SecretBytes};

/// One row. Every member is text as serde sees it, so that no message of its can quote a token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    name: String,
    #[serde(default)]
    app: String,
    #[serde(default)]
    realm: String,
    #[serde(default)]
    company: String,
    refresh_token: String,
}

/// Reads every row; a row that cannot be read is a result of its own, a file that cannot is an error.
pub(super) fn parse(bytes: &SecretBytes) -> Result<Vec<TakeoverRow>, CommandError> {
    let rows = records::read::<RowText>(bytes.expose(), &["name", "refresh_token"])?;
    let numbered = rows.into_iter().enumerate();
    Ok(numbered
        .map(|(index, row)| TakeoverRow {
            row: index + 1,
            parsed: row.and_then(takeover).map_err(OpsError::Invalid),
        })
        .collect())
}

fn takeover(row: RowText) -> Result<Takeover, String> {
    // First into its container, so that it is wiped whatever follows.
    let token = Secret::new(row.refresh_token);
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    if token.expose().is_empty() || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the refresh token is empty or holds what no token holds".to_owned());
    }
    Ok(Takeover {
        name: row.name.parse().map_err(|error| format!("the name {error}"))?,
        app: given(row.app)
            .map(|app| app.parse().map_err(|error| format!("the app's name {error}")))
            .transpose()?,
        realm: given(row.realm),
        company: given(row.company),
        source: Source::Token(token),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<Result<String, String>> {
        let rows = parse(&Secret::new(text.as_bytes().to_vec())).unwrap();
        rows.into_iter()
            .map(|row| row.parsed.map(|one| one.name.to_string()).map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn csv_and_json_lines_say_the_same() {
        let csv = "name,app,realm,company,refresh_token\nacme,books,9130,\"Acme, Ltd\",rt1\n";
        let json =
            r#"{"name":"acme","app":"books","realm":"9130","company":"Acme, Ltd","refresh_token":"rt1"}"#;
        for text in [csv, json] {
            let rows = parse(&Secret::new(text.as_bytes().to_vec())).unwrap();
            let one = rows.into_iter().next().unwrap().parsed.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((one.name.as_str(), one.realm.as_deref()), ("acme", Some("9130")));
            assert_eq!(one.company.as_deref(), Some("Acme, Ltd"));
            let Source::Token(token) = one.source else { panic!("a file holds tokens") };
            assert!(token.matches(b"rt1"));
        }
    }

    #[test]
    fn a_bad_row_spoils_no_other_and_quotes_no_token() {
        let rows = parsed("name,refresh_token\n-x,canary1\nok,canary2\nbad,\"can ary3\"\n");
        assert!(rows[0].is_err() && rows[1].is_ok() && rows[2].is_err());
        let json = parsed(
            "{\"name\":\"a\",\"refresh_token\":\"canary4\",\"canary5\":1}\n{\"name\":\"b\",\"refresh_token\":[\"canary6\"]}\n{\"refresh_token\":\"canary7\n",
        );
        for row in rows.into_iter().chain(json) {
            if let Err(text) = row {
                for canary in ["canary1", "can ary3", "canary4", "canary6", "canary7"] {
                    assert!(!text.contains(canary), "{text}");
                }
            }
        }
    }
}
