//! A customer with a production account and a sandbox, several integrations, entities and roles, where everything works
//! until somebody breaks it; whatever is wrong with an assertion, the vendor's answer is the same.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{Admin, CertificateUpload, NewIntegration, Settings};
use tokenctl::sim::{self, Simulator, SimulatorConfig};

use crate::common::{Place, Ran};

pub(super) const PRODUCTION: &str = "1234567";
pub(super) const SANDBOX: &str = "1234567_SB1";
const NOW: &str = "2027-03-01T12:00:00Z";

pub(super) struct Hospital {
    pub(super) place: Place,
    pub(super) production: Admin,
    pub(super) sandbox: Admin,
    clock: Clock,
    /// What this machine's clock is ahead of the vendor's.
    ahead: Cell<SignedDuration>,
    home: BTreeMap<PathBuf, Vec<u8>>,
    /// The certificates that work.
    certificates: BTreeSet<String>,
    _simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

/// A connection: its name, client id, entity and role.
const STAFF: [(&str, &str, &str, &str); 5] = [
    ("acme", "client-1", "42", "1000"),
    ("beta", "client-1", "42", "1001"),
    ("delta", "client-1", "43", "1000"),
    ("gamma", "client-2", "42", "1002"),
    ("signer", "client-2", "42", "1003"),
];

impl Hospital {
    /// Everything works: `acme` has a certificate for a year, the others for two; `legacy` came with one for three years,
    /// and `signer` with an RSA key; `acme-sb` and `beta-sb` live in the sandbox.
    pub(super) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let clock = Clock::manual(NOW.parse().unwrap());
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock.clone()))).unwrap();
        let control = simulator.control();
        let (production, sandbox) = (control.netsuite(PRODUCTION), control.netsuite(SANDBOX));
        let hospital = Self {
            place: Place::new(),
            production,
            sandbox,
            clock,
            ahead: Cell::new(SignedDuration::ZERO),
            home: BTreeMap::new(),
            certificates: BTreeSet::new(),
            _simulator: simulator,
            _runtime: runtime,
        };
        for (admin, clients) in
            [(&hospital.production, ["client-1", "client-2"]), (&hospital.sandbox, ["client-s", "client-t"])]
        {
            for client in clients {
                let new = NewIntegration { client_id: Some(client.to_owned()), scopes: None };
                admin.create_integration(new).unwrap();
            }
            admin.set_settings(Settings { generic_errors: true, ..Settings::default() }).unwrap();
        }
        hospital.ok(&["init"]);
        for (name, client, entity, role) in STAFF {
            let days = if name == "acme" { "365" } else { "730" };
            hospital.add(name, (PRODUCTION, client), entity, role);
            let algorithm = if name == "signer" { "rsa-3072" } else { "ec-p256" };
            hospital.ok(&["keygen", name, "--algorithm", algorithm, "--days", days]);
            hospital.activate(name, client, entity, role);
        }
        hospital.legacy();
        for (name, client) in [("acme-sb", "client-s"), ("beta-sb", "client-t")] {
            hospital.add(name, (SANDBOX, client), "42", "1000");
            hospital.ok(&["keygen", name, "--algorithm=ec-p256"]);
            hospital.activate(name, client, "42", "1000");
        }
        let mut home = BTreeMap::new();
        gather(hospital.place.home(), &mut home);
        let certificates = hospital.all_certificates().into_iter().map(|(_, id)| id).collect();
        Self { home, certificates, ..hospital }
    }

    fn add(&self, name: &str, (account, client): (&str, &str), entity: &str, role: &str) {
        self.ok(&[
            "connection",
            "add",
            "netsuite",
            name,
            "--environment=simulator",
            &format!("--account={account}"),
            &format!("--client-id={client}"),
            &format!("--entity={entity}"),
            &format!("--role={role}"),
            &format!("--token-url={}", self.admin(account).token_url()),
        ]);
    }

    fn admin(&self, account: &str) -> &Admin {
        if account == PRODUCTION { &self.production } else { &self.sandbox }
    }

    fn activate(&self, name: &str, client: &str, entity: &str, role: &str) {
        let admin = self.admin(if name.ends_with("-sb") { SANDBOX } else { PRODUCTION });
        let id = upload(admin, client, self.certificate(name), entity, role);
        self.ok(&["cert", "activate", name, &format!("--certificate-id={id}")]);
    }

    /// The certificate of a connection's pending key, or else of its active one.
    pub(super) fn certificate(&self, name: &str) -> String {
        self.ok(&["cert", "export", name]).stdout
    }

    /// A connection whose key came from elsewhere, with a certificate for three years from June 2025 on.
    fn legacy(&self) {
        let (key, certificate) = pair((2025, 6, 1), (2028, 6, 1));
        self.place.put("legacy.key", &key);
        self.place.put("legacy.pem", &certificate);
        let id = upload(&self.production, "client-2", certificate, "42", "1004");
        self.add("legacy", (PRODUCTION, "client-2"), "42", "1004");
        let id = format!("--certificate-id={id}");
        self.ok(&["key", "import", "legacy", "--key-file=legacy.key", "--cert-file=legacy.pem", &id]);
    }

    /// Begins a rotation; returns nothing that the vendor knows yet.
    pub(super) fn rotate(&self, name: &str) {
        self.ok(&["rotate", "initiate", name, "--algorithm=ec-p256"]);
    }

    /// Lets time pass for everybody.
    pub(super) fn days_pass(&self, days: i64) {
        self.clock.advance(SignedDuration::from_hours(24 * days));
    }

    /// Puts this machine's clock ahead of the vendor's.
    pub(super) fn run_ahead(&self, hours: i64) {
        self.ahead.set(SignedDuration::from_hours(hours));
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let now: Timestamp = self.clock.now() + self.ahead.get();
        let mut command = self.place.command(arguments);
        command.env("TOKENCTL_TEST_NOW", now.to_string());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.finish(&mut self.command(arguments))
    }

    #[track_caller]
    pub(super) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"))
    }

    /// Changes the production account's switches.
    pub(super) fn switch(&self, change: impl Fn(&mut Settings)) {
        let mut settings = self.production.settings().unwrap();
        change(&mut settings);
        self.production.set_settings(settings).unwrap();
    }

    /// Every certificate that counts, as the administrators see it: whose account's it is, and its id.
    fn all_certificates(&self) -> Vec<(&Admin, String)> {
        let clients = [
            (&self.production, "client-1"),
            (&self.production, "client-2"),
            (&self.sandbox, "client-s"),
            (&self.sandbox, "client-t"),
        ];
        let all = clients.into_iter().flat_map(|(admin, client)| {
            let certificates = admin.certificates(client).unwrap_or_default();
            certificates
                .into_iter()
                .filter(|known| !known.revoked)
                .map(move |known| (admin, known.certificate_id))
        });
        all.collect()
    }

    /// Puts everything back to how it was when everything worked, but for what the vendor cannot take back.
    pub(super) fn heal(&self) {
        let mut now = BTreeMap::new();
        gather(self.place.home(), &mut now);
        for path in now.keys().filter(|path| !self.home.contains_key(*path)) {
            std::fs::remove_file(path).unwrap();
        }
        for (path, bytes) in self.home.iter().filter(|(path, bytes)| now.get(*path) != Some(bytes)) {
            std::fs::write(path, bytes).unwrap();
        }
        let passed = self.clock.now().duration_since(NOW.parse().unwrap());
        self.clock.advance(-passed);
        self.run_ahead(0);
        for admin in [&self.production, &self.sandbox] {
            admin.set_settings(Settings { generic_errors: true, ..Settings::default() }).unwrap();
        }
        // An integration has five at most.
        for (admin, id) in self.all_certificates() {
            if !self.certificates.contains(&id) {
                admin.revoke_certificate(&id).unwrap();
            }
        }
        for client in ["client-1", "client-2"] {
            self.production.block_integration(client, false).unwrap();
            self.production.set_scopes(client, &["restlets", "rest_webservices", "suite_analytics"]).unwrap();
        }
        for entity in ["42", "43"] {
            self.production.enable_entity(entity, true).unwrap();
            let roles = ["1000", "1001", "1002", "1003", "1004"];
            self.production.set_entity_roles(entity, &roles).unwrap();
        }
        self.production.set_role("1000", sim::netsuite::Role::default()).unwrap();
    }
}

pub(super) fn upload(admin: &Admin, client: &str, certificate: String, entity: &str, role: &str) -> String {
    let upload = CertificateUpload { certificate, entity: entity.to_owned(), role: role.to_owned() };
    admin.upload_certificate(client, upload).unwrap()
}

/// A private key and a certificate for it, as PEM.
pub(super) fn pair(from: (i32, u8, u8), to: (i32, u8, u8)) -> (String, String) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    parameters.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
    let certificate = parameters.self_signed(&key).unwrap();
    (key.serialize_pem(), certificate.pem())
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}
