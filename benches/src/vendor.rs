//! The simulator in this process, and vaults whose connections it knows.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::thread;

use tokenctl::clock::Clock;
use tokenctl::domain::audit::{Action, AuditEvent};
use tokenctl::domain::ids::CertificateId;
use tokenctl::domain::key::Certificate;
use tokenctl::domain::selection::Selection;
use tokenctl::sim::netsuite::{CertificateUpload, NewIntegration};
use tokenctl::sim::quickbooks::{AppEntry, NewApp, NewCompany, NewGrant};
use tokenctl::sim::{self, Simulator, SimulatorConfig};
use tokenctl::vault::VaultError;

use crate::fixture::{Pairs, certificate, give_key, name};
use crate::place::{Binary, Place};

const ACCOUNT: &str = "1234567";

/// A running simulator.
pub struct Vendor {
    /// It, with its controls.
    pub simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Vendor {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let simulator =
            runtime.block_on(sim::start(SimulatorConfig::new(Clock::system()))).expect("a simulator");
        Self { simulator, _runtime: runtime }
    }

    /// A vault of `count` NetSuite connections with active keys that the simulator accepts.
    pub fn netsuite(&self, binary: &Binary, count: usize, pairs: &Pairs) -> Place {
        let place = Place::new(binary);
        let admin = self.simulator.control().netsuite(ACCOUNT);
        let mut csv = String::from("name,account,client_id,entity,role,environment,token_url\n");
        for number in 0..count {
            let (name, url) = (name(number), admin.token_url());
            writeln!(csv, "{name},{ACCOUNT},client-{number},42,1000,simulator,{url}").expect("text");
        }
        let csv = place.put("netsuite.csv", &csv);
        place.run(&["connection", "import", &csv]);
        let certificates = certificates(count, pairs);
        let ids: Vec<CertificateId> = (0..count)
            .map(|number| {
                let client = Some(format!("client-{number}"));
                let new = NewIntegration { client_id: client, ..NewIntegration::default() };
                let client = admin.create_integration(new).expect("an integration").client_id;
                let certificate = certificates[number].pem.clone();
                let upload = CertificateUpload { certificate, entity: "42".into(), role: "1000".into() };
                let id = admin.upload_certificate(&client, upload).expect("a certificate id");
                id.parse().expect("a certificate id")
            })
            .collect();
        let now = Clock::system().now();
        place
            .open()
            .transact::<_, VaultError>(&AuditEvent::new(Action::KeyImport), |rows| {
                let connections = rows.connections(&Selection::default())?;
                for ((number, connection), id) in connections.iter().enumerate().zip(ids) {
                    let pair = &pairs.0[number % pairs.0.len()].0;
                    give_key(rows, connection, (pair, certificates[number].clone(), id), now)?;
                }
                Ok(())
            })
            .expect("the keys are stored");
        place
    }

    /// A vault of `count` QuickBooks companies whose grants the simulator issued.
    pub fn quickbooks(&self, binary: &Binary, count: usize) -> (Place, AppEntry) {
        let place = Place::new(binary);
        let admin = self.simulator.control().quickbooks();
        let app = admin.register_app(NewApp::default()).expect("an app");
        let secret = place.put("secret", &app.client_secret);
        let (id, url) =
            (format!("--client-id={}", app.client_id), format!("--token-url={}", admin.token_url()));
        let app_add = ["app", "add", "quickbooks", "books", "--environment=simulator", &id, &url];
        place.run(&[&app_add[..], &["--client-secret-file", &secret]].concat());
        let mut csv = String::from("name,app,realm,company,refresh_token\n");
        for number in 0..count {
            let (realm, token) = self.company(&app, &format!("Books {number}"));
            writeln!(csv, "{},books,{realm},Books {number},{token}", name(number)).expect("text");
        }
        let csv = place.put("quickbooks.csv", &csv);
        place.run(&["token", "import", "--unproven", "--from", &csv]);
        (place, app)
    }

    /// A company that has consented: its realm and its refresh token.
    pub fn company(&self, app: &AppEntry, name: &str) -> (String, String) {
        let admin = self.simulator.control().quickbooks();
        let realm =
            admin.add_company(NewCompany { realm: None, name: name.to_owned() }).expect("a company").realm;
        let grant = NewGrant { client_id: app.client_id.clone(), realm: realm.clone(), scopes: None };
        (realm, admin.issue_grant(grant).expect("a grant").refresh_token)
    }
}

/// A certificate for each of `count` connections, made on all cores.
fn certificates(count: usize, pairs: &Pairs) -> Vec<Certificate> {
    let made = Mutex::new(vec![None; count]);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for worker in 0..workers {
            let made = &made;
            scope.spawn(move || {
                for number in (worker..count).step_by(workers) {
                    let one = certificate(&pairs.0[number % pairs.0.len()].0, &name(number));
                    made.lock().expect("nobody panics")[number] = Some(one);
                }
            });
        }
    });
    let made = made.into_inner().expect("nobody panics");
    made.into_iter().map(|one| one.expect("every number was made")).collect()
}
