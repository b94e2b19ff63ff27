//! `tokenctl cert`

use crate::app::App;
use crate::cli::cert::{ActivateArgs, CertCommand, CertificateFormat, ExportArgs, ShowArgs};
use crate::cli::connection::FilterArgs;
use crate::domain::certificate;
use crate::domain::rotation::Step;
use crate::ops::certificates::{Held, find, list};
use crate::ops::{OpsError, certificates, keys, rotate};
use crate::output::reports::KeyRow;
use crate::output::reports::certificate::{CertificateDetail, CertificateList, CertificateRow};
use crate::output::sink::Export;

use super::connection::selection;
use super::error::CommandError;
use super::finish::Finished;
use super::session;
use super::steps::{keys_report, proven_report};

/// Runs `cert …`.
pub(super) async fn run(app: &App, command: &CertCommand) -> Result<Finished, CommandError> {
    match command {
        CertCommand::Export(args) => export(app, args),
        CertCommand::Show(args) => show(app, args),
        CertCommand::List(args) => list_all(app, args),
        CertCommand::Activate(args) => activate(app, args).await,
    }
}

fn export(app: &App, args: &ExportArgs) -> Result<Finished, CommandError> {
    let doing =
        |error: CommandError| error.doing(format!("cannot export the certificate of `{}`", args.name));
    let session = session::open(app)?;
    let held = find(&session, &args.name, args.key.map(Into::into)).map_err(|error| doing(error.into()))?;
    let bytes = certificates::pem(&session, &held.key)
        .and_then(|pem| encode(&held, pem, args.format))
        .map_err(|error| doing(error.into()))?;
    let export = Export { path: &args.out, audience: app.everybody(), replace: args.force };
    let what = format!("the {} certificate of {}", held.key.state, args.name);
    Finished::exported(what, &export, bytes).map_err(|error| doing(error.into()))
}

fn encode(held: &Held, pem: String, format: CertificateFormat) -> Result<Vec<u8>, OpsError> {
    Ok(match format {
        CertificateFormat::Pem => pem.into_bytes(),
        CertificateFormat::Der => certificate::der(&pem)?,
        CertificateFormat::Jwk => {
            let jwk = certificates::public_jwk(held, &pem)?;
            let mut text = crate::output::report::to_value(&jwk).to_string();
            text.push('\n');
            text.into_bytes()
        }
    })
}

fn row(app: &App, held: &Held) -> CertificateRow {
    let key = KeyRow::new(&held.key, held.expires_at, app.clock.now());
    CertificateRow::new(&held.connection.name, &held.key, key)
}

fn show(app: &App, args: &ShowArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let doing = |error: OpsError| {
        CommandError::from(error).doing(format!("cannot show the certificate of `{}`", args.name))
    };
    let held = find(&session, &args.name, args.key.map(Into::into)).map_err(doing)?;
    let pem = certificates::pem(&session, &held.key).map_err(doing)?;
    Ok(Finished::report(CertificateDetail { certificate: row(app, &held), pem }))
}

fn list_all(app: &App, args: &FilterArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let held = list(&session, &selection(args))
        .map_err(|error| CommandError::from(error).doing("cannot list the certificates"))?;
    Ok(Finished::report(CertificateList { certificates: held.iter().map(|held| row(app, held)).collect() }))
}

async fn activate(app: &App, args: &ActivateArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| {
        CommandError::from(error).doing(format!("cannot activate the certificate of `{}`", args.name))
    };
    let session = session::open(app)?;
    let now = app.clock.now();
    if args.dry_run.dry_run {
        let of = rotate::plan(&session, &args.name, Step::Activate, args.certificate_id.as_ref())
            .map_err(doing)?;
        let mut report = keys_report(&of, "planned", now);
        report.upload.clear();
        report.plan = vec![
            "prove the key by a live exchange with its certificate id".to_owned(),
            "store the certificate id and make the key active, in one commit".to_owned(),
        ];
        return Ok(Finished::report(report));
    }
    let proven = keys::activate(&session, &args.name, args.certificate_id.as_ref()).await.map_err(doing)?;
    Ok(session::proven(app, &proven, proven_report(&proven, "activated", now)))
}
