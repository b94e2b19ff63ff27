//! Which variables of the program's environment say what about which connection.

use std::collections::BTreeMap;

use crate::cli::exec::ExecArgs;
use crate::commands::error::CommandError;
use crate::domain::ids::ConnectionName;
use crate::output::Hint;

/// The variable of the only connection's token.
const TOKEN: &str = "TOKENCTL_TOKEN";
/// What follows the token's variable in the name of its expiry's.
const EXPIRY: &str = "_EXPIRES_AT";

/// Where a connection's token and its expiry go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variables {
    /// The token's; named in any case, set unless a descriptor takes it.
    pub(super) token: String,
    /// The expiry's.
    pub(super) expires_at: String,
}

/// Returns the variables of each connection, in their order. No variable would be set twice.
pub(super) fn plan(args: &ExecArgs) -> Result<Vec<Variables>, CommandError> {
    let mut chosen: BTreeMap<&str, &str> = BTreeMap::new();
    for choice in &args.env {
        let name = match (&choice.connection, &args.names[..]) {
            (Some(name), _) => args.names.iter().find(|known| *known == name).ok_or_else(|| {
                CommandError::usage(format!("`--env` names `{name}`, which no token is handed over for"))
                    .hinted(Hint::text("name every connection before `--`"))
            })?,
            (None, [only]) => only,
            (None, _) => {
                return Err(CommandError::usage(format!(
                    "which connection's token goes into {} is not said",
                    choice.variable
                ))
                .hinted(Hint::text(format!(
                    "with several connections, write `--env NAME={}`",
                    choice.variable
                ))));
            }
        };
        if chosen.insert(name.as_str(), &choice.variable).is_some() {
            return Err(CommandError::usage(format!("`--env` names `{name}` twice"))
                .hinted(Hint::text("a token goes into one variable")));
        }
    }
    let mut owners: BTreeMap<String, &ConnectionName> = BTreeMap::new();
    let mut plan = Vec::with_capacity(args.names.len());
    for (place, name) in args.names.iter().enumerate() {
        if args.names[..place].contains(name) {
            return Err(CommandError::usage(format!("`{name}` is named twice"))
                .hinted(Hint::text("name each connection once")));
        }
        let token = match (chosen.get(name.as_str()), args.names.len()) {
            (Some(variable), _) => (*variable).to_owned(),
            (None, 1) => TOKEN.to_owned(),
            (None, _) => format!("{TOKEN}_{}", shouted(name)),
        };
        let variables = Variables { expires_at: format!("{token}{EXPIRY}"), token };
        for variable in [&variables.token, &variables.expires_at] {
            if let Some(other) = owners.insert(variable.clone(), name) {
                return Err(CommandError::usage(format!("`{other}` and `{name}` would share {variable}"))
                    .hinted(Hint::text(format!("choose another one with `--env {name}=VARIABLE`"))));
            }
        }
        plan.push(variables);
    }
    Ok(plan)
}

/// The name as a part of a variable: upper case, `_` for whatever no shell takes.
fn shouted(name: &ConnectionName) -> String {
    let part = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    name.as_str().chars().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, Deferred};

    fn planned(line: &str) -> Result<Vec<String>, String> {
        let words = ["tokenctl", "exec"].into_iter().chain(line.split(' ')).chain(["--", "true"]);
        let parsed = crate::cli::parse(&words.map(Into::into).collect::<Vec<_>>());
        let Ok(Cli { command: Command::Exec(Deferred(args)), .. }) = parsed else {
            panic!("{line}: {parsed:?}")
        };
        match plan(&args) {
            Ok(plan) => Ok(plan.into_iter().map(|variables| variables.token).collect()),
            Err(error) => Err(error.problem().message.to_owned()),
        }
    }

    #[test]
    fn names() {
        for (line, expected) in [
            ("acme", &["TOKENCTL_TOKEN"][..]),
            ("acme --env NETSUITE", &["NETSUITE"]),
            ("acme --env acme=NETSUITE", &["NETSUITE"]),
            ("acme --env ACME=NETSUITE", &["NETSUITE"]),
            ("acme globex", &["TOKENCTL_TOKEN_ACME", "TOKENCTL_TOKEN_GLOBEX"]),
            ("a.b-c d_1", &["TOKENCTL_TOKEN_A_B_C", "TOKENCTL_TOKEN_D_1"]),
            ("acme globex --env globex=G", &["TOKENCTL_TOKEN_ACME", "G"]),
        ] {
            assert_eq!(planned(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn collisions_and_riddles_are_refused() {
        let table: Vec<String> = [
            "acme acme",
            "acme ACME",
            "a-b a.b",
            "a a-expires-at",
            "a b --env a=X --env b=X",
            "a b --env a=X_EXPIRES_AT --env b=X",
            "a b --env X",
            "a --env b=X",
            "a --env X --env a=Y",
        ]
        .into_iter()
        .map(|line| format!("{line}: {}\n", planned(line).unwrap_err()))
        .collect();
        insta::assert_snapshot!(table.join(""), @"
        acme acme: `acme` is named twice
        acme ACME: `ACME` is named twice
        a-b a.b: `a-b` and `a.b` would share TOKENCTL_TOKEN_A_B
        a a-expires-at: `a` and `a-expires-at` would share TOKENCTL_TOKEN_A_EXPIRES_AT
        a b --env a=X --env b=X: `a` and `b` would share X
        a b --env a=X_EXPIRES_AT --env b=X: `a` and `b` would share X_EXPIRES_AT
        a b --env X: which connection's token goes into X is not said
        a --env b=X: `--env` names `b`, which no token is handed over for
        a --env X --env a=Y: `--env` names `a` twice
        ");
    }
}
