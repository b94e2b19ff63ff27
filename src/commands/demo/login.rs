//! A company is connected through a browser that nobody sees.

use std::net::Ipv4Addr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpListener;

use super::{Stage, browser};
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::sim::Simulator;
use crate::sim::quickbooks::{Keys, NewApp, NewCompany};

const COMPANY: &str = "Acme Books";

/// Tells how a QuickBooks company is connected, and that its refresh token rotates.
pub(super) async fn tell(stage: &mut Stage<'_>, simulator: &Simulator) -> Result<(), CommandError> {
    let intuit = simulator.control().quickbooks();
    let uri = format!("http://localhost:{}/quickbooks/callback", free_port().await?);
    let new = NewApp { keys: Keys::Development, redirect_uris: vec![uri.clone()], ..NewApp::default() };
    let app = intuit.register_app(new)?;
    let company = intuit.add_company(NewCompany { realm: None, name: COMPANY.to_owned() })?;
    intuit.set_auto_approve(Some(&company.realm))?;

    stage.say("A QuickBooks app, which many companies share. Its client secret comes by standard input.");
    let flags = [
        format!("--client-id={}", app.client_id),
        format!("--token-url={}", intuit.token_url()),
        format!("--redirect-uri={uri}"),
    ];
    let [client_id, token_url, redirect_uri] = flags.each_ref().map(String::as_str);
    let add =
        ["app", "add", "quickbooks", "books", client_id, "--client-secret-file=-", "--environment=simulator"];
    stage.run_with(&[&add[..], &[token_url, redirect_uri]].concat(), &app.client_secret).await?;
    stage.say("Somebody at the customer's logs in. The demo plays the browser, so that no window opens.");
    log_in(stage, &["login", "books", "--no-browser"]).await?;
    stage.say(
        "A refresh token that rotates is sent once, and its successor is on disk before anybody hears of it.",
    );
    stage.run(&["token", "refresh", "acme-books"]).await?;
    stage.run_secret(&["token", "get", "acme-books"]).await
}

/// Runs a login and goes where it sends people.
async fn log_in(stage: &mut Stage<'_>, arguments: &[&str]) -> Result<(), CommandError> {
    let line = stage.announce(arguments);
    let failed = |why: String| Stage::failed(&line, why);
    let broken = |error: std::io::Error| failed(error.to_string());
    let mut child = stage.command(arguments).spawn().map_err(broken)?;
    let mut stderr =
        BufReader::new(child.stderr.take().ok_or_else(|| failed("it has no stderr".to_owned()))?);
    let mut said = String::new();
    let address = loop {
        let before = said.len();
        if stderr.read_line(&mut said).await.map_err(broken)? == 0 {
            break None;
        }
        let address = said[before..].trim();
        if address.starts_with("http://") {
            break Some(address.to_owned());
        }
    };
    if let Some(address) = address {
        browser::follow(&address).await.map_err(failed)?;
        stage.act(&format!("logs in to QuickBooks and chooses {COMPANY}"));
    }
    stderr.read_to_string(&mut said).await.map_err(broken)?;
    let mut output = child.wait_with_output().await.map_err(broken)?;
    output.stderr = said.into_bytes();
    let (stdout, stderr) = stage.finish(line, output)?;
    stage.show(&stdout);
    stage.show(&stderr);
    Ok(())
}

/// A port for the redirect URI, which the vendor compares as text.
async fn free_port() -> Result<u16, CommandError> {
    let found = async { TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr() }.await;
    let found = found
        .map_err(|error| CommandError::from_error(Exit::Failure, &error).doing("cannot find a free port"));
    Ok(found?.port())
}
