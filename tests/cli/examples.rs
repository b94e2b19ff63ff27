//! Every example of the help, run in the world that it speaks of.
//!
//! A new example runs in a vault with a proven connection `acme`; one that needs more has a line in [`WORLDS`].

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokenctl::cli::examples::{EXAMPLES, Example};
use tokenctl::sim::quickbooks::{Decision, NewApp, NewCompany, NewGrant};
use tokenctl::sim::{oauth2, pax8};

use crate::common::Ran;
use crate::common::login::{Login, free_port};
use crate::common::scene::Scene;

const REALM: &str = "9130355377388383";
const OPERATOR: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// What is there before an example runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing, not even a vault.
    NoVault,
    /// Connections of NetSuite with an active key.
    Settled(&'static str),
    /// `acme` without a key, with a pending one, in a rotation, or after one.
    Keyless,
    Pending,
    Rotating,
    Overlap,
    /// What `connection set` or `app set` just did.
    Set(&'static [&'static str]),
    /// The client secret of `books` was reset at the vendor: it is the one in `new.secret`.
    Reset,
    /// Apps whose vendors are simulated: `books`, `idp`, `crm`, `partner`.
    Books,
    Idp,
    Crm,
    Partner,
    /// A grant of `books` for Acme Ltd, as `acme`.
    Granted,
    /// A recipient with this role and the label `support`.
    Support(&'static str),
    /// An issuer, and an invitation that has come this far; its token is in `token.txt`.
    Issuer,
    Invited(&'static [&'static str]),
}

use Part::*;

/// What an example needs, by the beginning of its command line; the first that fits counts.
#[rustfmt::skip] // a table
const WORLDS: &[(&str, &[Part])] = &[
    ("init", &[NoVault]),
    ("demo", &[NoVault]),
    ("sim", &[NoVault]),
    ("help", &[NoVault]),
    ("completion", &[NoVault]),
    ("man", &[NoVault]),
    ("app add", &[]),
    ("app list", &[Books, Idp]),
    ("app show books", &[Granted]),
    ("app set books --revert", &[Books, Set(&["app", "set", "books", "--client-secret-file=new.secret", "--unproven"])]),
    ("app set books --client-secret-file", &[Books, Reset]),
    ("app", &[Books]),
    ("connection add quickbooks", &[Books]),
    ("connection add pax8", &[Partner]),
    ("connection add oauth2 reports", &[Idp]),
    ("connection add oauth2 crm", &[Idp]),
    ("connection add", &[]),
    ("connection set acme --revert", &[Settled("acme"), Set(&["connection", "set", "acme", "--scope=rest_webservices"])]),
    ("connection enable", &[Settled("acme"), Set(&["connection", "disable", "acme"])]),
    ("login crm", &[Crm]),
    ("login books --name acme", &[Granted]),
    ("login", &[Books]),
    ("company", &[Granted]),
    ("keygen", &[Keyless]),
    ("key import", &[Keyless]),
    ("cert export acme --out", &[Pending]),
    ("cert show", &[Pending]),
    ("cert activate", &[Pending]),
    ("rotate confirm", &[Rotating]),
    ("rotate abort", &[Rotating]),
    ("rotate rollback", &[Overlap]),
    ("rotate retire", &[Overlap]),
    ("verify acme --key pending", &[Rotating]),
    ("vault restore /mnt", &[Settled("acme"), Set(&["vault", "backup", "backups/vault-42.age"])]),
    ("vault move-home --release", &[Settled("acme")]),
    ("vault move-home", &[Settled("acme"), Set(&["vault", "move-home", "--release"])]),
    ("token import", &[Books]),
    ("token revoke", &[Granted]),
    ("token refresh acme", &[Granted]),
    ("invite issuer set", &[]),
    ("invite sent", &[Invited(&[])]),
    ("invite access", &[Invited(&["sent"])]),
    ("invite start", &[Invited(&["sent", "access"])]),
    ("invite submit", &[Invited(&["sent", "access", "start"])]),
    ("invite redeem", &[Invited(&["sent", "access", "start", "submit"])]),
    ("invite", &[Invited(&[])]),
    ("exec", &[Settled("acme"), Settled("globex")]),
    ("vault recipient set-role", &[Support("operator")]),
    ("vault recipient remove", &[Support("viewer")]),
];

/// Files that examples read.
const FILES: &[(&str, &str)] = &[
    ("books.secret", "hush"),
    ("new.secret", "quiet"),
    ("pax8.secret", "hush"),
    ("idp.secret", "hush"),
    ("crm.secret", "hush"),
    (
        "accounts.csv",
        "name,account,client_id,scope,tags,company,entity,role\na,1234567_SB1,c1,,,Acme Ltd,42,1000\n",
    ),
    (
        "suppliers.csv",
        "email,company\nann@supplier.example,Supplier Ltd\nbob@supplier.example,Supplier Ltd\n",
    ),
];

/// Folders of a machine that examples write to, and those of the home that stand for them.
const FOLDERS: &[(&str, &str)] =
    &[("/mnt/backups", "backups"), ("prometheus=/var/lib/node_exporter", "node_exporter")];

/// Programs that examples run.
const PROGRAMS: &[&str] = &["export-orders", "compare", "sync-all-night"];

/// Examples that ask a person, who says yes.
const ASKING: &[&str] = &["company disconnect", "token revoke", "invite key revoke", "vault move-home"];

struct World {
    scene: Scene,
    /// What stands in an example for what only the vendor or the vault knows, and what is typed instead.
    substitutes: Vec<(String, Vec<String>)>,
    /// When the example runs; `None` lets time pass.
    now: Option<&'static str>,
}

fn world(example: &Example) -> World {
    let line = example.arguments.join(" ");
    let named = WORLDS.iter().find(|(start, _)| line.starts_with(start));
    let parts = named.map_or(&[Settled("acme")][..], |(_, parts)| parts);
    let scene = Scene::new();
    let url = scene.vendors_url();
    let now = match example.command {
        // Its vendors live by the clock of the machine.
        ["demo"] => None,
        // The next key has been public for long enough.
        ["invite", "key", "rotate"] => Some("2027-03-01T14:00:00Z"),
        _ => Some("2027-03-01T12:00:00Z"),
    };
    let mut world = World { scene, substitutes: Vec::new(), now };
    world.stands_for("http://127.0.0.1:8650", &[&url]);
    world.stands_for("127.0.0.1:8650", &["127.0.0.1:0"]);
    for (name, text) in FILES {
        world.scene.place.put(name, text);
    }
    for (written, name) in FOLDERS {
        let folder = world.scene.place.home().join(name);
        std::fs::create_dir(&folder).unwrap();
        world.stands_for(
            written,
            &[&written.replace(written.trim_start_matches("prometheus="), &folder.display().to_string())],
        );
    }
    // Typed in the vault's own folder.
    let previous = format!("{}.prev", world.scene.vault().display());
    world.stands_for("vault.age.prev", &[&previous]);
    for name in PROGRAMS {
        let program = world.scene.place.put(
            name,
            "#!/bin/sh\ntest -n \"$TOKENCTL_TOKEN$NETSUITE_TOKEN$TOKENCTL_SOCKET\" || read -r token\n",
        );
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    // A server that publishes its metadata: the one that the simulator plays, of which the vault is told so.
    if line.contains("--discovery") {
        world.idp();
        let discovery = world.scene.control().oauth2("idp").discovery_url();
        world.stands_for(
            "https://idp.example.com/.well-known/openid-configuration",
            &[&discovery, "--environment=simulator"],
        );
    }
    for part in parts {
        world.add(*part);
    }
    world
}

impl World {
    fn stands_for(&mut self, written: &str, typed: &[&str]) {
        self.substitutes.push((written.to_owned(), typed.iter().map(ToString::to_string).collect()));
    }

    fn certificate(&mut self, id: &str) {
        self.stands_for("--certificate-id=5f3a", &[&format!("--certificate-id={id}")]);
    }

    fn add(&mut self, part: Part) {
        match part {
            NoVault => {
                for folder in [".local", ".config"] {
                    std::fs::remove_dir_all(self.scene.place.home().join(folder)).unwrap();
                }
            }
            Settled(name) => {
                self.scene.add(name);
                self.scene.activate(name);
            }
            Keyless => {
                self.scene.add("acme");
                self.old_pair();
            }
            Pending => {
                self.scene.add("acme");
                self.scene.ok(&["keygen", "acme", "--algorithm=ec-p256"]);
                let id = self.scene.upload("acme");
                self.certificate(&id);
            }
            Rotating | Overlap => {
                self.add(Settled("acme"));
                self.scene.ok(&["rotate", "initiate", "acme"]);
                let id = self.scene.upload("acme");
                self.certificate(&id);
                if part == Overlap {
                    self.scene.ok(&["rotate", "confirm", "acme", &format!("--certificate-id={id}")]);
                }
            }
            Set(arguments) => drop(self.scene.ok(arguments)),
            Reset => self.scene.control().quickbooks().set_client_secret("CLIENT", "quiet").unwrap(),
            Books => self.books(),
            Idp => {
                self.idp();
                let discovery = self.scene.control().oauth2("idp").discovery_url();
                self.app("oauth2", "idp", &[&format!("--discovery={discovery}")]);
            }
            Crm => {
                let server = self.scene.control().oauth2("crm");
                server.register_client(client()).unwrap();
                server.decide_next(oauth2::Decision::Approve("ann".to_owned())).unwrap();
                self.app("oauth2", "crm", &[&format!("--discovery={}", server.discovery_url())]);
            }
            Partner => {
                let vendor = self.scene.control().pax8();
                let audiences = ["https://api.pax8.com", "api://usage"].map(str::to_owned);
                vendor
                    .create_client(pax8::NewClient {
                        client_id: Some("CLIENT".to_owned()),
                        client_secret: Some("hush".to_owned()),
                        audiences: Some(audiences.into()),
                    })
                    .unwrap();
                self.app("pax8", "partner", &[&format!("--token-url={}", vendor.token_url())]);
            }
            Granted => {
                self.books();
                let realm = format!("--realm={REALM}");
                let import =
                    ["token", "import", "acme", "--app=books", &realm, "--refresh-token-file=acme.refresh"];
                self.scene.ok(&[&import[..], &["--company=Acme Ltd"]].concat());
            }
            Support(role) => {
                let role = format!("--role={role}");
                self.scene.ok(&["vault", "recipient", "add", OPERATOR, &role, "--label=support"]);
            }
            Issuer => {
                let issuer = example_of("invite issuer set --issuer");
                let data = &self.scene.json(issuer.arguments)["data"];
                assert!(!data.is_null());
                self.scene.ok(&["invite", "jwks", "--out=keys.json"]);
                self.stands_for("https://invite.example.com/.well-known/jwks.json", &["keys.json"]);
                let keys = self.scene.json(&["invite", "key", "list"])["data"]["keys"].clone();
                let kid = keys[0]["kid"].as_str().unwrap_or_else(|| panic!("{keys}"));
                self.stands_for("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", &[kid]);
            }
            Invited(steps) => {
                self.add(Issuer);
                let mint = ["invite", "mint", "--email=ann@supplier.example", "--company=Supplier Ltd"];
                let minted = self.scene.json(&mint)["data"].clone();
                let id = minted["id"].as_str().unwrap_or_else(|| panic!("{minted}"));
                self.scene.place.put("token.txt", minted["token"].as_str().unwrap());
                self.stands_for("3f0c9d1e5a7b48c2b6d4e8f0a1c3e5d7", &[id]);
                for step in steps {
                    let what = if *step == "sent" { id } else { "token.txt" };
                    self.scene.ok(&["invite", step, what]);
                }
            }
        }
    }

    /// An app of the simulator's; its client is `CLIENT`, the secret `hush`.
    fn app(&self, provider: &str, name: &str, flags: &[&str]) {
        let add = ["app", "add", provider, name, "--client-id=CLIENT", "--client-secret-file=books.secret"];
        self.scene.ok(&[&add[..], &["--environment=simulator"], flags].concat());
    }

    fn idp(&self) {
        let server = self.scene.control().oauth2("idp");
        if server.clients().is_ok_and(|clients| !clients.is_empty()) {
            return;
        }
        server.register_client(client()).unwrap();
    }

    /// The app `books`, and a company that another system has connected.
    fn books(&mut self) {
        let intuit = self.scene.control().quickbooks();
        let callback = format!("http://localhost:{}/quickbooks/callback", free_port());
        let app = NewApp {
            client_id: Some("CLIENT".to_owned()),
            client_secret: Some("hush".to_owned()),
            redirect_uris: vec![callback.clone(), "https://connect.example.com/quickbooks".to_owned()],
            ..NewApp::default()
        };
        intuit.register_app(app).unwrap();
        intuit
            .add_company(NewCompany { realm: Some(REALM.to_owned()), name: "Acme Ltd".to_owned() })
            .unwrap();
        let grant = NewGrant { client_id: "CLIENT".to_owned(), realm: REALM.to_owned(), scopes: None };
        let token = intuit.issue_grant(grant).unwrap().refresh_token;
        self.scene.place.put("acme.refresh", &token);
        let grants = format!("name,app,realm,company,refresh_token\nacme,books,{REALM},Acme Ltd,{token}\n");
        self.scene.place.put("grants.csv", &grants);
        intuit.decide_next(Decision::Approve(REALM.to_owned())).unwrap();
        let (url, callback) = (intuit.token_url(), format!("--redirect-uri={callback}"));
        self.app("quickbooks", "books", &[&format!("--token-url={url}"), &callback]);
    }

    /// A key pair that NetSuite knows already, in files.
    fn old_pair(&mut self) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut certificate = rcgen::CertificateParams::new(Vec::new()).unwrap();
        certificate.not_before = rcgen::date_time_ymd(2027, 2, 1);
        certificate.not_after = rcgen::date_time_ymd(2028, 2, 1);
        let pem = certificate.self_signed(&key).unwrap().pem();
        self.scene.place.put("old.key", &key.serialize_pem());
        self.scene.place.put("old.pem", &pem);
        let id = self.scene.upload_pem(pem, "42", "1000");
        self.certificate(&id);
    }

    /// What is typed for an example.
    fn typed(&self, example: &Example) -> Vec<String> {
        let mut typed = Vec::new();
        for word in example.arguments {
            let found = self.substitutes.iter().find(|(written, _)| word.starts_with(written));
            match found {
                Some((written, instead)) => {
                    typed.push(word.replace(written, &instead[0]));
                    typed.extend_from_slice(&instead[1..]);
                }
                None => typed.push((*word).to_owned()),
            }
        }
        if ASKING.iter().any(|start| example.arguments.join(" ").starts_with(start)) {
            typed.insert(0, "--yes".to_owned());
        }
        typed
    }

    fn command(&self, example: &Example) -> Command {
        let typed = self.typed(example);
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        let mut command = self.scene.command(&typed);
        match self.now {
            Some(now) => command.env("TOKENCTL_TEST_NOW", now),
            None => command.env_remove("TOKENCTL_TEST_NOW"),
        };
        // A secret from standard input, where one is read from there.
        if example.arguments.contains(&"-") {
            let file = if typed[0] == "invite" { "token.txt" } else { "books.secret" };
            command.stdin(std::fs::File::open(self.scene.place.home().join(file)).unwrap());
        }
        command
    }
}

fn client() -> oauth2::NewClient {
    oauth2::NewClient {
        client_id: Some("CLIENT".to_owned()),
        client_secret: Some("hush".to_owned()),
        ..oauth2::NewClient::default()
    }
}

fn example_of(start: &str) -> &'static Example {
    EXAMPLES.iter().find(|example| example.arguments.join(" ").starts_with(start)).unwrap()
}

/// Runs an example to its end: with a browser where a person logs in, until a signal where it never ends by itself.
fn run(world: &World, example: &Example) -> Ran {
    let mut command = world.command(example);
    match example.command {
        ["login"] => {
            let mut login = Login::start(&mut command);
            if example.arguments.contains(&"--paste") {
                let address = login.consent().to_string();
                login.paste(&address);
            } else if !example.arguments.contains(&"--device") {
                login.browse();
            }
            login.finish(&world.scene.place)
        }
        ["sim"] => {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut first = [0];
            std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
            let pid = Pid::from_child(&child);
            kill_process(pid, Signal::TERM).unwrap();
            world.scene.place.normalise(&child.wait_with_output().unwrap())
        }
        _ => world.scene.place.finish(&mut command),
    }
}

/// How an example ends.
fn code(example: &Example) -> i32 {
    match example.command {
        // The simulator runs until somebody stops it.
        ["sim"] => 143,
        // It asks why an id is refused, and it is.
        ["doctor"] if example.arguments.contains(&"--certificate-id=5f3a") => 4,
        _ => 0,
    }
}

fn all(nouns: &[&str]) {
    let mut wrong = Vec::new();
    for example in EXAMPLES.iter().filter(|example| nouns.contains(&example.command[0])) {
        let world = world(example);
        let ran = run(&world, example);
        if ran.code != Some(code(example)) {
            wrong.push(format!("$ tokenctl {}\n{ran}", world.typed(example).join(" ")));
        }
    }
    assert!(wrong.is_empty(), "examples that do not end as they should:\n{}", wrong.join("\n\n"));
}

/// The tests below, each with its share of the examples: they run side by side.
const SHARES: &[&[&str]] = &[
    &["init", "demo", "sim", "help", "completion", "man"],
    &["app", "login", "company"],
    &["connection", "keygen", "key"],
    &["cert", "rotate", "verify"],
    &["token", "exec"],
    &["invite"],
];

#[test]
fn of_beginnings() {
    all(SHARES[0]);
}

#[test]
fn of_apps_and_companies() {
    all(SHARES[1]);
}

#[test]
fn of_connections() {
    all(SHARES[2]);
}

#[test]
fn of_rotations() {
    all(SHARES[3]);
}

#[test]
fn of_programs() {
    all(SHARES[4]);
}

#[test]
fn of_invitations() {
    all(SHARES[5]);
}

#[test]
fn of_everything_else() {
    let shared: Vec<&str> = SHARES.concat();
    let mut others: Vec<&str> = EXAMPLES.iter().map(|example| example.command[0]).collect();
    others.retain(|noun| !shared.contains(noun));
    all(&others);
}
