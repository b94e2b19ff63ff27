//! Every command that changes something, each with a home in which it can be run and what it is seen to change.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{Admin, CertificateUpload, NewIntegration};
use tokenctl::sim::quickbooks::{Keys, NewApp, NewCompany, NewGrant};
use tokenctl::sim::{self, Simulator, SimulatorConfig};
use tokenctl::vault::identity::Identity;

use crate::common::login::free_port;
use crate::common::{Place, Ran};
use crate::released;
use crate::strace::{is_accompanied, plain};

/// The customer's NetSuite account, for all tests of this process.
struct World {
    _runtime: tokio::runtime::Runtime,
    simulator: Simulator,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let simulator = runtime.block_on(sim::start(SimulatorConfig::new(Clock::system()))).unwrap();
    World { _runtime: runtime, simulator }
});

/// The vendors, for all tests of this process.
pub(crate) fn simulator() -> &'static Simulator {
    &WORLD.simulator
}

/// How far a home's story has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// A vault of an older schema, as a former tokenctl left it.
    Released,
    /// Nothing at all.
    Empty,
    /// A vault.
    Vault,
    /// … with connection `acme`.
    Connection,
    /// … with a pending key.
    Pending,
    /// … that is active.
    Active,
    /// … with a pending key beside it.
    Rotating,
    /// … that became active; the old one is still there.
    Overlap,
}

/// One command to be interrupted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) stage: Stage,
    /// With `{ID}`, `{URL}`, `{CLIENT}`, `{SUPPORT}`, `{COLLEAGUE}`, `{NEWCOMER}`, `{HOME}` filled in.
    arguments: &'static [&'static str],
    /// What it does first at a vendor, where that cannot be taken back, as a command of its own.
    pub(crate) first: Option<&'static [&'static str]>,
}

const fn scenario(name: &'static str, stage: Stage, arguments: &'static [&'static str]) -> Scenario {
    Scenario { name, stage, arguments, first: None }
}

impl Scenario {
    /// Whether it does several things, of which some may fail: it reports each of them.
    pub(crate) fn is_batch(&self) -> bool {
        self.name == "company disconnect"
    }

    const fn first(mut self, arguments: &'static [&'static str]) -> Self {
        self.first = Some(arguments);
        self
    }

    /// Whether somebody with a browser takes part.
    pub(crate) fn is_accompanied(&self) -> bool {
        is_accompanied(self.arguments)
    }
}

/// Every command that writes to a vault.
pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("init", Stage::Empty, &["init"]),
    scenario(
        "first write, schema 1",
        Stage::Released,
        &["connection", "add", "netsuite", "later", "--account=1234567", "--client-id=x"],
    ),
    scenario("first write, schema 2", Stage::Released, &["connection", "disable", "acme"]),
    scenario(
        "app add quickbooks",
        Stage::Vault,
        &["app", "add", "quickbooks", "new", "--client-id=x", SECRET],
    ),
    scenario("app add pax8", Stage::Vault, &["app", "add", "pax8", "new", "--client-id=x", SECRET]),
    scenario(
        "app add oauth2",
        Stage::Vault,
        &["app", "add", "oauth2", "new", "--client-id=x", SERVER, SECRET],
    ),
    scenario("app set", Stage::Vault, &["app", "set", "spare", "--rename=other", SECRET, "--unproven"]),
    scenario("app remove", Stage::Vault, &["app", "remove", "spare", "--yes"]),
    scenario(
        "connection add quickbooks",
        Stage::Vault,
        &["connection", "add", "quickbooks", "acme", "--app=spare", "--realm=1"],
    ),
    scenario("connection add pax8", Stage::Vault, &["connection", "add", "pax8", "acme", "--app=reseller"]),
    scenario("connection add oauth2", Stage::Vault, &["connection", "add", "oauth2", "acme", "--app=idp"]),
    scenario(
        "connection add",
        Stage::Vault,
        &["connection", "add", "netsuite", "acme", "--account=1234567", "--client-id=x"],
    ),
    scenario("connection import", Stage::Connection, &["connection", "import", "{HOME}/import.csv"]),
    scenario(
        "connection set",
        Stage::Connection,
        &["connection", "set", "acme", "--tag=a=b", "--account=7654321"],
    ),
    scenario("connection set, proven", Stage::Active, &["connection", "set", "acme", "--scope=restlets"]),
    scenario("connection disable", Stage::Connection, &["connection", "disable", "acme"]),
    scenario("connection enable", Stage::Connection, &["connection", "enable", "asleep"]),
    scenario("connection remove", Stage::Overlap, &["connection", "remove", "acme", "--yes"]),
    scenario("keygen", Stage::Connection, &["keygen", "acme", "--algorithm=ec-p256"]),
    scenario("keygen --all-missing", Stage::Connection, &["keygen", "--all-missing", "--algorithm=ec-p256"]),
    scenario(
        "key import",
        Stage::Connection,
        &[
            "key",
            "import",
            "acme",
            "--key-file={HOME}/old.key",
            "--cert-file={HOME}/old.pem",
            "--certificate-id={ID}",
        ],
    ),
    scenario("cert activate", Stage::Pending, &["cert", "activate", "acme", "--certificate-id={ID}"]),
    scenario("verify", Stage::Active, &["verify", "--all"]),
    scenario("token get", Stage::Active, &["token", "get", "acme"]),
    scenario("exec", Stage::Active, &["exec", "acme", "--", "/bin/true"]),
    scenario(
        "token import",
        Stage::Vault,
        &[
            "token",
            "import",
            "second-books",
            "--app=books",
            "--realm=2",
            "--refresh-token-file={HOME}/acme.refresh",
            "--unproven",
        ],
    ),
    scenario("login", Stage::Connection, &["login", "books", "--no-browser"]),
    scenario(
        "login, again",
        Stage::Connection,
        &["login", "books", "--no-browser", "--name=acme-books", "--company=Acme Inc"],
    ),
    scenario("rotate initiate", Stage::Active, &["rotate", "initiate", "acme"]),
    scenario("rotate confirm", Stage::Rotating, &["rotate", "confirm", "acme", "--certificate-id={ID}"]),
    scenario("rotate abort", Stage::Rotating, &["rotate", "abort", "acme"]),
    scenario("rotate rollback", Stage::Overlap, &["rotate", "rollback", "acme"]),
    scenario("rotate retire", Stage::Overlap, &["rotate", "retire", "acme"]),
    scenario("company rename", Stage::Vault, &["company", "rename", "Acme Ltd", "Acme Holding"]),
    scenario("company disconnect", Stage::Vault, &["company", "disconnect", "Acme Ltd", "--yes"]).first(&[
        "token",
        "revoke",
        "acme-books",
        "--yes",
    ]),
    scenario("token revoke", Stage::Vault, &["token", "revoke", "acme-books", "--yes"]),
    scenario(
        "token revoke --local-only",
        Stage::Vault,
        &["token", "revoke", "acme-books", "--yes", "--local-only"],
    ),
    scenario(
        "invite issuer set",
        Stage::Vault,
        &[
            "invite",
            "issuer",
            "set",
            "--issuer=https://invite.example",
            "--audience=app",
            "--link-base=https://app.example/",
        ],
    ),
    scenario("invite mint", Stage::Vault, &["invite", "mint", "--email=bob@supplier.example", "--company=X"]),
    scenario("invite sent", Stage::Vault, &["invite", "sent", "--state=created"]),
    scenario("invite access", Stage::Vault, &["invite", "access", "{HOME}/one.token", "--ip=203.0.113.7"]),
    scenario("invite access, again", Stage::Vault, &["invite", "access", "{HOME}/one.token"]),
    scenario("invite start", Stage::Vault, &["invite", "start", "{HOME}/one.token"]),
    scenario("invite submit", Stage::Vault, &["invite", "submit", "{HOME}/one.token"]),
    scenario("invite cleanup", Stage::Vault, &["invite", "cleanup"]),
    scenario("invite redeem", Stage::Vault, &["invite", "redeem", "{HOME}/one.token"]),
    scenario("invite revoke", Stage::Vault, &["invite", "revoke", "--email=ann@supplier.example", "--yes"]),
    scenario("invite key rotate", Stage::Vault, &["invite", "key", "rotate", "--now"]),
    scenario("invite key revoke", Stage::Vault, &["invite", "key", "revoke", "--yes", "--", "{KID}"]),
    scenario(
        "recipient add",
        Stage::Connection,
        &["vault", "recipient", "add", "{NEWCOMER}", "--role=operator", "--label=newcomer"],
    ),
    scenario(
        "recipient set-role, up",
        Stage::Connection,
        &["vault", "recipient", "set-role", "support", "--role=operator"],
    ),
    scenario(
        "recipient set-role, down (rekeys)",
        Stage::Active,
        &["vault", "recipient", "set-role", "colleague", "--role=viewer"],
    ),
    scenario(
        "recipient remove, viewer",
        Stage::Connection,
        &["vault", "recipient", "remove", "support", "--yes"],
    ),
    scenario(
        "recipient remove, operator (rekeys)",
        Stage::Active,
        &["vault", "recipient", "remove", "colleague", "--yes"],
    ),
    scenario("vault backup", Stage::Active, &["vault", "backup", "{HOME}/copy.age"]),
    scenario("vault restore", Stage::Active, &["vault", "restore", "{HOME}/copy.age", "--yes"]),
    scenario("vault rekey", Stage::Active, &["vault", "rekey"]),
    scenario("vault move-home --release", Stage::Active, &["vault", "move-home", "--release"]),
    scenario("vault move-home", Stage::Active, &["vault", "move-home", "--yes"]),
];

const SECRET: &str = "--client-secret-file={HOME}/app.secret";
const SERVER: &str = "--token-url=https://idp.example/token";

/// Commands that change no vault; what `exec` and `token get` keep is changed by `token get`.
const READERS: &[&str] = &[
    "app list",
    "app show",
    "audit export",
    "audit list",
    "audit verify",
    "cert export",
    "cert list",
    "cert show",
    "company list",
    "company show",
    "completion",
    "connection list",
    "connection show",
    "demo",
    "doctor",
    "help",
    "invite alerts",
    "invite check",
    "invite issuer show",
    "invite jwks",
    "invite key list",
    "invite list",
    "invite show",
    "man",
    "rotate status",
    "sim",
    "status",
    "vault check",
    "vault info",
    "vault recipient list",
];

/// Commands with a harness of their own, since they change the vendor as well: `refresh.rs`.
const ELSEWHERE: &[&str] = &["token refresh"];

fn leaves(command: &clap::Command, path: &str, all: &mut Vec<String>) {
    if command.get_subcommands().next().is_none() {
        all.push(path.trim_start().to_owned());
    }
    for below in command.get_subcommands() {
        leaves(below, &format!("{path} {}", below.get_name()), all);
    }
}

/// A command that is not in the list is never killed.
#[test]
fn every_command_that_writes_is_interrupted() {
    let mut all = Vec::new();
    leaves(&tokenctl::cli::tree(), "", &mut all);
    let is_run = |command: &str| {
        SCENARIOS
            .iter()
            .any(|scenario| format!("{} ", scenario.arguments.join(" ")).starts_with(&format!("{command} ")))
    };
    let mut missing = all.clone();
    missing.retain(|command| {
        !is_run(command) && !READERS.contains(&&**command) && !ELSEWHERE.contains(&&**command)
    });
    assert!(missing.is_empty(), "no scenario for: {missing:?}");
    let named = READERS.iter().chain(ELSEWHERE);
    let wrong: Vec<_> =
        named.filter(|command| is_run(command) || !all.iter().any(|known| known == *command)).collect();
    assert!(wrong.is_empty(), "no such command, or one with a scenario: {wrong:?}");
}

/// Whether a sweep is to include the scenario: `CRASH_ONLY` may hold words, with `|` between them, one of which its name
/// must begin with.
pub(crate) fn wanted(scenario: &Scenario) -> bool {
    let only = std::env::var("CRASH_ONLY").unwrap_or_default();
    only.split('|').any(|words| scenario.name.starts_with(words))
}

/// Does `work` for every scenario that is wanted, on all cores; returns what it found, and where it stopped with a panic:
/// hours of work for the other commands are not lost with it.
pub(crate) fn for_each<T: Send>(work: impl Fn(Scenario) -> T + Sync) -> (Vec<T>, Vec<String>) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::new(), Vec::new()));
    let some = || {
        while let Some(scenario) = SCENARIOS.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !wanted(scenario) {
                continue;
            }
            let ended = catch_unwind(AssertUnwindSafe(|| work(*scenario)));
            let mut done = done.lock().unwrap();
            match ended {
                Ok(found) => done.0.push(found),
                Err(_) => done.1.push(format!("{}: the harness itself stopped", scenario.name)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(some);
        }
    });
    done.into_inner().unwrap()
}

/// Returns the scenario of this name.
pub(crate) fn named(name: &str) -> Scenario {
    *SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap_or_else(|| panic!("no scenario {name}"))
}

/// A home at the beginning of a scenario.
pub(crate) struct Scene {
    pub(crate) place: Place,
    arguments: Vec<String>,
    shows: Shows,
}

impl Scene {
    pub(crate) fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }

    pub(crate) fn home(&self) -> &Path {
        self.place.home()
    }
}

fn done(place: &Place, arguments: &[&str]) -> Ran {
    let ran = plain(place, arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
    ran
}

/// Plays a scenario's story up to its command.
pub(crate) fn prepare(scenario: &Scenario) -> Scene {
    let place = Place::new();
    if let Some(schema) = scenario.name.strip_prefix("first write, schema ") {
        released::settle(&place, schema.parse().unwrap());
    }
    let admin = WORLD.simulator.control().netsuite("1234567");
    let client = admin.create_integration(NewIntegration::default()).unwrap().client_id;
    let fresh = || Identity::generate().recipient().to_string();
    let colleague = fresh();
    if scenario.stage >= Stage::Vault {
        done(&place, &["init"]);
        done(&place, &["vault", "recipient", "add", &fresh(), "--role=viewer", "--label=support"]);
        done(&place, &["vault", "recipient", "add", &colleague, "--role=operator", "--label=colleague"]);
    }
    let mut id = String::new();
    if scenario.stage >= Stage::Connection {
        let token_url = format!("--token-url={}", admin.token_url());
        let client = format!("--client-id={client}");
        let add = ["connection", "add", "netsuite", "acme", "--account=1234567", "--environment=simulator"];
        done(&place, &[&add[..], &[&client, &token_url, "--entity=42", "--role=7"]].concat());
        done(&place, &["connection", "add", "netsuite", "asleep", "--account=1234567", "--client-id=y"]);
        done(&place, &["connection", "disable", "asleep"]);
        place.put("import.csv", "name,account,client_id\none,1111111,x\ntwo,2222222,y\n");
        id = outside_pair(&place, &admin, &client["--client-id=".len()..]);
    }
    if scenario.is_accompanied() {
        add_books(&place);
    }
    if scenario.name.starts_with("app") || scenario.name.starts_with("connection add ") {
        add_apps(&place);
    }
    if scenario.name == "login, again" {
        done(&place, &["login", "books", "--no-browser"]);
    }
    let upload = |file: &str| upload(&place, &admin, &client, file);
    if scenario.stage >= Stage::Pending {
        done(&place, &["keygen", "acme", "--algorithm=ec-p256"]);
        id = upload("first.pem");
    }
    if scenario.stage >= Stage::Active {
        done(&place, &["cert", "activate", "acme", &format!("--certificate-id={id}")]);
    }
    if scenario.name == "verify" {
        // What was said last is a refusal, so that a success can be seen.
        admin.block_integration(&client, true).unwrap();
        assert_eq!(plain(&place, &["verify", "acme"]).code, Some(4));
        admin.block_integration(&client, false).unwrap();
    }
    if scenario.stage >= Stage::Rotating {
        done(&place, &["rotate", "initiate", "acme"]);
        id = upload("second.pem");
    }
    if scenario.stage >= Stage::Overlap {
        done(&place, &["rotate", "confirm", "acme", &format!("--certificate-id={id}")]);
        done(&place, &["token", "get", "acme"]);
    }
    if ["company", "token revoke", "token import"].iter().any(|begin| scenario.name.starts_with(begin)) {
        connect(&place);
    }
    let kid = if scenario.name.starts_with("invite") { invite(&place, scenario.name) } else { String::new() };
    care(&place, scenario.name);
    let newcomer = fresh();
    let home = place.home().display().to_string();
    let arguments = scenario.arguments.iter().map(|argument| {
        argument
            .replace("{HOME}", &home)
            .replace("{ID}", &id)
            .replace("{KID}", &kid)
            .replace("{NEWCOMER}", &newcomer)
    });
    Scene { arguments: arguments.collect(), shows: Shows::of(scenario), place }
}

/// What the care of a vault begins with.
fn care(place: &Place, scenario: &str) {
    match scenario {
        "vault restore" => {
            let copy = place.home().join("copy.age").display().to_string();
            done(place, &["vault", "backup", &copy]);
            done(place, &["connection", "add", "netsuite", "lost", "--account=1234567", "--client-id=z"]);
            // Something in the journal that is newer than the backup.
            done(place, &["token", "get", "acme"]);
        }
        "vault rekey" => {
            let pin = done(place, &["vault", "info", "-o", "plain", "--fields=pin"]).stdout;
            place.put("first.pin", pin.trim());
            done(place, &["token", "get", "acme"]);
        }
        "vault move-home" => drop(done(place, &["vault", "move-home", "--release"])),
        name if name.starts_with("vault") => drop(done(place, &["token", "get", "acme"])),
        _ => {}
    }
}

/// An app of each provider that has apps, none of them in use.
fn add_apps(place: &Place) {
    place.put("app.secret", "a secret");
    let secret = "--client-secret-file=app.secret";
    done(place, &["app", "add", "quickbooks", "spare", "--client-id=s", secret]);
    done(place, &["app", "add", "pax8", "reseller", "--client-id=r", secret]);
    done(place, &["app", "add", "oauth2", "idp", "--client-id=i", SERVER, "--auth=none"]);
}

/// Connects a company that consented, with a connection beside it that needs no grant.
fn connect(place: &Place) {
    let admin = WORLD.simulator.control().quickbooks();
    let app = admin.register_app(NewApp::default()).unwrap();
    let realm = admin.add_company(NewCompany { realm: None, name: "Acme Ltd".to_owned() }).unwrap().realm;
    let grant = NewGrant { client_id: app.client_id.clone(), realm: realm.clone(), scopes: None };
    place.put("books.secret", &app.client_secret);
    place.put("acme.refresh", &admin.issue_grant(grant).unwrap().refresh_token);
    let id = format!("--client-id={}", app.client_id);
    let token_url = format!("--token-url={}", admin.token_url());
    let add = ["app", "add", "quickbooks", "books", "--client-secret-file=books.secret", &id, &token_url];
    done(place, &[&add[..], &["--environment=simulator"]].concat());
    let realm = format!("--realm={realm}");
    let import = ["token", "import", "acme-books", "--app=books", "--company=Acme Ltd", &realm];
    done(place, &[&import[..], &["--refresh-token-file=acme.refresh"]].concat());
    let erp = ["connection", "add", "netsuite", "acme-erp", "--account=7654321", "--client-id=e"];
    done(place, &[&erp[..], &["--company=Acme Ltd"]].concat());
}

/// Sets an issuer and brings an invitation, whose token is in `one.token`, to where the scenario needs it; returns the
/// name of the key that signed it.
fn invite(place: &Place, scenario: &str) -> String {
    if scenario == "invite issuer set" {
        return String::new();
    }
    let names = ["--issuer=https://invite.example", "--audience=app", "--link-base=https://app.example/"];
    done(place, &[&["invite", "issuer", "set"], &names[..]].concat());
    let mint = ["invite", "mint", "--email=ann@supplier.example", "--company=X", "--format=token"];
    place.put("one.token", &done(place, &mint).stdout);
    let steps: &[&str] = match scenario {
        "invite access" => &["sent"],
        "invite access, again" | "invite start" => &["sent", "access"],
        "invite submit" => &["sent", "access", "start"],
        "invite redeem" => &["sent", "access", "start", "submit"],
        _ => &[],
    };
    for step in steps {
        done(place, &["invite", step, if *step == "sent" { "--state=created" } else { "one.token" }]);
    }
    done(place, &["invite", "check", "one.token", "-o", "plain", "--fields=kid"]).stdout.trim().to_owned()
}

/// A QuickBooks app whose one company lets everybody in.
fn add_books(place: &Place) {
    let intuit = WORLD.simulator.control().quickbooks();
    let company = NewCompany { realm: Some("9130".to_owned()), name: "Acme Books".to_owned() };
    // Another scenario may have added it already.
    let _ = intuit.add_company(company);
    intuit.set_auto_approve(Some("9130")).unwrap();
    // A port of its own: scenarios run side by side.
    let uri = format!("http://localhost:{}/quickbooks/callback", free_port());
    let app = NewApp { keys: Keys::Development, redirect_uris: vec![uri.clone()], ..NewApp::default() };
    let app = intuit.register_app(app).unwrap();
    place.put("secret", &app.client_secret);
    let flags = [
        format!("--client-id={}", app.client_id),
        format!("--token-url={}", intuit.token_url()),
        format!("--redirect-uri={uri}"),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let add = ["app", "add", "quickbooks", "books", "--client-secret-file=secret", "--environment=simulator"];
    done(place, &[&add[..], &flags].concat());
}

fn upload(place: &Place, admin: &Admin, client: &str, file: &str) -> String {
    done(place, &["cert", "export", "acme", &format!("--out={file}")]);
    let certificate = std::fs::read_to_string(place.home().join(file)).unwrap();
    let upload = CertificateUpload { certificate, entity: "42".to_owned(), role: "7".to_owned() };
    admin.upload_certificate(client, upload).unwrap()
}

/// A key pair that the customer's account accepts already, as files; returns the certificate's id.
fn outside_pair(place: &Place, admin: &Admin, client: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let now = time::OffsetDateTime::now_utc();
    parameters.not_before = now - time::Duration::days(1);
    parameters.not_after = now + time::Duration::days(365);
    let certificate = parameters.self_signed(&key).unwrap().pem();
    place.put("old.key", &key.serialize_pem());
    place.put("old.pem", &certificate);
    let upload = CertificateUpload { certificate, entity: "42".to_owned(), role: "7".to_owned() };
    admin.upload_certificate(client, upload).unwrap()
}

/// What a user can see of what the command changes, without what is random or a time; null without a vault.
///
/// Fails with what was said if the vault does not open.
pub(crate) fn observe(scene: &Scene) -> Result<Value, String> {
    if scene.home().join(".local/share/tokenctl/vault.age").symlink_metadata().is_err() {
        return Ok(Value::Null);
    }
    let arguments: &[&str] = match scene.shows {
        Shows::Connections => &["connection", "list", "-o", "json"],
        Shows::Recipients | Shows::Journal | Shows::Pin | Shows::Home => &["vault", "info", "-o", "json"],
        Shows::Backup if !scene.home().join("copy.age").exists() => return Ok(false.into()),
        Shows::Backup => &["--vault", "copy.age", "vault", "info", "-o", "json"],
        Shows::Invitations => &["invite", "list", "-o", "json"],
        Shows::SigningKeys => &["invite", "key", "list", "-o", "json"],
        Shows::Apps => &["app", "list", "-o", "json"],
    };
    let ran = plain(&scene.place, arguments);
    if ran.code == Some(5) && matches!(scene.shows, Shows::SigningKeys) {
        return Ok(Value::Null); // no issuer yet
    }
    if ran.code != Some(0) {
        return Err(format!("`{}` fails: {ran}", arguments.join(" ")));
    }
    let envelope: Value = serde_json::from_str(&ran.stdout).map_err(|error| format!("{error}: {ran}"))?;
    let mut seen = match scene.shows {
        Shows::Connections => envelope["data"]["connections"].clone(),
        Shows::Recipients => envelope["data"]["recipients"].clone(),
        Shows::Journal => envelope["data"]["journal_entries"].clone(),
        Shows::Backup => true.into(),
        Shows::Home => envelope["data"]["home_released"].clone(),
        Shows::Pin => {
            let first = std::fs::read_to_string(scene.home().join("first.pin")).unwrap();
            (envelope["data"]["pin"] == first.as_str()).into()
        }
        Shows::Invitations => envelope["data"]["invitations"].clone(),
        Shows::SigningKeys => envelope["data"]["keys"].clone(),
        Shows::Apps => envelope["data"]["apps"].clone(),
    };
    if let Value::Array(rows) = &mut seen {
        rows.retain(|row| row["name"].as_str().is_none_or(|name| !name.starts_with(NEUTRAL)));
    }
    forget_chance(&mut seen);
    Ok(seen)
}

/// What connections are called that have nothing to do with any scenario; they are left out of what is seen.
pub(crate) const NEUTRAL: &str = "neutral";

/// Where a command's doing can be seen.
#[derive(Debug, Clone, Copy)]
enum Shows {
    Apps,
    Connections,
    Recipients,
    Journal,
    Invitations,
    SigningKeys,
    /// Whether the backup is there and opens.
    Backup,
    /// Whether the pin is the first one.
    Pin,
    /// Whether the vault was given up.
    Home,
}

impl Shows {
    fn of(scenario: &Scenario) -> Self {
        match scenario.name {
            name if name.starts_with("app") => Self::Apps,
            name if name.starts_with("recipient") => Self::Recipients,
            "vault backup" => Self::Backup,
            "vault rekey" => Self::Pin,
            name if name.starts_with("vault move-home") => Self::Home,
            "token get" | "exec" | "invite access, again" => Self::Journal,
            "invite issuer set" => Self::SigningKeys,
            name if name.starts_with("invite key") => Self::SigningKeys,
            name if name.starts_with("invite") => Self::Invitations,
            _ => Self::Connections,
        }
    }
}

/// Blanks what differs from run to run.
fn forget_chance(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(forget_chance);
            // What was made within one second is listed in any order.
            items.sort_by_key(Value::to_string);
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let by_chance = name.ends_with("_at")
                    || name.ends_with("_until")
                    || name.ends_with("fingerprint")
                    || [
                        "id",
                        "at",
                        "since",
                        "kid",
                        "sha256",
                        "public_key",
                        "latency_ms",
                        "not_before",
                        "not_after",
                        "serial",
                    ]
                    .contains(&name.as_str());
                if by_chance && !field.is_null() {
                    *field = "…".into();
                } else {
                    forget_chance(field);
                }
            }
        }
        _ => {}
    }
}
