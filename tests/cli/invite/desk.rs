//! A vault with an issuer, at a time that the test moves.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::common::{Place, Ran};

pub(super) const ISSUER: &str = "https://invite.example";
pub(super) const AUDIENCE: &str = "supplier-app";

pub(super) struct Desk {
    pub(super) place: Place,
    now: Cell<Timestamp>,
}

impl Desk {
    /// A vault without an issuer.
    pub(super) fn bare() -> Self {
        let desk = Self { place: Place::new(), now: Cell::new("2027-03-01T12:00:00Z".parse().unwrap()) };
        desk.ok(&["init"]);
        desk
    }

    /// An issuer of standard tokens.
    pub(super) fn new() -> Self {
        let desk = Self::bare();
        desk.ok(&[
            "invite",
            "issuer",
            "set",
            "--issuer=https://invite.example",
            "--audience=supplier-app",
            "--link-base=https://app.example/start",
        ]);
        desk
    }

    /// An issuer of tokens for SAP's libraries.
    pub(super) fn sap() -> Self {
        let desk = Self::bare();
        desk.ok(&[
            "invite",
            "issuer",
            "set",
            "--profile=xsuaa",
            "--issuer=https://invite.example",
            "--link-base=https://app.example/start",
            "--xsappname=app!t123",
            "--client-id=sb-app!t123",
            "--zone=zone-1",
        ]);
        desk
    }

    pub(super) fn wait(&self, by: SignedDuration) {
        self.now.set(self.now.get() + by);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now.get()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("TOKENCTL_TEST_NOW", self.now.get().to_string());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.finish(&mut self.command(arguments))
    }

    #[track_caller]
    pub(super) fn ok(&self, arguments: &[&str]) -> Ran {
        self.ends(0, arguments)
    }

    #[track_caller]
    pub(super) fn ends(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{ran}");
        ran
    }

    /// The data of the envelope, whatever the exit code.
    #[track_caller]
    pub(super) fn data(&self, arguments: &[&str]) -> Value {
        // First, since some arguments stand behind `--`.
        let ran = self.run(&[&["-o", "json"], arguments].concat());
        let mut envelope: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"));
        envelope["data"].take()
    }

    /// Mints for an address; returns the invitation's id and a file with its token.
    #[track_caller]
    pub(super) fn mint_for(&self, email: &str, flags: &[&str]) -> (String, String) {
        let email = format!("--email={email}");
        let data = self.data(&[&["invite", "mint", &email, "--company=Acme Ltd"], flags].concat());
        let id = data["id"].as_str().unwrap_or_else(|| panic!("{data}")).to_owned();
        let file = format!("{id}.token");
        self.place.put(&file, data["token"].as_str().unwrap());
        (id, file)
    }

    pub(super) fn mint(&self) -> (String, String) {
        self.mint_for("ann@supplier.example", &[])
    }

    /// One whose link was delivered.
    pub(super) fn sent(&self) -> (String, String) {
        let (id, file) = self.mint();
        self.ok(&["invite", "sent", &id]);
        (id, file)
    }

    /// One that waits for its redemption.
    pub(super) fn submitted(&self) -> (String, String) {
        let (id, file) = self.sent();
        for step in ["access", "start", "submit"] {
            self.ok(&["invite", step, &file]);
        }
        (id, file)
    }

    pub(super) fn state(&self, id: &str) -> String {
        self.data(&["invite", "list", id])["invitations"][0]["state"].as_str().unwrap().to_owned()
    }

    pub(super) fn token(&self, file: &str) -> String {
        std::fs::read_to_string(self.place.home().join(file)).unwrap()
    }

    /// The reasons of all alerts, oldest first.
    pub(super) fn alerts(&self) -> Vec<String> {
        let data = self.data(&["invite", "alerts"]);
        let rows = data["alerts"].as_array().unwrap();
        rows.iter().map(|row| row["reason"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn generation(&self) -> u64 {
        self.data(&["vault", "info"])["generation"].as_u64().unwrap()
    }

    /// Writes the public keys; returns the file's name.
    pub(super) fn jwks(&self) -> String {
        self.ok(&["invite", "jwks", "--out=jwks.json", "--force"]);
        "jwks.json".to_owned()
    }

    pub(super) fn vault(&self) -> PathBuf {
        self.place.home().join(".local/share/tokenctl/vault.age")
    }
}

impl Desk {
    /// Runs so many processes at once; returns how each ended.
    pub(super) fn race(&self, processes: usize, arguments: &[&str], mutants: &str) -> Vec<Option<i32>> {
        let line = [arguments, &["--lock-timeout=300s"]].concat();
        let running: Vec<_> = (0..processes)
            .map(|_| {
                let mut command = self.command(&line);
                command.env("TOKENCTL_TEST_MUTANTS", mutants).stdout(Stdio::null()).stderr(Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        running.into_iter().map(|mut child| child.wait().unwrap().code()).collect()
    }

    /// Everything below the home, by path.
    pub(super) fn place_files(&self) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
        fn gather(folder: &std::path::Path, found: &mut std::collections::BTreeMap<PathBuf, Vec<u8>>) {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    gather(&path, found);
                } else {
                    found.insert(path.clone(), std::fs::read(&path).unwrap());
                }
            }
        }
        let mut found = std::collections::BTreeMap::new();
        gather(self.place.home(), &mut found);
        found
    }
}
