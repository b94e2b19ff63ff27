//! `tokenctl demo`: the whole story against the built-in simulator, told with the commands that a user would type.

mod browser;
mod login;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt as _;

use crate::app::App;
use crate::cli::sim::DemoArgs;
use crate::ops::interact::Interact as _;
use crate::output::Hint;
use crate::output::hint::command_line;
use crate::output::reports::demo::{Demo, StepRow};
use crate::sim::netsuite::{Admin, CertificateUpload, NewIntegration};
use crate::sim::{self, Simulator, SimulatorConfig};

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;

const ACCOUNT: &str = "1234567";
const ENTITY: &str = "42";
const ROLE: &str = "1000";

/// Runs `demo`: succeeds only if every step did.
pub(super) async fn run(app: &App, args: &DemoArgs) -> Result<Finished, CommandError> {
    let folder = Folder::create(args.keep.as_deref())?;
    let simulator = sim::start(SimulatorConfig::new(app.clock.clone())).await?;
    let admin = simulator.control().netsuite(ACCOUNT);
    let integration = admin.create_integration(NewIntegration::default())?;
    let mut stage =
        Stage { app, tokenctl: app.executable()?, folder: folder.path().to_owned(), steps: Vec::new() };
    let story = Story {
        token_url: format!("--token-url={}", admin.token_url()),
        client_id: integration.client_id,
        admin,
    };
    let told = story.tell(&mut stage, &simulator).await;
    simulator.stop().await;
    told?;
    let kept = args.keep.as_ref().map(|_| folder.path().display().to_string());
    Ok(Finished::report(Demo { steps: stage.steps, kept })
        .hinted(Hint::command("to begin for real, run", ["init"]))
        .hinted(Hint::command("to rehearse against the simulator, run", ["sim"])))
}

/// Where the demo's vault lives: a folder that vanishes, or a new one that stays.
enum Folder {
    Passing(tempfile::TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn create(keep: Option<&Path>) -> Result<Self, CommandError> {
        let failed = |error: std::io::Error| {
            CommandError::new(Exit::Failure, "cannot make a folder for the demo").because(error.to_string())
        };
        match keep {
            None => tempfile::tempdir().map(Self::Passing).map_err(failed),
            Some(path) => {
                std::fs::create_dir(path).map_err(failed)?;
                path.canonicalize().map(Self::Kept).map_err(failed)
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Passing(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

/// The customer's NetSuite account, and what the operator was told of it.
struct Story {
    token_url: String,
    client_id: String,
    admin: Admin,
}

impl Story {
    async fn tell(&self, stage: &mut Stage<'_>, simulator: &Simulator) -> Result<(), CommandError> {
        self.first_key(stage).await?;
        self.daily_work(stage).await?;
        self.rotation(stage).await?;
        login::tell(stage, simulator).await?;
        look_back(stage).await
    }

    async fn first_key(&self, stage: &mut Stage<'_>) -> Result<(), CommandError> {
        stage.say("A vault for the team's credentials, and an identity that opens it.");
        stage.run(&["init"]).await?;
        stage.say("A customer's NetSuite account. Its integration record gave us the client id.");
        let client_id = format!("--client-id={}", self.client_id);
        let account = format!("--account={ACCOUNT}");
        let (entity, role) = (format!("--entity={ENTITY}"), format!("--role={ROLE}"));
        stage
            .run(&[
                "connection",
                "add",
                "netsuite",
                "acme",
                &account,
                &client_id,
                &entity,
                &role,
                "--company=Acme Ltd",
                "--environment=simulator",
                &self.token_url,
            ])
            .await?;
        stage.say(
            "A key pair. The private half never leaves the vault; the certificate goes to the customer.",
        );
        stage.run(&["keygen", "acme"]).await?;
        stage.run(&["cert", "export", "acme", "--out=acme.pem"]).await?;
        let id = self.upload(stage, "acme.pem")?;
        stage.say("The key becomes active once a live exchange has proven it.");
        stage.run(&["cert", "activate", "acme", &id]).await
    }

    async fn daily_work(&self, stage: &mut Stage<'_>) -> Result<(), CommandError> {
        stage.say("Exit 0 is proof: a token was obtained just now.");
        stage.run(&["verify", "acme"]).await?;
        stage.say("Programs get a valid token; the second one comes from the sealed cache.");
        stage.run_secret(&["token", "get", "acme"]).await?;
        stage.run_secret(&["token", "get", "acme", "--format=header"]).await
    }

    async fn rotation(&self, stage: &mut Stage<'_>) -> Result<(), CommandError> {
        stage.say("A rotation: a second key beside the first, which goes on working.");
        stage.run(&["rotate", "initiate", "acme"]).await?;
        stage.run(&["cert", "export", "acme", "--out=acme-next.pem"]).await?;
        stage.run(&["verify", "acme"]).await?;
        let id = self.upload(stage, "acme-next.pem")?;
        stage.say("The new key is proven first and takes over in one commit; the old one is kept.");
        stage.run(&["rotate", "confirm", "acme", &id]).await?;
        stage.run_secret(&["token", "get", "acme"]).await?;
        stage.say("Nothing is final yet: back, and forth again.");
        stage.run(&["rotate", "rollback", "acme"]).await?;
        stage.run(&["rotate", "rollback", "acme"]).await?;
        stage.say("Once nothing needs the old key, it is destroyed.");
        stage.run(&["rotate", "retire", "acme"]).await?;
        stage.run(&["verify", "--all"]).await
    }

    /// Plays the customer's administrator; returns the flag with the id that NetSuite gave the certificate.
    fn upload(&self, stage: &mut Stage<'_>, file: &str) -> Result<String, CommandError> {
        stage.act(&format!("uploads {file} in NetSuite, with entity {ENTITY} and role {ROLE}"));
        let pem = stage.app.read_file(&stage.folder.join(file))?;
        let upload = CertificateUpload {
            certificate: String::from_utf8_lossy(&pem).into_owned(),
            entity: ENTITY.to_owned(),
            role: ROLE.to_owned(),
        };
        let id = self.admin.upload_certificate(&self.client_id, upload)?;
        Ok(format!("--certificate-id={id}"))
    }
}

async fn look_back(stage: &mut Stage<'_>) -> Result<(), CommandError> {
    stage.say("Who did what, and that nobody changed the record of it.");
    stage.run(&["audit", "list"]).await?;
    stage.run(&["audit", "verify"]).await?;
    stage.run(&["vault", "check"]).await?;
    stage.run(&["status"]).await
}

/// Runs the commands and tells the story on stderr.
struct Stage<'a> {
    app: &'a App,
    tokenctl: PathBuf,
    folder: PathBuf,
    steps: Vec<StepRow>,
}

impl Stage<'_> {
    fn say(&self, text: &str) {
        self.app.console.note("");
        self.app.console.note(&format!("# {text}"));
    }

    fn act(&mut self, what: &str) {
        self.app.console.note(&format!("# The customer's administrator {what}."));
        self.steps.push(StepRow { by: "administrator", step: what.to_owned(), code: None });
    }

    async fn run(&mut self, arguments: &[&str]) -> Result<(), CommandError> {
        let (stdout, stderr) = self.execute(arguments).await?;
        self.show(&stdout);
        self.show(&stderr);
        Ok(())
    }

    /// As [`Stage::run`] for a command that prints a token: only its beginning is shown.
    async fn run_secret(&mut self, arguments: &[&str]) -> Result<(), CommandError> {
        let (stdout, stderr) = self.execute(arguments).await?;
        let start: String = stdout.trim_end().chars().take(40).collect();
        self.show(&format!("{start}… ({} characters)\n", stdout.trim_end().chars().count()));
        self.show(&stderr);
        Ok(())
    }

    fn show(&self, text: &str) {
        text.lines().for_each(|line| self.app.console.note(line));
    }

    /// As [`Stage::run`] for a command that reads `input`, which is not shown.
    async fn run_with(&mut self, arguments: &[&str], input: &str) -> Result<(), CommandError> {
        let line = self.announce(arguments);
        let broken = |error: std::io::Error| Self::failed(&line, error.to_string());
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().map_err(broken)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await.map_err(broken)?;
        }
        let output = child.wait_with_output().await.map_err(broken)?;
        let (stdout, stderr) = self.finish(line, output)?;
        self.show(&stdout);
        self.show(&stderr);
        Ok(())
    }

    /// Returns what the command wrote to stdout and to stderr, in the order in which a terminal shows them.
    async fn execute(&mut self, arguments: &[&str]) -> Result<(String, String), CommandError> {
        let line = self.announce(arguments);
        let output = self.command(arguments).output().await;
        let output = output.map_err(|error| Self::failed(&line, error.to_string()))?;
        self.finish(line, output)
    }

    /// Shows the command line that is about to be run, and returns it.
    fn announce(&self, arguments: &[&str]) -> String {
        let line = command_line("tokenctl", arguments);
        self.app.console.note(&format!("$ {line}"));
        line
    }

    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.tokenctl);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn failed(line: &str, why: String) -> CommandError {
        CommandError::new(Exit::Failure, format!("the demo failed at `{line}`")).because(why)
    }

    /// Notes how a command ended.
    fn finish(&mut self, line: String, output: Output) -> Result<(String, String), CommandError> {
        let code = output.status.code();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let ended =
            (code != Some(0)).then(|| Self::failed(&line, format!("it ended with {}", output.status)));
        self.steps.push(StepRow { by: "operator", step: line, code });
        match ended {
            None => Ok((stdout, stderr)),
            Some(failure) => {
                self.show(&stderr);
                Err(failure)
            }
        }
    }

    /// A fresh home: nothing of the user's own configuration takes part.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = vec![("HOME".into(), self.folder.clone().into())];
        for (name, folder) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")]
        {
            environment.push((name.into(), self.folder.join(folder).into()));
        }
        if let Some(path) = self.app.search_path() {
            environment.push(("PATH".into(), path));
        }
        environment
    }
}
