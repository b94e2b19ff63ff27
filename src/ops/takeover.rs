//! Grants that another system holds, or that were kept apart: taken over without asking anybody to consent again.

use crate::domain::app::App;
use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::domain::grant::{Grant, GrantState, GrantTokens, Renewal, StoredGrant};
use crate::domain::ids::{AppName, ConnectionId, ConnectionName, QuarantineId};
use crate::domain::settings::{GrantKind, MemberSettings, Settings};
use crate::domain::token::token_hash;
use crate::providers;
use crate::secret::SecretString;
use crate::vault::{Rows, VaultError};

use super::{AppError, GrantError, OpsError, Session};

/// A grant to be taken over.
pub struct Takeover {
    /// The connection; it is added if it is not there.
    pub name: ConnectionName,
    /// The app that the grant was given to; may be left out for a connection that is there.
    pub app: Option<AppName>,
    /// The customer's account that the grant is for.
    pub realm: Option<String>,
    /// The company of a connection that is added, by display name.
    pub company: Option<String>,
    /// Its refresh token.
    pub source: Source,
}

/// Where a refresh token comes from.
pub enum Source {
    /// Another system, which must have stopped using it.
    Token(SecretString),
    /// The quarantine, which it leaves.
    Quarantine(QuarantineId),
}

/// One row of a file, if it could be read.
pub struct TakeoverRow {
    /// Its number, from 1.
    pub row: usize,
    /// What it says, or why it cannot be read.
    pub parsed: Result<Takeover, OpsError>,
}

/// What became of a row.
pub struct TakenOver {
    /// Its number, from 1.
    pub row: usize,
    /// The connection that holds the grant now, or would.
    pub result: Result<Connection, OpsError>,
}

/// Takes over every grant that can be, in one commit; each row's own failure is in its [`TakenOver`].
///
/// With `dry_run` nothing is stored.
pub fn take_over(
    session: &Session,
    rows: Vec<TakeoverRow>,
    dry_run: bool,
) -> Result<Vec<TakenOver>, OpsError> {
    session.vault.require_writable()?;
    let plan = session.vault.read(|vault| {
        let plan = |row: &TakeoverRow| {
            let wanted = row.parsed.as_ref().ok()?;
            Some(prepare(session, vault, wanted).map(|(connection, ..)| connection))
        };
        Ok::<_, OpsError>(rows.iter().map(plan).collect::<Vec<_>>())
    })?;
    let affected: Vec<_> =
        plan.iter().filter_map(|one| Some(one.as_ref()?.as_ref().ok()?.id.clone())).collect();
    if affected.is_empty() || dry_run {
        let taken = rows.into_iter().zip(plan).map(|(row, plan)| TakenOver {
            row: row.row,
            result: match (row.parsed, plan) {
                (Ok(_), Some(plan)) => plan,
                (Err(error), _) => Err(error),
                (Ok(_), None) => Err(OpsError::EmptySelection),
            },
        });
        return Ok(taken.collect());
    }
    let event = AuditEvent::new(Action::GrantImport).on_all(&affected);
    session.vault.transact::<_, OpsError>(&event, |vault| {
        let mut taken = Vec::with_capacity(rows.len());
        for (row, plan) in rows.into_iter().zip(plan) {
            let id = plan.and_then(Result::ok).map(|planned| planned.id);
            let result = match row.parsed.and_then(|one| store(session, vault, one, id)) {
                // A vault that fails is not one row's failure.
                Err(OpsError::Vault(error)) if !matches!(error, VaultError::Taken(_)) => {
                    return Err(error.into());
                }
                result => result,
            };
            taken.push(TakenOver { row: row.row, result });
        }
        Ok(taken)
    })
}

/// The connection as it will be, whether it is there already, and the app that it belongs to.
fn prepare(
    session: &Session,
    rows: &Rows<'_>,
    wanted: &Takeover,
) -> Result<(Connection, bool, App), OpsError> {
    let found = rows.connection(&wanted.name)?;
    let app = match (&found, &wanted.app) {
        (_, Some(name)) => {
            rows.app(name)?.ok_or_else(|| AppError::NotFound { name: name.clone(), nearest: None })?
        }
        (Some(connection), None) => {
            let id = connection.app.as_ref().ok_or_else(|| no_grant_possible(connection))?;
            rows.app_by_id(id)?.ok_or_else(|| VaultError::damaged("a connection's app is not there"))?
        }
        (None, None) => {
            return Err(OpsError::Invalid("a connection that is not there yet needs `--app`".to_owned()));
        }
    };
    let Some(mut connection) = found else {
        let connection = added(session, wanted, &app)?;
        rows.check_unique(&connection)?;
        return Ok((connection, false, app));
    };
    if connection.app.as_ref() != Some(&app.id) || connection.settings.grant() != GrantKind::RefreshToken {
        return Err(no_grant_possible(&connection));
    }
    if let Some(grant) = rows.grant_facts(&connection.id)?
        && !matches!(grant.state, GrantState::Reconnect { .. } | GrantState::Revoked { .. })
    {
        return Err(GrantError::Holds(connection.name).into());
    }
    if let (Settings::Member(member), Some(realm)) = (&mut connection.settings, &wanted.realm) {
        match &member.realm {
            Some(known) if known != realm => {
                return Err(GrantError::OtherRealm {
                    name: connection.name,
                    expected: known.clone(),
                    found: realm.clone(),
                }
                .into());
            }
            _ => member.realm = Some(realm.clone()),
        }
    }
    Ok((connection, true, app))
}

fn no_grant_possible(connection: &Connection) -> OpsError {
    OpsError::Invalid(format!("`{}` holds no refresh token: it gets its tokens otherwise", connection.name))
}

fn added(session: &Session, wanted: &Takeover, app: &App) -> Result<Connection, OpsError> {
    let vendor = providers::descriptor(app.provider);
    if !vendor.grants.contains(&GrantKind::RefreshToken) {
        return Err(OpsError::Invalid(format!("{} gives no refresh tokens", vendor.name)));
    }
    if vendor.realm.is_some() && wanted.realm.is_none() {
        return Err(OpsError::Invalid(format!("{} needs `--realm`", vendor.name)));
    }
    let settings =
        MemberSettings { realm: wanted.realm.clone(), ..MemberSettings::new(GrantKind::RefreshToken) };
    let now = session.clock.now();
    Ok(Connection {
        id: ConnectionId::new(),
        name: wanted.name.clone(),
        provider: app.provider,
        environment: app.environment,
        enabled: true,
        company: None,
        app: Some(app.id.clone()),
        settings: settings.into(),
        previous_settings: None,
        previous_environment: None,
        tags: std::collections::BTreeMap::new(),
        created_at: now,
        updated_at: now,
    })
}

/// Stores a grant; a connection that is added gets the id that it was recorded under.
fn store(
    session: &Session,
    rows: &Rows<'_>,
    wanted: Takeover,
    recorded: Option<ConnectionId>,
) -> Result<Connection, OpsError> {
    let (mut connection, is_there, app) = prepare(session, rows, &wanted)?;
    if let (false, Some(id)) = (is_there, recorded) {
        connection.id = id;
    }
    let now = session.clock.now();
    let (current, renewal) = match wanted.source {
        Source::Token(token) => {
            let renewal = Renewal { hash: token_hash(&token), expires_at: None, hard_expires_at: None };
            (token, renewal)
        }
        Source::Quarantine(id) => {
            let found = rows.quarantined_grant(&id)?.ok_or_else(|| GrantError::NotQuarantined(id.clone()))?;
            let (facts, token) = found;
            if facts.app != app.id
                || (facts.realm.is_some() && facts.realm.as_deref() != connection.settings.account())
            {
                return Err(GrantError::Elsewhere { name: connection.name, realm: facts.realm }.into());
            }
            rows.drop_quarantined(&id)?;
            let renewal = Renewal {
                hash: token_hash(&token),
                expires_at: facts.expires_at,
                hard_expires_at: facts.hard_expires_at,
            };
            (token, renewal)
        }
    };
    if is_there {
        connection.updated_at = now;
        rows.update_connection(&connection)?;
        rows.drop_token(&connection.id)?;
    } else {
        connection.company = wanted.company.map(|name| rows.ensure_company(&name)).transpose()?;
        rows.insert_connection(&connection)?;
    }
    let grant = Grant::new(renewal, now);
    let tokens = Some(GrantTokens { current, predecessor: None });
    rows.put_grant(&connection.id, &StoredGrant { grant, tokens })?;
    Ok(connection)
}
