//! `tokenctl exec`

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::domain::ids::ConnectionName;

/// `exec`
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// Names of the connections
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<ConnectionName>,
    /// Variable for the token [default: TOKENCTL_TOKEN, or TOKENCTL_TOKEN_ and the name for each of several]
    #[arg(long, value_name = "[NAME=]VARIABLE", value_parser = variable)]
    pub env: Vec<TokenVariable>,
    /// Hand the tokens over by this descriptor, one line each, and in no variable
    #[arg(long, value_name = "N", conflicts_with = "env", value_parser = clap::value_parser!(i32).range(3..=1023))]
    pub token_fd: Option<i32>,
    /// Remaining lifetime that each token must have [default: 5m, at most half of its lifetime]
    #[arg(long, value_name = "DUR", value_parser = super::values::duration)]
    pub min_ttl: Option<Duration>,
    /// Stay while the program runs, and answer with valid tokens at the socket that TOKENCTL_SOCKET names
    #[arg(long)]
    pub live: bool,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub program: Vec<OsString>,
}

/// `exec --env`: the variable that takes a connection's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenVariable {
    /// Whose token; may be left out if there is only one.
    pub connection: Option<ConnectionName>,
    /// A name that every shell understands.
    pub variable: String,
}

fn variable(text: &str) -> Result<TokenVariable, String> {
    let (connection, variable) = match text.split_once('=') {
        Some((name, variable)) => {
            (Some(name.parse().map_err(|error| format!("the connection's name {error}"))?), variable)
        }
        None => (None, text),
    };
    let mut chars = variable.chars();
    let starts_well = chars.next().is_some_and(|char| char.is_ascii_alphabetic() || char == '_');
    if !starts_well || !chars.all(|char| char.is_ascii_alphanumeric() || char == '_') {
        return Err("a variable has letters, digits and `_`, and does not start with a digit".to_owned());
    }
    let is_token = variable == "TOKENCTL_TOKEN" || variable.starts_with("TOKENCTL_TOKEN_");
    if variable.starts_with("TOKENCTL_") && !is_token {
        return Err("it is one of those that tell tokenctl itself what to do".to_owned());
    }
    Ok(TokenVariable { connection, variable: variable.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables() {
        let parsed = variable("acme=NETSUITE_TOKEN").unwrap();
        assert_eq!(parsed.connection.unwrap().as_str(), "acme");
        assert_eq!(parsed.variable, "NETSUITE_TOKEN");
        for fine in ["_x", "TOKENCTL_TOKEN", "TOKENCTL_TOKEN_9"] {
            assert_eq!(variable(fine).unwrap().connection, None, "{fine}");
        }
        for wrong in ["", "9X", "A-B", "acme=", "=X", "a b=X", "TOKENCTL_VAULT", "TOKENCTL_IDENTITY", "Ä"] {
            assert!(variable(wrong).is_err(), "{wrong}");
        }
    }
}
