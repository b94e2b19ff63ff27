//! `tokenctl init` and `tokenctl vault`

use crate::app::App;
use crate::cli::vault::{
    InitArgs, RecipientAddArgs, RecipientArgs, RecipientCommand, SetRoleArgs, VaultCommand,
};
use crate::domain::role::Role;
use crate::ops::interact::Interact as _;
use crate::ops::vaults::{self, Changed, InitRequest, Recipient, RecipientKey, VaultInfo};
use crate::ops::{OpsError, Session};
use crate::output::Hint;
use crate::output::reports::vault::{
    Check, CheckRow, Info, Init, RecipientChange, RecipientList, RecipientRow,
};

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::{session, vault_care, vault_restore};

/// Runs `init`.
pub(super) fn run_init(app: &App, args: &InitArgs) -> Result<Finished, CommandError> {
    let doing = |error: CommandError| error.doing("cannot create the vault");
    let operators = args
        .recipients
        .iter()
        .map(|text| vaults::recipient_key(text))
        .collect::<Result<Vec<_>, OpsError>>()
        .map_err(|error| doing(error.into()))?;
    let identity_out = match &args.identity_out {
        Some(path) => Some(path.clone()),
        None if operators.is_empty() => Some(app.paths.config.join("identity.txt")),
        None => None,
    };
    let place = session::place(app);
    let request = InitRequest {
        place: place.clone(),
        operators: operators.clone(),
        identity_out: identity_out.clone(),
    };
    if args.dry_run.dry_run {
        vaults::check_init(&request).map_err(|error| doing(error.into()))?;
        return Ok(Finished::report(Init {
            vault: place.vault.display().to_string(),
            vault_id: None,
            pin: None,
            identity: identity_out.map(|path| path.display().to_string()),
            recipients: operators.iter().map(new_operator).collect(),
            back_up: Vec::new(),
            created: false,
        }));
    }
    let files: Vec<_> = std::iter::once(place.vault.as_path()).chain(identity_out.as_deref()).collect();
    app.prepare_folders(&files, Exit::Vault).map_err(doing)?;
    let made = vaults::init(request, &app.clock).map_err(|error| doing(error.into()))?;
    for warning in &made.created.warnings {
        app.console.warn(warning);
    }
    if made.operators.len() == 1 {
        app.console.warn(SINGLE_OPERATOR);
    }
    let report = Init {
        vault: made.created.path.display().to_string(),
        vault_id: Some(made.created.id.to_string()),
        pin: Some(made.created.pin.to_string()),
        identity: made.identity.as_ref().map(|path| path.display().to_string()),
        recipients: made.operators.iter().map(new_operator).collect(),
        back_up: vaults::to_back_up(&made.created.path, made.identity.as_deref()),
        created: true,
    };
    Ok(Finished::report(report)
        .hinted(Hint::command(
            "to let a second operator in, run",
            ["vault", "recipient", "add", "KEY", "--role=operator"],
        ))
        .hinted(Hint::command(
            "to add a connection, run",
            ["connection", "add", "netsuite", "NAME", "--account=ID", "--client-id=ID"],
        )))
}

/// Said by `init` and `status`.
pub(super) const SINGLE_OPERATOR: &str =
    "there is only one operator: if that identity is lost, so is every secret";

fn new_operator(key: &RecipientKey) -> RecipientRow {
    RecipientRow {
        public_key: key.to_string(),
        fingerprint: key.fingerprint(),
        role: Role::Operator.as_str(),
        label: None,
        added_at: None,
        you: false,
    }
}

/// Runs `vault …`.
pub(super) fn run(app: &App, command: &VaultCommand) -> Result<Finished, CommandError> {
    let with = |act: &dyn Fn(&Session) -> Result<Finished, CommandError>| {
        let session = session::open(app)?;
        let finished = act(&session);
        session.pass_on_warnings();
        finished
    };
    match command {
        VaultCommand::Info => with(&show),
        VaultCommand::Check => with(&check),
        VaultCommand::Backup(args) => with(&|session| vault_care::backup(session, args)),
        // It works where no vault opens.
        VaultCommand::Restore(args) => vault_restore::restore(app, args),
        VaultCommand::Rekey(args) => with(&|session| vault_care::rekey(session, args)),
        VaultCommand::MoveHome(args) => with(&|session| vault_care::move_home(session, args)),
        VaultCommand::Recipient(RecipientCommand::Add(args)) => with(&|session| add(session, args)),
        VaultCommand::Recipient(RecipientCommand::List) => with(&list),
        VaultCommand::Recipient(RecipientCommand::SetRole(args)) => with(&|session| set_role(session, args)),
        VaultCommand::Recipient(RecipientCommand::Remove(args)) => with(&|session| remove(session, args)),
    }
}

fn row(recipient: &Recipient, opener: &str) -> RecipientRow {
    let fingerprint = recipient.key.fingerprint();
    RecipientRow {
        you: fingerprint == opener,
        public_key: recipient.key.to_string(),
        fingerprint,
        role: recipient.role.as_str(),
        label: recipient.label.clone(),
        added_at: Some(recipient.added_at),
    }
}

pub(super) fn rows(info: &VaultInfo) -> Vec<RecipientRow> {
    let mut rows: Vec<_> = info.recipients.iter().map(|recipient| row(recipient, &info.opener)).collect();
    rows.sort_by_key(|row| row.role != Role::Operator.as_str());
    rows
}

fn show(session: &Session) -> Result<Finished, CommandError> {
    let info = vaults::info(session)?;
    let report = Info {
        path: info.path.display().to_string(),
        vault_id: info.id.to_string(),
        pin: info.pin.to_string(),
        role: info.role.as_str(),
        generation: info.generation,
        schema: info.schema,
        size: info.file_length,
        created_at: info.created_at.as_deref().and_then(|text| text.parse().ok()),
        home: info.home.path.clone(),
        at_home: info.at_home,
        home_released: info.home.is_released(),
        connections: info.counts.connections,
        keys: info.counts.keys(),
        recipients: rows(&info),
        single_operator: info.has_single_operator(),
        journal_entries: info.journal_entries,
    };
    Ok(Finished::report(report))
}

fn list(session: &Session) -> Result<Finished, CommandError> {
    Ok(Finished::report(RecipientList { recipients: rows(&vaults::info(session)?) }))
}

fn check(session: &Session) -> Result<Finished, CommandError> {
    let report = vaults::check(session)?;
    let mut failure: Option<CommandError> = None;
    let checks = report
        .items
        .into_iter()
        .map(|item| match item.outcome {
            Ok(found) => CheckRow { check: item.what, ok: true, found },
            Err(error) => {
                let found = error.to_string();
                let broken = format!("{}: {found}", item.what);
                failure = Some(match failure.take() {
                    Some(failure) => failure.because(broken),
                    None => CommandError::new(Exit::Vault, "the vault does not hold together")
                        .because(broken)
                        .hinted(Hint::text(
                            "stop writing to it, and copy the vault and everything beside it first",
                        )),
                });
                CheckRow { check: item.what, ok: false, found }
            }
        })
        .collect();
    let finished = Finished::report(Check { checks });
    Ok(match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    })
}

fn add(session: &Session, args: &RecipientAddArgs) -> Result<Finished, CommandError> {
    let doing = |error: CommandError| error.doing("cannot add the recipient");
    let key = vaults::recipient_key(&args.key).map_err(|error| doing(error.into()))?;
    let role = Role::from(args.role);
    if args.dry_run.dry_run {
        let recipient = RecipientRow { label: args.label.clone(), role: role.as_str(), ..new_operator(&key) };
        return planned(session, recipient, false);
    }
    let before = vaults::info(session)?;
    let changed = vaults::add_recipient(session, &key, role, args.label.clone())
        .map_err(|error| doing(error.into()))?;
    let pin = &before.pin;
    Ok(change(&before, "added", &changed).hinted(Hint::text(format!(
        "give them the pin; anywhere in their identity file goes the line `# tokenctl-vault-pin: {pin}`"
    ))))
}

fn set_role(session: &Session, args: &SetRoleArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing("cannot change the role");
    let role = Role::from(args.role);
    if args.dry_run.dry_run {
        let who = vaults::recipient(session, &args.recipient).map_err(doing)?;
        let rekeys = who.role == Role::Operator && role == Role::Viewer;
        return planned(session, RecipientRow { role: role.as_str(), ..row(&who, "") }, rekeys);
    }
    let before = vaults::info(session)?;
    let changed = vaults::set_role(session, &args.recipient, role).map_err(doing)?;
    Ok(change(&before, "changed", &changed))
}

fn remove(session: &Session, args: &RecipientArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing("cannot remove the recipient");
    if args.dry_run.dry_run {
        let who = vaults::recipient(session, &args.recipient).map_err(doing)?;
        return planned(session, row(&who, ""), who.role == Role::Operator);
    }
    let before = vaults::info(session)?;
    let changed = vaults::remove_recipient(session, &args.recipient).map_err(doing)?;
    Ok(change(&before, "removed", &changed))
}

fn planned(session: &Session, recipient: RecipientRow, rekeyed: bool) -> Result<Finished, CommandError> {
    let pin = vaults::info(session)?.pin.to_string();
    Ok(Finished::report(RecipientChange { action: "planned", recipient, rekeyed, pin, exposed_keys: 0 }))
}

/// What a change did, told from what was known `before`: whoever removed themselves can read nothing after it, and
/// must still learn the pin that everybody else needs.
fn change(before: &VaultInfo, action: &'static str, changed: &Changed) -> Finished {
    let rekeyed = changed.rekeyed.as_ref();
    let pin = rekeyed.map_or(&before.pin, |rekeyed| &rekeyed.pin).to_string();
    let report = RecipientChange {
        action,
        recipient: row(&changed.recipient, &before.opener),
        rekeyed: rekeyed.is_some(),
        pin: pin.clone(),
        // Whoever was an operator has seen every one.
        exposed_keys: if rekeyed.is_some() { before.counts.keys() } else { 0 },
    };
    let finished = Finished::report(report);
    match rekeyed {
        None => finished,
        Some(_) => finished.hinted(pin_changed(&pin)).hinted(Hint::command(
            "keys that were exposed should be replaced; to see whose they are, run",
            ["status"],
        )),
    }
}

/// What everybody else must be told after a rekey.
pub(super) fn pin_changed(pin: &str) -> Hint {
    Hint::text(format!(
        "the pin changed: everybody else who opens this vault needs the line `# tokenctl-vault-pin: {pin}` in the identity file"
    ))
}
