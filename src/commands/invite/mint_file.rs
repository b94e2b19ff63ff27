//! The file that `invite mint --from-csv` reads: a header line, and a row for each invitation.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::invite::claim;
use crate::cli::values::positive_duration;
use crate::commands::CommandError;
use crate::ops::OpsError;
use crate::ops::invites::MintRequest;

/// One row, in the words of the flags of `invite mint`; unknown columns are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    email: String,
    company: String,
    #[serde(default)]
    requester: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    ttl: String,
    #[serde(default)]
    uses: String,
    /// Separated by spaces, commas or semicolons.
    #[serde(default)]
    scope: String,
    /// `K=V` pairs, separated by semicolons.
    #[serde(default)]
    claims: String,
}

/// A row of the file by its number, or why it cannot be read; errors never quote an address.
pub(super) type Row = (usize, Result<MintRequest, OpsError>);

/// Reads every row; a row that cannot be read is a result of its own, a file that cannot is an error.
pub(super) fn parse(bytes: &[u8], defaults: &MintDefaults) -> Result<Vec<Row>, CommandError> {
    let text = std::str::from_utf8(bytes).map_err(|_| CommandError::usage("the file is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| CommandError::usage(error.to_string()))?.clone();
    for required in ["email", "company"] {
        if !header.iter().any(|column| column == required) {
            return Err(CommandError::usage(format!("the header line has no column `{required}`")));
        }
    }
    let rows: Vec<Row> = reader
        .records()
        .enumerate()
        .map(|(index, record)| {
            let row = record.and_then(|record| record.deserialize::<RowText>(Some(&header)));
            let request = row.map_err(|error| error.to_string()).and_then(|row| request(&row, defaults));
            (index + 1, request.map_err(OpsError::Invalid))
        })
        .collect();
    if rows.is_empty() { Err(CommandError::usage("the file holds no rows")) } else { Ok(rows) }
}

/// What the flags say for every row.
pub(super) struct MintDefaults {
    /// The life of the tokens, in seconds.
    pub(super) ttl_seconds: Option<u64>,
    /// Whether the tokens name the e-mail address.
    pub(super) email_in_token: bool,
}

fn request(row: &RowText, defaults: &MintDefaults) -> Result<MintRequest, String> {
    let ttl = match row.ttl.as_str() {
        "" => defaults.ttl_seconds,
        text => Some(positive_duration(text).map_err(|error| format!("ttl: {error}"))?.as_secs()),
    };
    let uses = match row.uses.as_str() {
        "" => 1,
        text => text.parse().map_err(|_| "uses: it is not a number".to_owned())?,
    };
    let words = |text: &str| -> Vec<String> {
        text.split([' ', ',', ';']).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
    };
    let scopes = words(&row.scope).iter().map(|word| word.parse()).collect::<Result<_, _>>();
    let claims: BTreeMap<_, _> = row
        .claims
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(claim)
        .collect::<Result<_, _>>()?;
    Ok(MintRequest {
        email: row.email.parse().map_err(|error| format!("email: {error}"))?,
        company: row.company.parse().map_err(|error| format!("company: {error}"))?,
        requester: optional("requester", &row.requester)?,
        purpose: optional("purpose", &row.purpose)?,
        ttl_seconds: ttl,
        uses,
        scopes: scopes.map_err(|error| format!("scope: {error}"))?,
        claims,
        email_in_token: defaults.email_in_token,
    })
}

/// An empty cell is a value that was not given.
fn optional<T>(column: &str, text: &str) -> Result<Option<T>, String>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| format!("{column}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: MintDefaults = MintDefaults { ttl_seconds: None, email_in_token: false };

    fn rows(text: &str) -> Vec<Result<MintRequest, String>> {
        let rows = parse(text.as_bytes(), &DEFAULTS).unwrap();
        rows.into_iter().map(|(_, request)| request.map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn every_column_is_read() {
        let text = "email,company,requester,purpose,ttl,uses,scope,claims\n\
                    ann@supplier.example,\"Acme, Ltd\",u1,audit,2d,3,supplier.onboard;supplier.read,po=4711;site=north\n";
        let request = rows(text).remove(0).unwrap();
        assert_eq!((request.ttl_seconds, request.uses), (Some(172_800), 3));
        assert_eq!(request.company.as_str(), "Acme, Ltd");
        assert_eq!(request.scopes.len(), 2);
        assert_eq!(request.claims.len(), 2);
    }

    #[test]
    fn a_bad_row_says_which_column_and_quotes_no_address() {
        let text = "email,company,uses,claims\n\
                    not-an-address,A,,\nann@supplier.example,,,\nann@supplier.example,A,x,\n\
                    ann@supplier.example,A,,iss=me\nann@supplier.example,A,,\n";
        let found = rows(text);
        for (row, start) in found.iter().zip(["email:", "company:", "uses:", "the name `iss`"]) {
            let error = row.as_ref().unwrap_err();
            assert!(error.starts_with(start) && !error.contains("supplier.example,"), "{error}");
        }
        assert!(!found[0].as_ref().unwrap_err().contains("not-an-address"));
        assert!(found[4].is_ok());
    }

    #[test]
    fn a_file_without_rows_or_columns_is_an_error() {
        for text in ["", "email\n", "email,company\n", "company\nA\n"] {
            assert!(parse(text.as_bytes(), &DEFAULTS).is_err(), "{text:?}");
        }
        assert!(rows("email,company,colour\na@b.example,A,red\n")[0].is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_file_can_cause_a_panic(
            head in "(email,company(,[a-z]{0,9}){0,3}\n)?",
            body in "(\"|,|\n|;|=|@|\\PC){0,60}",
        ) {
            let _ = parse(format!("{head}{body}").as_bytes(), &DEFAULTS);
        }
    }
}
