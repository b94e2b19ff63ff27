//! A vault with two active connections at a simulated vendor, an operator and a viewer.

use std::path::{Path, PathBuf};
use std::process::Command;

use age::secrecy::ExposeSecret as _;
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{CertificateUpload, NewIntegration};
use tokenctl::sim::{self, Simulator, SimulatorConfig};

use crate::common::{Place, Ran};
use crate::message::data;
use crate::snapshot::{Snapshot, put};

pub(crate) const ACCOUNT: &str = "1234567";

/// What can be asked of a vault, by whom.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) simulator: Simulator,
    pub(crate) client_id: String,
    pub(crate) pin: String,
    /// Seeded bugs for every run.
    pub(crate) mutants: String,
    /// The time for everybody.
    pub(crate) clock: Clock,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    /// `acme` and `globex`, active; a token of each in the journal; a viewer called `support`.
    ///
    /// `TOKENCTL_TEST_MUTANTS=… cargo test --test tamper` seeds all of them.
    pub(crate) fn new() -> Self {
        Self::with_mutants(&std::env::var("TOKENCTL_TEST_MUTANTS").unwrap_or_default())
    }

    /// The same with seeded bugs, which are there from the beginning.
    pub(crate) fn with_mutants(mutants: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let clock = Clock::manual("2027-03-01T12:00:00Z".parse().unwrap());
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock.clone()))).unwrap();
        let admin = simulator.control().netsuite(ACCOUNT);
        let client_id = admin.create_integration(NewIntegration::default()).unwrap().client_id;
        let mutants = mutants.to_owned();
        let mut world = Self {
            place: Place::new(),
            simulator,
            client_id,
            pin: String::new(),
            mutants,
            clock,
            _runtime: runtime,
        };
        world.ok(&["init"]);
        let info = data(&world.ok(&["vault", "info", "-o", "json"]));
        info["pin"].as_str().unwrap().clone_into(&mut world.pin);
        world.let_in("support", "viewer");
        for (name, entity) in [("acme", "42"), ("globex", "43")] {
            world.connect(name, entity);
        }
        world.ok(&["token", "get", "acme"]);
        world.ok(&["token", "get", "globex"]);
        world
    }

    /// Adds a connection and makes its first key active.
    pub(crate) fn connect(&self, name: &str, entity: &str) {
        let admin = self.simulator.control().netsuite(ACCOUNT);
        self.ok(&[
            "connection",
            "add",
            "netsuite",
            name,
            "--account",
            ACCOUNT,
            &format!("--client-id={}", self.client_id),
            &format!("--entity={entity}"),
            "--role=1000",
            "--environment=simulator",
            &format!("--token-url={}", admin.token_url()),
        ]);
        self.ok(&["keygen", name, "--algorithm=ec-p256"]);
        let id = self.upload(name, entity);
        self.ok(&["cert", "activate", name, &format!("--certificate-id={id}")]);
    }

    /// Plays the customer's administrator: uploads the certificate that `cert export` gives.
    pub(crate) fn upload(&self, name: &str, entity: &str) -> String {
        let certificate = self.ok(&["cert", "export", name]).stdout;
        let upload = CertificateUpload { certificate, entity: entity.to_owned(), role: "1000".to_owned() };
        self.simulator.control().netsuite(ACCOUNT).upload_certificate(&self.client_id, upload).unwrap()
    }

    /// Makes an identity file `NAME.txt` with the pin, and a recipient of it.
    pub(crate) fn let_in(&self, name: &str, role: &str) -> String {
        let key = self.identity(name, &self.pin);
        self.ok(&["vault", "recipient", "add", &key, "--role", role, "--label", name]);
        key
    }

    /// Makes an identity file `NAME.txt` with `pin` and returns the public key.
    pub(crate) fn identity(&self, name: &str, pin: &str) -> String {
        let identity = age::x25519::Identity::generate();
        let secret = identity.to_string();
        let text = format!("# tokenctl-vault-pin: {pin}\n{}\n", secret.expose_secret());
        put(&self.file(&format!("{name}.txt")), text.as_bytes());
        identity.to_public().to_string()
    }

    pub(crate) fn home(&self) -> &Path {
        self.place.home()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.home().join(".local/share/tokenctl/vault.age")
    }

    /// `vault.age.SUFFIX`
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.vault().with_extension(format!("age.{suffix}"))
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".local/state/tokenctl")
    }

    /// The first file in a folder.
    pub(crate) fn first_in(folder: &Path) -> PathBuf {
        let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.into_iter().next().unwrap()
    }

    /// The binary, with the operator's identity where it is looked for.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("TOKENCTL_TEST_MUTANTS", &self.mutants);
        command.env("TOKENCTL_TEST_NOW", self.clock.now().to_string());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.finish(&mut self.command(arguments))
    }

    /// Runs it as the holder of `NAME.txt`; `operator` is the one who made the vault.
    pub(crate) fn run_as(&self, name: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        if name != "operator" {
            command.env("TOKENCTL_IDENTITY_FILE", self.file(&format!("{name}.txt")));
        }
        self.place.finish(&mut command)
    }

    /// Runs tokenctl as somebody on another machine: nothing of what this one remembers of the vault counts.
    pub(crate) fn run_elsewhere(&self, name: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.env("TOKENCTL_IDENTITY_FILE", self.file(&format!("{name}.txt")));
        command.env("XDG_STATE_HOME", self.file(&format!("{name}-state")));
        self.place.finish(&mut command)
    }

    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.home())
    }

    pub(crate) fn restore(&self, snapshot: &Snapshot) {
        snapshot.restore(self.home());
    }

    /// Requests that reached the token endpoint.
    pub(crate) fn exchanges(&self) -> u64 {
        self.simulator.control().calls_to(sim::Endpoint::Token)
    }
}
