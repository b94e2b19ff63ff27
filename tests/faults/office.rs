//! An operator's vault with proven connections to a simulated NetSuite, in one process with the test.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tokenctl::clock::Clock;
use tokenctl::domain::audit::{Action, AuditEvent};
use tokenctl::domain::certificate::{CertificateRequest, self_signed};
use tokenctl::domain::key::KeyAlgorithm;
use tokenctl::domain::keypair::KeyPair;
use tokenctl::sim::netsuite::{Admin, CertificateUpload, NewIntegration};
use tokenctl::sim::{self, Control, Endpoint, Fault, FaultRule, Simulator, SimulatorConfig};
use tokenctl::vault::identity::{Credentials, IdentityFile};
use tokenctl::vault::{self, Rows, Vault, VaultError};
use tokio::runtime::Runtime;

use crate::common::{Place, Ran};

/// The place's own time: where `TOKENCTL_TEST_NOW` stands.
pub(crate) const NOW: &str = "2027-03-01T12:00:00Z";

pub(crate) const ENTITY: &str = "42";
pub(crate) const ROLE: &str = "1000";

/// The vault, the simulator and everybody's connections.
pub(crate) struct Office {
    pub(crate) place: Place,
    pub(crate) control: Control,
    _simulator: Simulator,
    _runtime: Runtime,
}

/// One connection of the office, with an account of its own at the simulator.
pub(crate) struct Desk<'a> {
    pub(crate) office: &'a Office,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) client_id: String,
    pub(crate) certificate_id: String,
}

impl Office {
    /// A vault without connections.
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let clock = Clock::manual(NOW.parse().unwrap());
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock))).unwrap();
        let office = Self {
            place: Place::new(),
            control: simulator.control(),
            _simulator: simulator,
            _runtime: runtime,
        };
        office.run(&["init"]).expect_code(0);
        office
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.run(arguments)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.place.command(arguments)
    }

    /// Opens as many desks, each with a proven active key.
    pub(crate) fn desks(&self, count: usize) -> Vec<Desk<'_>> {
        let names: Vec<String> = (0..count).map(|number| format!("desk-{number:03}")).collect();
        let mut desks: Vec<Desk<'_>> = Vec::new();
        let mut rows = String::new();
        for (number, name) in names.iter().enumerate() {
            let account = (7_000_000 + number).to_string();
            let admin = self.control.netsuite(&account);
            let client_id = admin.create_integration(NewIntegration::default()).unwrap().client_id;
            let row = json!({
                "name": name, "account": account, "client_id": client_id, "environment": "simulator",
                "token_url": admin.token_url(), "entity": ENTITY, "role": ROLE,
                "company": format!("Company {}", number % 2), "tags": {"lane": (number % 2).to_string()},
            });
            rows += &row.to_string();
            rows.push('\n');
            let name = name.clone();
            desks.push(Desk { office: self, name, account, client_id, certificate_id: String::new() });
        }
        self.place.put("import.jsonl", &rows);
        self.run(&["connection", "import", "import.jsonl"]).expect_code(0);
        self.run(&["keygen", "--all-missing", "--algorithm=ec-p256"]).expect_code(0);
        in_parallel(desks.iter_mut().collect(), 4, Desk::activate);
        desks
    }

    /// Changes the vault behind the program's back, with rows that no command would write.
    pub(crate) fn plant(&self, change: impl FnOnce(&Rows<'_>) -> Result<(), VaultError>) {
        let home = self.place.home();
        let place = vault::Place {
            stop: vault::Stop::default(),
            vault: home.join(".local/share/tokenctl/vault.age"),
            state_dir: home.join(".local/state/tokenctl"),
            home_id: None,
            lock_timeout: Duration::from_secs(20),
            command: "a test".to_owned(),
        };
        let identity = IdentityFile::load(&home.join(".config/tokenctl/identity.txt"), &|_| None).unwrap();
        let credentials = Credentials { files: vec![identity], pin: None };
        let vault = Vault::open(place, credentials, Clock::manual(NOW.parse().unwrap())).unwrap();
        vault.transact(&AuditEvent::new(Action::ConnectionSet), change).unwrap();
    }
}

impl Desk<'_> {
    /// The customer's administrator.
    pub(crate) fn admin(&self) -> Admin {
        self.office.control.netsuite(&self.account)
    }

    /// Lets this account's token endpoint fail like that from now on.
    pub(crate) fn arm(&self, fault: Fault) {
        let rule = FaultRule { account: Some(self.account.clone()), ..FaultRule::always(fault) };
        self.office.control.arm(rule.at(Endpoint::Token));
    }

    fn activate(&mut self) {
        let certificate = self.office.run(&["cert", "export", &self.name]).stdout;
        let upload = CertificateUpload { certificate, entity: ENTITY.to_owned(), role: ROLE.to_owned() };
        self.certificate_id = self.admin().upload_certificate(&self.client_id, upload).unwrap();
        let id = format!("--certificate-id={}", self.certificate_id);
        self.office.run(&["cert", "activate", &self.name, &id]).expect_code(0);
    }

    /// Uploads the certificate of a key that nobody here has; returns its id.
    pub(crate) fn upload_foreign_certificate_for(&self, client_id: &str) -> String {
        let pair = KeyPair::generate(KeyAlgorithm::EcP256).unwrap();
        let now = NOW.parse().unwrap();
        let request = CertificateRequest { common_name: "somebody else", days: 30, max_days: 730, now };
        let certificate = self_signed(&pair, &request).unwrap().pem;
        let upload = CertificateUpload { certificate, entity: ENTITY.to_owned(), role: ROLE.to_owned() };
        self.admin().upload_certificate(client_id, upload).unwrap()
    }

    /// Makes `id` the stored id of the active key's certificate, without the proof that every command wants.
    pub(crate) fn misname(&self, id: &str) {
        self.office.plant(|rows| {
            let connection = rows.connection(&self.name.parse().unwrap())?.unwrap();
            let key = rows.keys_of(&connection.id)?.active.unwrap();
            rows.set_certificate_id(&key.id, &id.parse().unwrap())
        });
    }

    /// `connection set --unproven` with these flags.
    pub(crate) fn set(&self, flags: &[&str]) {
        let arguments = [&["connection", "set", &self.name, "--unproven"], flags].concat();
        self.office.run(&arguments).expect_code(0);
    }

    /// Sends this connection's exchanges to another token endpoint.
    pub(crate) fn lead_to(&self, token_url: &str) {
        self.set(&["--token-url", token_url]);
    }
}

/// Hands the items to as many threads.
pub(crate) fn in_parallel<T: Send>(items: Vec<T>, threads: usize, work: impl Fn(T) + Sync) {
    let queue = std::sync::Mutex::new(items.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(item) = queue.lock().unwrap().next() else { return };
                    work(item);
                }
            });
        }
    });
}

impl Ran {
    /// Fails with everything that was printed unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}
