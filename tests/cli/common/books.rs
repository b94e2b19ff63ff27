//! A [`Place`] with simulated vendors beside it, and companies that are connected to a QuickBooks app.

use std::cell::Cell;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokenctl::clock::Clock;
use tokenctl::sim::quickbooks::{NewApp, NewCompany, NewGrant};
use tokenctl::sim::{self, Control, FamilyEntry, Simulator, SimulatorConfig};

use super::{Place, Ran};

/// A vault with app `books`, and the vendors that live by the same clock.
pub(crate) struct Books {
    pub(crate) place: Place,
    pub(crate) control: Control,
    pub(crate) client_id: String,
    clock: Clock,
    now: Cell<Timestamp>,
    /// Runs as long as the scene.
    _simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Books {
    /// A vault with the app and no company.
    pub(crate) fn new() -> Self {
        let now: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
        let clock = Clock::manual(now);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock.clone()))).unwrap();
        let control = simulator.control();
        let app = control.quickbooks().register_app(NewApp::default()).unwrap();
        let books = Self {
            place: Place::new(),
            client_id: app.client_id.clone(),
            clock,
            now: now.into(),
            _simulator: simulator,
            _runtime: runtime,
            control,
        };
        books.ok(&["init"]);
        let secret = books.place.put("books.secret", &app.client_secret);
        books.ok(&[
            "app",
            "add",
            "quickbooks",
            "books",
            &format!("--client-id={}", app.client_id),
            &format!("--client-secret-file={}", secret.display()),
            &format!("--token-url={}", books.control.quickbooks().token_url()),
            "--environment=simulator",
        ]);
        books
    }

    /// The binary in this place at this time.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("TOKENCTL_TEST_NOW", self.now.get().to_string());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.finish(&mut self.command(arguments))
    }

    /// Runs what must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        self.ends(0, arguments)
    }

    /// Runs what must end with `code`.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{ran}");
        ran
    }

    /// Runs with `-o json` and returns the data of what ended with `code`.
    #[track_caller]
    pub(crate) fn data(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.ends(code, &[arguments, &["-o", "json"]].concat());
        let mut envelope: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"));
        envelope["data"].take()
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.now.set(self.now.get() + by);
    }

    /// A company of Intuit's that consented to the app; returns the file with its refresh token.
    pub(crate) fn consented(&self, realm: &str, company: &str) -> String {
        let admin = self.control.quickbooks();
        let new = NewCompany { realm: Some(realm.to_owned()), name: company.to_owned() };
        admin.add_company(new).unwrap();
        let grant = NewGrant { client_id: self.client_id.clone(), realm: realm.to_owned(), scopes: None };
        let token = admin.issue_grant(grant).unwrap().refresh_token;
        self.place.put(&format!("{realm}.refresh"), &token).display().to_string()
    }

    /// Connects a company and refreshes its grant once.
    #[track_caller]
    pub(crate) fn connect(&self, name: &str, realm: &str, company: &str) {
        let file = format!("--refresh-token-file={}", self.consented(realm, company));
        let (realm, company) = (format!("--realm={realm}"), format!("--company={company}"));
        self.ok(&["token", "import", name, "--app=books", &realm, &company, &file]);
        // The clock stands still while the binary runs: a token of this very instant would count as renewed just now.
        self.later(SignedDuration::from_mins(1));
    }

    /// What Intuit knows of the grant of a company.
    pub(crate) fn family(&self, realm: &str) -> FamilyEntry {
        self.control.quickbooks().family(&self.client_id, realm).unwrap()
    }
}
