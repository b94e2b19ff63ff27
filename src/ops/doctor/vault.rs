//! The vault and everything beside it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::domain::counted::counted;
use crate::domain::grant::GrantState;
use crate::domain::health::{Ailment, Check, Fix, mode_problem};
use crate::ops::backups::{self, Unsaved};
use crate::ops::{OpsError, Session, history};
use crate::vault::{VaultError, VaultInfo};

use super::machine::chmod;

pub(super) fn check(session: &Session) -> Result<Check, OpsError> {
    let info = session.vault.info()?;
    let parts = vec![
        opened(&info),
        home(&info),
        operators(&info),
        backup(session)?,
        modes(session),
        journal(session, &info)?,
        audit(session),
    ];
    Ok(Check::group("vault", info.path.display().to_string(), parts))
}

fn opened(info: &VaultInfo) -> Check {
    let VaultInfo { generation, role, counts, .. } = info;
    let connections = counts.connections;
    Check::ok(
        "open",
        format!("generation {generation}, {}, you are {}", counted(connections, "connection"), role.as_str()),
    )
}

fn home(info: &VaultInfo) -> Check {
    if info.at_home {
        return Check::ok("home", "this is where it is written");
    }
    Check::warning("home", "it is read-only here")
        .because(
            "it is written at one place, its home; elsewhere nothing is recorded and no grant is refreshed",
        )
        .fix(Fix::run("to see where that is, run", ["vault", "info"]))
}

fn operators(info: &VaultInfo) -> Check {
    if !info.has_single_operator() {
        return Check::ok("operators", "more than one can open its secrets");
    }
    Check::warning("operators", "a single operator can open its secrets")
        .because("if that identity is lost, so is every secret")
        .fix(Fix::run("to let a second one in, run", ["vault", "recipient", "add", "KEY", "--role=operator"]))
}

fn backup(session: &Session) -> Result<Check, OpsError> {
    let (what, because) = match backups::unsaved_anywhere(session)? {
        None => return Ok(Check::ok("backup", "no key and no grant is newer than the last one made here")),
        Some(Unsaved::Never) => ("none was made on this machine", "if this disk is lost, so is every secret"),
        Some(Unsaved::Older(_)) => {
            ("the last one made here is too old", "keys or grants are newer than it, and not in it")
        }
    };
    let fix = Fix::run("to make one, run", ["vault", "backup", "OUT"]);
    Ok(Check::warning("backup", what).because(because).fix(fix))
}

/// The modes of the vault file and of what lies beside it; what only its owner can look at is left out for others.
fn modes(session: &Session) -> Check {
    let location = session.vault.location();
    let folders = [location.locks(), location.journal(), location.audit()];
    let files = [location.vault(), location.previous()];
    let problem = |path: &Path, readable| {
        let mode = path.symlink_metadata().ok()?.mode();
        Some((path.to_owned(), mode_problem(mode, readable)?))
    };
    let found: Vec<_> = files
        .iter()
        .filter_map(|path| problem(path, true))
        .chain(folders.iter().filter_map(|path| problem(path, false)))
        .collect();
    let Some((first, what)) = found.first() else {
        return Check::ok("modes", "nobody else can write the vault or what lies beside it");
    };
    let check = Check::failed("modes", Ailment::Refused, format!("{} {what}", first.display()));
    found.iter().fold(check, |check, (path, _)| check.fix(chmod("go-rwx", path)))
}

fn journal(session: &Session, info: &VaultInfo) -> Result<Check, OpsError> {
    let Some(entries) = info.journal_entries else {
        return Ok(Check::skipped("journal", "only the owner's account can look at it"));
    };
    let uncertain = session.vault.read_now(|rows, journalled| {
        let mut grants = rows.all_grant_facts()?;
        grants.extend(journalled.iter().map(|(id, grant)| (id.clone(), grant.clone())));
        let open =
            |state: &GrantState| matches!(state, GrantState::Sending { .. } | GrantState::Uncertain { .. });
        Ok::<_, OpsError>(grants.values().filter(|grant| open(&grant.state)).count())
    })?;
    if uncertain > 0 {
        return Ok(Check::warning("journal", format!("{uncertain} refreshes have no answer"))
            .because("a process ended, or an answer was lost, while a refresh token was on its way")
            .fix(Fix::run("to see whose, run", ["status"]))
            .fix(Fix::run("to send each once more, run", ["token", "refresh", "--all", "--due"])));
    }
    Ok(Check::ok(
        "journal",
        format!("waiting for the next commit: {}; every refresh has its answer", counted(entries, "entry")),
    ))
}

fn audit(session: &Session) -> Check {
    match history::verify(session) {
        Ok((found, _)) if found.interrupted > 0 => Check::warning(
            "audit",
            format!(
                "{}, unbroken; {} without an outcome",
                counted(found.records, "record"),
                found.interrupted
            ),
        )
        .because("those operations were interrupted")
        .fix(Fix::run("to see which, run", ["audit", "list"])),
        Ok((found, _)) => Check::ok("audit", format!("{}, unbroken", counted(found.records, "record"))),
        Err(OpsError::AuditClosed) => Check::skipped("audit", "only the owner's account can read it"),
        Err(error) => {
            let kind = match &error {
                OpsError::Vault(VaultError::UnsafeFile { .. }) => Ailment::Refused,
                _ => Ailment::Vault,
            };
            Check::failed("audit", kind, error.to_string())
                .because("records were edited, deleted or cannot be read")
                .fix(Fix::run("to see how far it holds, run", ["audit", "verify"]))
        }
    }
}
