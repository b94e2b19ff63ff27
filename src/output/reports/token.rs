//! `token get --format json`, the one report that holds a token; and `token refresh`, which holds none.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::output::report::to_value;
use crate::output::{Cell, Column, Listing, Report, Table, Tone, View};

/// The data of the envelope; written through the secret output only, never kept as a JSON value.
#[derive(Serialize, JsonSchema)]
pub struct TokenData<'a> {
    /// The connection's name.
    pub connection: &'a str,
    /// Its id.
    pub connection_id: &'a str,
    /// The bearer token.
    pub access_token: &'a str,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// When the vendor issued it, by this machine's clock.
    pub obtained_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whole seconds left.
    pub expires_in: i64,
    /// Why the vendor was asked; `null` if the cached token was good.
    pub refreshed: Option<&'static str>,
}

/// What came of renewing one connection's token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenRefreshRow {
    /// The connection's name.
    pub connection: String,
    /// The exit code that this connection alone would have had.
    pub code: u8,
    /// The name of that code.
    pub result: &'static str,
    /// Why the vendor was asked; `null` if the token that was there is good.
    pub refreshed: Option<&'static str>,
    /// When the token that is there now expires.
    pub expires_at: Option<Timestamp>,
    /// Why it failed.
    pub message: Option<String>,
    /// The causes of that.
    pub causes: Vec<String>,
}

/// `token refresh`
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenRefresh {
    /// How many vendors were asked and gave a token.
    pub refreshed: usize,
    /// How many tokens were good already.
    pub fresh: usize,
    /// How many have no fresh token.
    pub failed: usize,
    /// Every connection, by name.
    pub connections: Vec<TokenRefreshRow>,
}

impl TokenRefresh {
    /// Counts what came of it.
    pub fn new(connections: Vec<TokenRefreshRow>) -> Self {
        let count =
            |wanted: fn(&TokenRefreshRow) -> bool| connections.iter().filter(|row| wanted(row)).count();
        Self {
            refreshed: count(|row| row.code == 0 && row.refreshed.is_some()),
            fresh: count(|row| row.code == 0 && row.refreshed.is_none()),
            failed: count(|row| row.code != 0),
            connections,
        }
    }
}

impl TokenRefresh {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::of("connections", &["connection", "code", "result", "refreshed", "expires_at", "message"]);
}

impl Report for TokenRefresh {
    fn schema(&self) -> &'static str {
        "token-refresh/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("CONNECTION").shrinks(),
            Column::new("RESULT"),
            Column::new("EXPIRES"),
            Column::new("WHY").shrinks(),
        ];
        let mut table = Table::new(columns, "nothing is due");
        for row in &self.connections {
            let result = match (row.code, row.refreshed) {
                (0, Some(_)) => Cell::toned("refreshed", Tone::Good),
                (0, None) => Cell::dim("fresh"),
                _ => Cell::toned(row.result, Tone::Bad),
            };
            let why = row.message.clone().or_else(|| row.refreshed.map(str::to_owned));
            table
                .row([row.connection.as_str().into(), result, row.expires_at.map(moment).into(), why.into()]
                    as [Cell; 4]);
        }
        let summary = format!("{} refreshed, {} fresh, {} failed", self.refreshed, self.fresh, self.failed);
        View::new().table(table).line(summary)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
