//! R20: every schema that was ever committed opens, is brought up to date by the first write, whole or not at all, and a
//! newer one is refused.
//!
//! `tests/vectors/vaults/schema-N` is a vault as it was when schema N was the newest, with its journal, its audit log and
//! the identities that open it. They were made for these tests and open nothing else. They are never changed: a new
//! schema gets a step in [`Writer`] and a folder by `cargo test --test crash -- --ignored writes_the_vaults_that_are_missing`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::signature::Ed25519KeyPair;
use rusqlite::{Connection as Database, MAIN_DB};
use serde_json::Value;
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{CertificateUpload, NewIntegration};
use tokenctl::sim::quickbooks::{NewApp, NewCompany, NewGrant};
use tokenctl::sim::{self, SimulatorConfig};
use tokenctl::vault::schema::KNOWN_SCHEMA;
use tokenctl::vault::{Home, Location};

use crate::common::{Place, Ran};
use crate::forge::{Plain, identity};
use crate::snapshot::put;
use crate::tree;

/// When the vaults were begun; a few minutes lie between the steps.
const BEGUN: &str = "2026-11-22T12:00:00Z";

/// When they are looked at: the tokens in their journals still hold.
const THEN: &str = "2026-11-22T12:30:00Z";

/// The migrations, oldest first.
const MIGRATIONS: [&str; 4] = [
    include_str!("../../src/vault/migrations/2026-11-22-spine.sql"),
    include_str!("../../src/vault/migrations/2026-11-22-grants.sql"),
    include_str!("../../src/vault/migrations/2026-11-22-invitations.sql"),
    include_str!("../../src/vault/migrations/2026-11-29-listings.sql"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/vaults")
}

fn schemas() -> std::ops::RangeInclusive<u32> {
    1..=KNOWN_SCHEMA
}

const IDENTITY: &str = ".config/tokenctl/identity.txt";
const VAULT: &str = ".local/share/tokenctl/vault.age";

/// A home with the vault of a schema in it, which is not where it may be written.
fn home_with(schema: u32) -> Place {
    let place = Place::new();
    let fixture = fixtures().join(format!("schema-{schema}"));
    assert!(fixture.is_dir(), "schema {schema} has no vault in {}", fixtures().display());
    for path in tree::walk(&fixture) {
        let from = fixture.join(&path);
        let to = match path.to_str().unwrap() {
            "operator.txt" => place.home().join(IDENTITY),
            "support.txt" => place.home().join("support.txt"),
            _ => place.home().join(".local/share/tokenctl").join(&path),
        };
        if from.is_file() {
            put(&to, &std::fs::read(&from).unwrap());
        }
    }
    private(place.home());
    place
}

/// What a checkout does not keep: folders that nobody else can write.
fn private(folder: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(folder, mode).unwrap();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            private(&path);
        }
    }
}

/// The vault's plaintext, and the key that signs it.
fn opened(place: &Place) -> (Plain, Ed25519KeyPair) {
    let operator = identity(&place.home().join(IDENTITY));
    let plain = Plain::open(&place.home().join(VAULT), &operator);
    let secrets = plain.secrets(&operator);
    let (_, seed) = secrets.iter().find(|(what, _)| what.contains("signing seed")).unwrap();
    (plain, Ed25519KeyPair::from_seed_unchecked(seed).unwrap())
}

/// Makes the place the home of a vault of an older schema, with an operator's tools; the schema stays what it is.
pub(crate) fn settle(place: &Place, schema: u32) {
    let made = home_with(schema);
    tree::clear(place.home());
    for path in tree::walk(made.home()) {
        let from = made.home().join(&path);
        if from.is_file() {
            put(&place.home().join(&path), &std::fs::read(&from).unwrap());
        }
    }
    private(place.home());
    let path = place.home().join(VAULT);
    let location = Location::resolve(&path).unwrap();
    let home = Home::here(&location, None, &place.home().join(".local/state/tokenctl")).unwrap();
    let (mut plain, key) = opened(place);
    let set = |what: &str, value: &str| format!("UPDATE meta SET value = '{value}' WHERE key = '{what}';");
    plain.change(&(set("home.id", &home.id) + &set("home.path", &home.path)));
    plain.sign(&key, None);
    plain.write(&path, &plain.recipients());
    assert_eq!(stored_schema(place), schema);
}

/// The schema number in the file, whatever a reader would make of it.
fn stored_schema(place: &Place) -> u32 {
    let operator = identity(&place.home().join(IDENTITY));
    Plain::open(&place.home().join(VAULT), &operator)
        .with(|database| database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap())
}

fn run(place: &Place, arguments: &[&str]) -> Ran {
    place.finish(place.command(arguments).env("TOKENCTL_TEST_NOW", THEN))
}

fn data(place: &Place, arguments: &[&str]) -> Value {
    let ran = run(place, &[arguments, &["-o", "json"]].concat());
    assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
    serde_json::from_str::<Value>(&ran.stdout).unwrap()["data"].take()
}

/// What a vault says, in tables and in JSON, as it said when it was made.
#[test]
fn every_released_vault_says_what_it_said() {
    for schema in schemas() {
        let place = home_with(schema);
        let mut said = String::new();
        for arguments in [
            &["connection", "list"][..],
            &["connection", "show", "acme"],
            &["connection", "list", "-o", "csv"],
            &["company", "list"],
            &["cert", "list"],
            &["token", "get", "acme"],
        ] {
            let ran = run(&place, arguments);
            assert_eq!(ran.code, Some(0), "schema {schema}, {arguments:?}\n{ran}");
            writeln!(said, "$ tokenctl {}\n{}", arguments.join(" "), ran.stdout).unwrap();
        }
        if schema >= 3 {
            writeln!(said, "$ tokenctl invite list\n{}", run(&place, &["invite", "list"]).stdout).unwrap();
        }
        said += &serde_json::to_string_pretty(&data(&place, &["connection", "show", "acme"])).unwrap();
        insta::with_settings!({ snapshot_path => fixtures(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("schema-{schema}"), said);
        });
    }
}

#[test]
fn every_released_vault_holds() {
    for schema in schemas() {
        let place = home_with(schema);
        assert_eq!(stored_schema(&place), schema);
        let check = run(&place, &["vault", "check"]);
        assert_eq!(check.code, Some(0), "schema {schema}\n{check}");
        let audit = run(&place, &["audit", "verify"]);
        assert_eq!(audit.code, Some(0), "schema {schema}\n{audit}");
        // Support sees names and no tokens.
        let as_support = |arguments: &[&str]| {
            let mut command = place.command(arguments);
            command.env("TOKENCTL_IDENTITY_FILE", place.home().join("support.txt"));
            place.finish(command.env("TOKENCTL_TEST_NOW", THEN))
        };
        assert_eq!(as_support(&["connection", "list"]).code, Some(0));
        assert_eq!(as_support(&["token", "get", "acme"]).code, Some(9));
        // Nothing was written by any of this: it is not the vault's home.
        assert_eq!(stored_schema(&place), schema);
        let add =
            run(&place, &["connection", "add", "netsuite", "later", "--account=1234567", "--client-id=x"]);
        assert_eq!(add.code, Some(9), "{add}");
    }
}

#[test]
fn the_first_write_brings_the_schema_up_to_date_and_loses_nothing() {
    for schema in schemas() {
        let place = Place::new();
        settle(&place, schema);
        let before = data(&place, &["connection", "list"]);
        let (plain, _) = opened(&place);
        let secrets = plain.secrets(&identity(&place.home().join(IDENTITY)));
        let add =
            run(&place, &["connection", "add", "netsuite", "later", "--account=1234567", "--client-id=x"]);
        assert_eq!(add.code, Some(0), "schema {schema}\n{add}");
        assert_eq!(stored_schema(&place), KNOWN_SCHEMA);
        let after = data(&place, &["connection", "list"]);
        let (mut before, mut after) = (rows(&before), rows(&after));
        assert_eq!(after.len(), before.len() + 1);
        after.retain(|row| row["name"] != "later");
        for row in before.iter_mut().chain(&mut after) {
            row.as_object_mut().unwrap().remove("warnings");
        }
        for (before, after) in before.iter().zip(&after) {
            let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
            assert!(before.keys().eq(after.keys()));
            // The token's facts are in the journal at first, where a listing does not look for them.
            let counts = |name: &str| name != "token";
            let changed: Vec<_> =
                before.iter().filter(|(name, value)| counts(name) && after[*name] != **value).collect();
            assert!(changed.is_empty(), "schema {schema}: {changed:?}");
        }
        // Every secret is there; what was in the journal came to them.
        let kept = opened(&place).0.secrets(&identity(&place.home().join(IDENTITY)));
        let missing: Vec<_> =
            secrets.iter().filter(|secret| secret.0 != "token" && !kept.contains(secret)).collect();
        assert!(
            missing.is_empty(),
            "schema {schema}: {:?}",
            missing.iter().map(|secret| &secret.0).collect::<Vec<_>>()
        );
        let token = run(&place, &["token", "get", "acme"]);
        assert_eq!((token.code, token.stdout.as_str()), (Some(0), token_of(schema).as_str()), "{token}");
        for check in [["vault", "check"], ["audit", "verify"]] {
            let ran = run(&place, &check);
            assert_eq!(ran.code, Some(0), "schema {schema}, {check:?}\n{ran}");
        }
        // The generation before is what it was, in the older schema.
        let previous = place.home().join(".local/share/tokenctl/vault.age.prev");
        let previous = Plain::open(&previous, &identity(&place.home().join(IDENTITY)));
        assert_eq!(previous.image, plain.image);
    }
}

fn rows(list: &Value) -> Vec<Value> {
    list["connections"].as_array().unwrap().clone()
}

/// The token in the journal of a fixture, as it was handed out when it was made.
fn token_of(schema: u32) -> String {
    run(&home_with(schema), &["token", "get", "acme"]).stdout
}

/// What a later tokenctl wrote is told from damage, and not touched.
#[test]
fn the_next_schema_is_refused() {
    let place = Place::new();
    settle(&place, KNOWN_SCHEMA);
    let (mut plain, key) = opened(&place);
    plain.change(&format!("CREATE TABLE later (x); PRAGMA user_version = {}", KNOWN_SCHEMA + 1));
    plain.sign(&key, None);
    plain.write(&place.home().join(VAULT), &plain.recipients());
    let bytes = std::fs::read(place.home().join(VAULT)).unwrap();
    for arguments in [
        &["status"][..],
        &["connection", "list"],
        &["token", "get", "acme"],
        &["vault", "check"],
        &["connection", "add", "netsuite", "later", "--account=1234567", "--client-id=x"],
    ] {
        let ran = run(&place, arguments);
        assert_eq!(ran.code, Some(8), "{arguments:?}\n{ran}");
        let what = format!("has schema {}, this tokenctl knows {KNOWN_SCHEMA}", KNOWN_SCHEMA + 1);
        assert!(ran.stderr.contains(&what), "{ran}");
        assert!(ran.stderr.contains("hint: install the tokenctl that wrote it, or a newer one"), "{ran}");
    }
    assert_eq!(std::fs::read(place.home().join(VAULT)).unwrap(), bytes);
}

/// `age` and `sqlite3` read every one of them, where they are installed.
#[test]
fn stock_tools_open_every_released_vault() {
    let is_there = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !is_there("age") || !is_there("sqlite3") {
        assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "age or sqlite3 is missing");
        return;
    }
    for schema in schemas() {
        let place = home_with(schema);
        let state = place.home().join("state.db");
        let mut age = Command::new("age");
        age.arg("-d")
            .arg("-i")
            .arg(place.home().join(IDENTITY))
            .arg("-o")
            .arg(&state)
            .arg(place.home().join(VAULT));
        assert!(age.status().unwrap().success());
        let sql =
            "PRAGMA user_version; PRAGMA integrity_check; SELECT name FROM connections WHERE name = 'acme'";
        let rows = Command::new("sqlite3").arg(&state).arg(sql).output().unwrap();
        assert_eq!(String::from_utf8(rows.stdout).unwrap(), format!("{schema}\nok\nacme\n"));
    }
}

/// A schema without a vault, or a migration that no vault went through, is noticed here.
#[test]
fn every_schema_has_a_vault() {
    assert_eq!(MIGRATIONS.len(), KNOWN_SCHEMA as usize, "name the new migration here, and write its vault");
    let mut found: Vec<String> = fixtures()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, schemas().map(|schema| format!("schema-{schema}")).collect::<Vec<_>>());
}

/// A vault that has come as far as each schema knows, at a simulated customer's.
struct Writer {
    place: Place,
    clock: Clock,
    simulator: sim::Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Writer {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let clock = Clock::manual(BEGUN.parse().unwrap());
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock.clone()))).unwrap();
        Self { place: Place::new(), clock, simulator, _runtime: runtime }
    }

    fn ok(&self, arguments: &[&str]) -> Ran {
        let mut command = self.place.command(arguments);
        // The machine on which it is made is nobody's business.
        command.env("TOKENCTL_TEST_NOW", self.clock.now().to_string());
        command.env("TOKENCTL_HOME_ID", "a machine of the tests");
        let ran = self.place.finish(&mut command);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    /// What the first schema knows: connections, keys, tokens, members.
    fn spine(&self) {
        let admin = self.simulator.control().netsuite("1234567");
        let client = admin.create_integration(NewIntegration::default()).unwrap().client_id;
        self.ok(&["init"]);
        let support = age::x25519::Identity::generate();
        let pin = data(&self.place, &["vault", "info"])["pin"].as_str().unwrap().to_owned();
        let secret = age::secrecy::ExposeSecret::expose_secret(&support.to_string()).to_owned();
        self.place.put("support.txt", &format!("# tokenctl-vault-pin: {pin}\n{secret}\n"));
        let support = support.to_public().to_string();
        self.ok(&["vault", "recipient", "add", &support, "--role=viewer", "--label=support"]);
        let url = format!("--token-url={}", admin.token_url());
        let client_id = format!("--client-id={client}");
        let add =
            ["connection", "add", "netsuite", "acme", "--account=1234567", "--entity=42", "--role=1000"];
        let more = ["--environment=simulator", "--company=Acme Ltd", "--tag=region=north"];
        self.ok(&[&add[..], &more, &[&url, &client_id]].concat());
        self.ok(&["keygen", "acme", "--algorithm=ec-p256"]);
        let certificate = self.ok(&["cert", "export", "acme"]).stdout;
        let upload = CertificateUpload { certificate, entity: "42".to_owned(), role: "1000".to_owned() };
        let id = admin.upload_certificate(&client, upload).unwrap();
        self.ok(&["cert", "activate", "acme", &format!("--certificate-id={id}")]);
        self.ok(&["verify", "acme"]);
        self.ok(&["connection", "add", "netsuite", "gone", "--account=7654321", "--client-id=x"]);
        self.ok(&["connection", "remove", "gone", "--yes"]);
        self.ok(&["connection", "add", "netsuite", "globex", "--account=7654321_SB1", "--client-id=y"]);
        self.ok(&["keygen", "globex", "--algorithm=ec-p384"]);
        self.ok(&["rotate", "initiate", "acme"]);
        // The token stays in the journal: nothing is committed after it.
        self.clock.advance(jiff::SignedDuration::from_mins(5));
        self.ok(&["token", "get", "acme"]);
    }

    /// What the second knows: apps and grants.
    fn grants(&self) {
        let admin = self.simulator.control().quickbooks();
        let app = admin.register_app(NewApp::default()).unwrap();
        let realm = admin.add_company(NewCompany { realm: None, name: "Initech".to_owned() }).unwrap().realm;
        let grant = NewGrant { client_id: app.client_id.clone(), realm: realm.clone(), scopes: None };
        self.place.put("books.secret", &app.client_secret);
        self.place.put("refresh", &admin.issue_grant(grant).unwrap().refresh_token);
        let id = format!("--client-id={}", app.client_id);
        let url = format!("--token-url={}", admin.token_url());
        let add = ["app", "add", "quickbooks", "books", "--client-secret-file=books.secret"];
        self.ok(&[&add[..], &["--environment=simulator", &id, &url]].concat());
        let realm = format!("--realm={realm}");
        let import = ["token", "import", "initech", "--app=books", "--company=Initech", &realm];
        self.ok(&[&import[..], &["--refresh-token-file=refresh"]].concat());
        self.refresh();
    }

    /// What the third knows: invitations.
    fn invitations(&self) {
        let names = ["--issuer=https://invite.example", "--audience=app", "--link-base=https://app.example/"];
        self.ok(&[&["invite", "issuer", "set"], &names[..]].concat());
        self.ok(&["invite", "mint", "--email=ann@supplier.example", "--company=Supplier", "-q"]);
        self.refresh();
    }

    /// What the fourth finds faster: keys in every state, as a rotation leaves them.
    fn listings(&self) {
        let admin = self.simulator.control().netsuite("1234567");
        let shown = data(&self.place, &["connection", "show", "acme"]);
        let client = shown["connection"]["settings"]["client_id"].as_str().unwrap();
        let certificate = self.ok(&["cert", "export", "acme", "--key=pending"]).stdout;
        let upload = CertificateUpload { certificate, entity: "42".to_owned(), role: "1000".to_owned() };
        let id = admin.upload_certificate(client, upload).unwrap();
        self.ok(&["rotate", "confirm", "acme", &format!("--certificate-id={id}")]);
        self.refresh();
    }

    /// New tokens, which stay in the journal: nothing is committed after them.
    fn refresh(&self) {
        self.clock.advance(jiff::SignedDuration::from_mins(5));
        self.ok(&["token", "refresh", "acme", "initech"]);
    }

    /// Writes the vault, and what is beside it, into the folder of `schema`, unless there is one.
    fn write(&self, schema: u32) {
        let folder = fixtures().join(format!("schema-{schema}"));
        if folder.is_dir() {
            return;
        }
        let beside = self.place.home().join(".local/share/tokenctl");
        for path in tree::walk(&beside) {
            let is_kept = !path.to_str().unwrap().contains(".locks") && !path.ends_with("vault.age.prev");
            if beside.join(&path).is_file() && is_kept {
                put(&folder.join(&path), &std::fs::read(beside.join(&path)).unwrap());
            }
        }
        let notice = "# A test identity: it opens the vault beside it and nothing else.\n";
        for (from, to) in [(IDENTITY, "operator.txt"), ("support.txt", "support.txt")] {
            let text = std::fs::read_to_string(self.place.home().join(from)).unwrap();
            put(&folder.join(to), (notice.to_owned() + &text).as_bytes());
        }
        let (mut plain, key) = opened(&self.place);
        if schema < KNOWN_SCHEMA {
            plain.image = as_of(schema, &plain.image);
        }
        plain.change("UPDATE meta SET value = '/srv/tokenctl/vault.age' WHERE key = 'home.path'");
        plain.sign(&key, None);
        plain.write(&folder.join("vault.age"), &plain.recipients());
    }
}

/// Returns a database that only the first migrations made, with the rows of `image`.
fn as_of(schema: u32, image: &[u8]) -> Vec<u8> {
    let mut database = Database::open_in_memory().unwrap();
    for migration in &MIGRATIONS[..schema as usize] {
        database.execute_batch(migration).unwrap();
    }
    let application: i32 = 0x746b_6374;
    database.pragma_update(None, "application_id", application).unwrap();
    database.pragma_update(None, "user_version", schema).unwrap();
    database.execute_batch("PRAGMA foreign_keys = OFF; ATTACH ':memory:' AS old").unwrap();
    database.deserialize_read_exact(c"old", image, image.len(), true).unwrap();
    let names = |database: &Database, sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for table in names(&database, "SELECT name FROM main.sqlite_schema WHERE type = 'table'") {
        let columns = format!("SELECT name FROM pragma_table_info('{table}', 'main')");
        let columns = names(&database, &columns).join(", ");
        let sql = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table}");
        database.execute_batch(&sql).unwrap();
    }
    database.serialize(MAIN_DB).unwrap().to_vec()
}

#[test]
#[ignore = "writes files: tests/vectors/vaults"]
fn writes_the_vaults_that_are_missing() {
    let writer = Writer::new();
    writer.spine();
    writer.write(1);
    writer.grants();
    writer.write(2);
    writer.invitations();
    writer.write(3);
    writer.listings();
    writer.write(4);
}
