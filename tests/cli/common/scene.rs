//! A [`Place`] with a simulated NetSuite account beside it, and a connection at a chosen point of its life.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{Admin, CertificateUpload, NewIntegration};
use tokenctl::sim::{self, Control, Simulator, SimulatorConfig};

use super::{Place, Ran};

pub(crate) const ACCOUNT: &str = "1234567";
pub(crate) const CLIENT: &str = "client-1";
pub(crate) const ENTITY: &str = "42";
pub(crate) const ROLE: &str = "1000";

/// A home, a vault in it, a simulator that lives by the same clock, and the account's administrator.
pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) admin: Admin,
    /// Runs as long as the scene.
    simulator: Simulator,
    /// `None` lets time pass.
    now: Cell<Option<Timestamp>>,
    _runtime: tokio::runtime::Runtime,
}

impl Scene {
    /// A vault without connections.
    pub(crate) fn new() -> Self {
        let now = "2027-03-01T12:00:00Z".parse().unwrap();
        Self::by(Clock::manual(now), Some(now))
    }

    /// `acme` with an active key, in a world where time passes.
    pub(crate) fn settled_in_real_time() -> Self {
        let scene = Self::by(Clock::system(), None);
        scene.add("acme");
        scene.activate("acme");
        scene
    }

    fn by(clock: Clock, now: Option<Timestamp>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock))).unwrap();
        let admin = simulator.control().netsuite(ACCOUNT);
        let integration = NewIntegration { client_id: Some(CLIENT.to_owned()), scopes: None };
        admin.create_integration(integration).unwrap();
        let scene = Self { place: Place::new(), admin, simulator, now: now.into(), _runtime: runtime };
        scene.ok(&["init"]);
        scene
    }

    /// What is armed and counted at the vendors.
    pub(crate) fn control(&self) -> Control {
        self.simulator.control()
    }

    /// Where the vendors are.
    pub(crate) fn vendors_url(&self) -> String {
        self.simulator.base_url()
    }

    /// `acme` without a key.
    pub(crate) fn connected() -> Self {
        let scene = Self::new();
        scene.add("acme");
        scene
    }

    /// `acme` with its first key pending.
    pub(crate) fn pending() -> Self {
        let scene = Self::connected();
        scene.ok(&["keygen", "acme", "--algorithm", "ec-p256"]);
        scene
    }

    /// `acme` with an active key.
    pub(crate) fn settled() -> Self {
        let scene = Self::pending();
        let id = scene.upload("acme");
        scene.ok(&["cert", "activate", "acme", &format!("--certificate-id={id}")]);
        scene
    }

    /// Makes a key for a connection that has none and activates it.
    pub(crate) fn activate(&self, name: &str) {
        self.ok(&["keygen", name, "--algorithm", "ec-p256"]);
        let id = self.upload(name);
        self.ok(&["cert", "activate", name, &format!("--certificate-id={id}")]);
    }

    /// `acme` in a rotation; the new certificate is uploaded under the id that is returned.
    pub(crate) fn rotating() -> (Self, String) {
        let scene = Self::settled();
        scene.ok(&["rotate", "initiate", "acme"]);
        let id = scene.upload("acme");
        (scene, format!("--certificate-id={id}"))
    }

    /// `acme` with an active and a previous key.
    pub(crate) fn overlap() -> Self {
        let (scene, id) = Self::rotating();
        scene.ok(&["rotate", "confirm", "acme", &id]);
        scene
    }

    /// Adds a connection to the simulated account.
    pub(crate) fn add(&self, name: &str) -> Ran {
        self.add_with(name, &["--company=Acme Ltd"])
    }

    /// The same with more flags.
    pub(crate) fn add_with(&self, name: &str, flags: &[&str]) -> Ran {
        let url = format!("--token-url={}", self.admin.token_url());
        let role = format!("--role={}", role_of(name));
        let account = ["--account=1234567", "--client-id=client-1", "--entity=42", "--environment=simulator"];
        let add = ["connection", "add", "netsuite", name, &url, &role];
        self.ok(&[&add[..], &account, flags].concat())
    }

    /// The binary in this place at this time.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        match self.now.get() {
            Some(now) => command.env("TOKENCTL_TEST_NOW", now.to_string()),
            None => command.env_remove("TOKENCTL_TEST_NOW"),
        };
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.finish(&mut self.command(arguments))
    }

    /// Runs what must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    /// Runs what must end with `code`, and leave every file of the home as it was but for the audit log.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> Ran {
        let before = self.state();
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{ran}");
        same_files(&before, &self.state(), arguments);
        ran
    }

    /// Runs with `-o json`; returns the envelope, whatever the exit code.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"))
    }

    /// Runs with `--dry-run`, which must succeed and touch nothing, the audit log included.
    #[track_caller]
    pub(crate) fn dry(&self, arguments: &[&str]) -> Ran {
        let before = self.files();
        let ran = self.ok(&[arguments, &["--dry-run"]].concat());
        same_files(&before, &self.files(), arguments);
        ran
    }

    /// Uploads the certificate that `cert export` gives for the usual entity and role; returns its id.
    pub(crate) fn upload(&self, name: &str) -> String {
        self.upload_as(name, ENTITY, &role_of(name))
    }

    pub(crate) fn upload_as(&self, name: &str, entity: &str, role: &str) -> String {
        let certificate = self.ok(&["cert", "export", name]).stdout;
        self.upload_pem(certificate, entity, role)
    }

    pub(crate) fn upload_pem(&self, certificate: String, entity: &str, role: &str) -> String {
        let upload = CertificateUpload { certificate, entity: entity.to_owned(), role: role.to_owned() };
        self.admin.upload_certificate(CLIENT, upload).unwrap()
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.place.home().join(".local/share/tokenctl/vault.age")
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.place.home().join(".config/tokenctl/identity.txt")
    }

    /// Everything in the home by path: what a plan must not change.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(self.place.home(), &mut files);
        files
    }

    /// Everything but the audit log, which records refusals as well, and the lock files.
    fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = self.files();
        files.retain(|path, _| {
            let beside =
                |end| path.components().any(|part| part.as_os_str().to_string_lossy().ends_with(end));
            !beside(".audit") && !beside(".locks")
        });
        files
    }
}

/// A role of its own for each connection: two of the same client, entity and role are one at the vendor.
fn role_of(name: &str) -> String {
    if name == "acme" { ROLE.to_owned() } else { format!("2{}", name.bytes().map(u32::from).sum::<u32>()) }
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.clone(), Vec::new());
            gather(&path, files);
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

#[track_caller]
fn same_files(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>, arguments: &[&str]) {
    let changed: Vec<_> = before
        .iter()
        .filter(|(path, bytes)| after.get(*path) != Some(bytes))
        .map(|(path, _)| path)
        .chain(after.keys().filter(|path| !before.contains_key(*path)))
        .collect();
    assert!(changed.is_empty(), "{arguments:?} changed {changed:?}");
}
