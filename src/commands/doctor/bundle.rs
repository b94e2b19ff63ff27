//! `doctor --bundle`: one file for a support ticket, without secrets and, unless asked for, without names.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::doctor::DoctorArgs;
use crate::commands::error::CommandError;
use crate::ops::history::{self, Filter};
use crate::ops::{Session, doctor, vaults};
use crate::output::report::Report as _;
use crate::output::reports::doctor::Doctor;
use crate::output::sanitize::{redacted, safe_json};
use crate::output::sink::{Audience, Export, write_file};

/// Records of the audit log that are included: the newest.
const RECORDS: usize = 200;

/// Writes the bundle, for its owner's eyes alone.
pub(super) fn write(
    app: &App,
    args: &DoctorArgs,
    path: &Path,
    report: &Doctor,
    session: Option<&Session>,
) -> Result<(), CommandError> {
    let mut document = json!({
        "schema": "tokenctl.doctor-bundle/1",
        "made_at": app.clock.now().to_string(),
        "tokenctl": env!("CARGO_PKG_VERSION"),
        "platform": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
        "names": args.with_names,
        "settings": settings(app),
        "vault": session.and_then(vault),
        "report": report.data(),
        "audit": session.map(|session| audit(session, args.with_names)),
    });
    let home = app.paths.home.display().to_string();
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    if let (false, Some(session)) = (args.with_names, session) {
        aliases = doctor::names(session)?;
    }
    aliases.insert(home, "~".to_owned());
    // The longest first: a name may be the beginning of another.
    let mut aliases: Vec<_> = aliases.into_iter().collect();
    aliases.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    rewrite(&mut document, &aliases);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    let mut bytes = safe_json(&text).into_owned().into_bytes();
    bytes.push(b'\n');
    Ok(write_file(&Export { path, audience: Audience::Owner, replace: args.force }, &bytes)?)
}

/// What decides how a command behaves; no value of it is a secret, and a proxy's is left out because it may be.
fn settings(app: &App) -> Value {
    let wanted = &app.settings;
    json!({
        "vault": wanted.vault.display().to_string(),
        "vault_pin": wanted.vault_pin.is_some(),
        "config": app.config.display().to_string(),
        "output": wanted.output.as_str(),
        "timeout_seconds": wanted.timeout.as_secs(),
        "deadline_seconds": wanted.deadline.as_secs(),
        "lock_timeout_seconds": wanted.lock_timeout.as_secs(),
        "no_input": wanted.no_input,
        "variables": app.environment.present().collect::<Vec<_>>(),
        "proxies": app.environment.proxies(),
    })
}

fn vault(session: &Session) -> Option<Value> {
    let info = vaults::info(session).ok()?;
    Some(json!({
        "id": info.id.to_string(),
        "generation": info.generation,
        "schema": info.schema,
        "role": info.role.as_str(),
        "at_home": info.at_home,
        "recipients": info.recipients.len(),
        "file_length": info.file_length,
        "connections": info.counts.connections,
        "keys": info.counts.keys(),
        "journal_entries": info.journal_entries,
    }))
}

/// The newest records as they are stored: they hold random ids, and the account that did it unless names are left out.
fn audit(session: &Session, with_names: bool) -> Value {
    let lines = match history::export(session, &Filter::default()) {
        Ok(lines) => lines,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let all: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let newest = all.iter().skip(all.len().saturating_sub(RECORDS));
    let records = newest.filter_map(|line| serde_json::from_slice::<Value>(line).ok()).map(|mut record| {
        if let (false, Some(actor)) = (with_names, record["actor"].as_object_mut()) {
            actor.retain(|name, _| name == "recipient");
        }
        record
    });
    Value::Array(records.collect())
}

/// Rewrites every text: names become what stands for them, and whatever looks like a secret goes.
fn rewrite(value: &mut Value, aliases: &[(String, String)]) {
    match value {
        Value::String(text) => {
            let told = aliases.iter().fold(text.clone(), |text, (name, alias)| replaced(&text, name, alias));
            *text = redacted(&told).into_owned();
        }
        Value::Array(all) => all.iter_mut().for_each(|value| rewrite(value, aliases)),
        Value::Object(all) => all.values_mut().for_each(|value| rewrite(value, aliases)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces a name where it stands by itself: not within a longer word.
fn replaced(text: &str, name: &str, alias: &str) -> String {
    if name.is_empty() {
        return text.to_owned();
    }
    let inside =
        |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_' || char == '-');
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let last = before.chars().next_back().or_else(|| done.chars().next_back());
        let alone = !inside(last) && !inside(after.chars().next());
        done.push_str(before);
        done.push_str(if alone { alias } else { name });
        rest = after;
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_replaced_where_it_stands_alone() {
        for (text, told) in [
            ("acme", "ID"),
            ("`acme` and acme/exchange, acme.", "`ID` and ID/exchange, ID."),
            ("acme-books, my-acme, acme2, macme", "acme-books, my-acme, acme2, macme"),
            ("", ""),
            ("acmeacme acme", "acmeacme ID"),
        ] {
            assert_eq!(replaced(text, "acme", "ID"), told, "{text}");
        }
        assert_eq!(replaced("ab", "", "ID"), "ab");
    }
}
