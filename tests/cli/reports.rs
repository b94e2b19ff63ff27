//! What the reports say to programs, from one end of the story to the other.

use serde_json::{Value, json};
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{CertificateUpload, NewIntegration};
use tokenctl::sim::{self, Simulator, SimulatorConfig};
use tokio::runtime::Runtime;

use crate::common::{Place, Ran};

const ACCOUNT: &str = "1234567";

/// A place with a vault, and a simulated vendor.
struct Stage {
    place: Place,
    simulator: Simulator,
    _runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let clock = Clock::manual("2027-03-01T12:00:00Z".parse().unwrap());
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock))).unwrap();
        let stage = Self { place: Place::new(), simulator, _runtime: runtime };
        stage.done(&["init"]);
        stage
    }

    fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.place.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
        ran
    }

    /// A connection without a key; returns its client id.
    fn add(&self, name: &str) -> String {
        let admin = self.simulator.control().netsuite(ACCOUNT);
        let client_id = admin.create_integration(NewIntegration::default()).unwrap().client_id;
        self.done(&[
            "connection",
            "add",
            "netsuite",
            name,
            &format!("--account={ACCOUNT}"),
            &format!("--client-id={client_id}"),
            "--environment=simulator",
            &format!("--token-url={}", admin.token_url()),
        ]);
        client_id
    }

    /// A key that the vendor does not know yet.
    fn pending(&self, name: &str, days: &str) -> String {
        let client_id = self.add(name);
        self.done(&["keygen", name, "--algorithm=ec-p256", "--days", days]);
        client_id
    }

    /// A connection that works, with a certificate of so many days.
    fn active(&self, name: &str, days: &str) {
        let client_id = self.pending(name, days);
        let pem = self.done(&["cert", "export", name, "--out=-"]).stdout;
        let upload = CertificateUpload { certificate: pem, entity: "42".into(), role: "1000".into() };
        let admin = self.simulator.control().netsuite(ACCOUNT);
        let id = admin.upload_certificate(&client_id, upload).unwrap();
        self.done(&["cert", "activate", name, &format!("--certificate-id={id}")]);
    }

    /// A connection with an active key that the vendor refuses, because its client id was changed.
    fn rejected(&self, name: &str) {
        self.active(name, "700");
        self.done(&["connection", "set", name, &format!("--client-id=not-{name}"), "--unproven"]);
    }

    /// The envelope of a command, whatever its exit code.
    fn envelope(&self, arguments: &[&str]) -> Value {
        envelope(&self.place.run(&[arguments, &["-o", "json"]].concat()))
    }

    fn data(&self, arguments: &[&str]) -> Value {
        self.envelope(arguments)["data"].take()
    }
}

fn envelope(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"))
}

fn is_id(value: &Value) -> bool {
    value.as_str().is_some_and(|id| id.len() > 8)
}

/// Finding 19: every command renders one report.
#[test]
fn an_export_to_a_file_is_a_report() {
    let stage = Stage::new();
    stage.pending("acme", "700");
    let file = stage.place.home().join("acme.pem");
    let ran = stage.place.run(&["cert", "export", "acme", "--out=acme.pem", "-o", "json"]);
    let answer = envelope(&ran);
    assert_eq!(answer["schema"], "tokenctl.export/1");
    let data = &answer["data"];
    assert_eq!(data["what"], "the pending certificate of acme");
    assert_eq!(data["path"], "acme.pem");
    assert_eq!(data["bytes"], std::fs::metadata(&file).unwrap().len());
    let sum = std::process::Command::new("sha256sum").arg(&file).output().unwrap().stdout;
    assert_eq!(data["sha256"], String::from_utf8(sum).unwrap()[..64]);

    let shown = stage.done(&["cert", "export", "acme", "--out=acme.pem", "--force"]);
    assert_eq!(shown.stdout, "wrote the pending certificate of acme to acme.pem\n");
    assert_eq!(shown.stderr, "");
    let log = stage.envelope(&["audit", "export", "--out=log.jsonl"]);
    assert_eq!(log["schema"], "tokenctl.export/1");
    assert_eq!(log["data"]["what"], "the audit log");
    let bytes = stage.place.run(&["cert", "export", "acme", "--out=-", "-o", "json"]).stdout;
    assert_eq!(bytes, std::fs::read_to_string(file).unwrap(), "the bytes are the output in every format");
}

/// Finding 20: how a token is printed is the format of its failure, too.
#[test]
fn a_token_in_every_format() {
    let stage = Stage::new();
    stage.active("acme", "700");
    let failed = stage.place.run(&["token", "get", "nobody", "--format", "json"]);
    assert_eq!((envelope(&failed)["error"]["code"].clone(), failed.code), (json!(3), Some(3)));
    let usage = stage.place.run(&["token", "get", "--format=json"]);
    assert_eq!(envelope(&usage)["error"]["kind"], "usage");

    let lines = stage.done(&["token", "get", "acme", "-o", "jsonl"]).stdout;
    assert_eq!(lines.lines().count(), 1);
    let answer: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(answer["schema"], "tokenctl.token/1");
    assert!(is_id(&answer["data"]["connection_id"]), "{answer}");
    insta::assert_snapshot!(stage.place.run(&["token", "get", "acme", "-o", "csv"]), @"
    --- stderr
    error: a token is not written as CSV
    hint: to get it alone, run `tokenctl token get acme --format=raw`
    hint: to get it with its expiry, run `tokenctl token get acme --format=json`
    --- exit 2
    ");
    let raw = stage.done(&["token", "get", "acme", "-o", "csv", "--format=raw"]).stdout;
    assert_eq!(raw, stage.done(&["token", "get", "acme", "-o", "plain"]).stdout);
}

/// Findings 22, 55, 56: a failed proof tells programs as much as people.
#[test]
fn what_verify_tells() {
    let stage = Stage::new();
    stage.active("acme", "700");
    stage.rejected("broken");
    let report = stage.data(&["verify", "--all"]);
    let (acme, broken) = (&report["connections"][0], &report["connections"][1]);
    assert_eq!(acme["proof"]["kind"], "exchange");
    assert_eq!(acme["proof"]["http_status"], 200);
    assert!(acme["proof"]["latency_ms"].is_u64());
    assert_eq!(acme["causes"], json!([]));
    assert!(is_id(&acme["connection_id"]), "{acme}");
    assert_eq!(broken["proof"], Value::Null);
    assert_eq!(broken["code"], 4);
    let causes = broken["causes"].as_array().unwrap();
    assert!(!causes.is_empty(), "{broken}");
    for member in ["request_id", "clock_skew_seconds", "key_fingerprint"] {
        assert!(broken.as_object().unwrap().contains_key(member), "{member}: {broken}");
    }
    // The simulator dates its answers, and names no requests.
    assert_eq!(broken["clock_skew_seconds"], 0);
}

/// Finding 28: a row has the code that it alone would have had.
#[test]
fn an_expiring_row_has_its_own_code() {
    let stage = Stage::new();
    stage.active("acme", "700");
    stage.active("soon", "10");
    let code = |report: &Value, row: usize| report["connections"][row]["code"].clone();
    let ran = stage.place.run(&["verify", "--all", "--fail-on=expiring", "-o", "json"]);
    let report = envelope(&ran)["data"].take();
    assert_eq!((code(&report, 0), code(&report, 1), ran.code), (json!(0), json!(10), Some(10)));
    assert_eq!(report["connections"][1]["result"], "expiring");
    let tolerant = stage.data(&["verify", "--all"]);
    assert_eq!(code(&tolerant, 1), 0);

    stage.rejected("broken");
    let ran = stage.place.run(&["verify", "--all", "--fail-on=expiring", "-o", "json"]);
    assert_eq!(ran.code, Some(13), "expiring counts as ok where something is worse");
    assert_eq!(stage.place.run(&["verify", "broken", "soon", "--fail-on=expiring"]).code, Some(13));
    assert_eq!(stage.place.run(&["verify", "soon", "--fail-on=expiring"]).code, Some(10));
}

/// Findings 39, 54, 56: one vocabulary for tables and JSON.
#[test]
fn where_a_connection_stands() {
    let stage = Stage::new();
    stage.add("bare");
    stage.pending("new", "700");
    stage.active("acme", "700");
    stage.active("soon", "10");
    stage.active("off", "700");
    stage.done(&["connection", "disable", "off"]);
    stage.rejected("broken");
    stage.place.run(&["verify", "acme", "broken", "soon"]);
    let list = stage.data(&["connection", "list"]);
    let found: Vec<_> = list["connections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| [&row["name"], &row["status"], &row["key_state"]].map(|word| word.as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ["acme", "active", "active"],
            ["bare", "pending", "none"],
            ["broken", "rejected", "active"],
            ["new", "pending", "pending"],
            ["off", "disabled", "active"],
            ["soon", "expiring", "active"],
        ]
    );
    let table = stage.done(&["connection", "list", "--search=soon"]).stdout;
    assert!(table.contains("STATUS") && table.contains("expiring"), "{table}");
    // The table is read in another way: both must say the same.
    let table = stage.done(&["connection", "list"]).stdout;
    let lines: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let shown = |row: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let mut shown = ["name", "provider"].map(|field| text(&row[field])).to_vec();
        shown.extend([
            text(&row["settings"]["account"]),
            text(&row["company"]["name"]),
            text(&row["status"]),
        ]);
        shown.push(row["expires_at"].as_str().map_or("-", |at| &at[..10]).to_owned());
        shown
    };
    let rows: Vec<_> = list["connections"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(lines.iter().map(|line| line[..6].to_vec()).collect::<Vec<_>>(), rows);

    let keys = stage.data(&["rotate", "initiate", "acme", "--algorithm=ec-p256"]);
    assert_eq!((&keys["key_state"], &keys["keys"][0]["state"]), (&json!("rotating"), &json!("pending")));
    assert!(is_id(&keys["connection_id"]));
    let detail = stage.data(&["connection", "show", "acme"]);
    assert_eq!(detail["connection"]["key_state"], "rotating");
    assert_eq!(keys["connection_id"], detail["connection"]["id"]);
    let certificates = stage.data(&["cert", "list"]);
    assert_eq!(certificates["certificates"][0]["connection_id"], keys["connection_id"]);
}

/// Findings 54, 57: what needs attention, in words that programs can rely on.
#[test]
fn what_needs_attention() {
    let stage = Stage::new();
    stage.active("acme", "700");
    stage.rejected("broken");
    stage.active("soon", "10");
    stage.pending("new", "700");
    stage.place.run(&["verify", "acme", "broken", "soon"]);
    let status = stage.data(&["status"]);
    let found: Vec<_> = status["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            assert!(item["connection"].is_null() || is_id(&item["connection_id"]), "{item}");
            [&item["kind"], &item["severity"]].map(|word| word.as_str().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            ["not-proven", "high"],
            ["expiring", "medium"],
            ["single-operator", "medium"],
            ["activation-pending", "low"],
        ]
    );
    assert_eq!((&status["connections"], &status["ready"]), (&json!(4), &json!(2)));
}

/// Findings 27, 56: a batch says what was stored.
#[test]
fn a_batch_that_stored_nothing_says_so() {
    let stage = Stage::new();
    stage.place.put("bad.csv", "name,account,client_id\n../bad,1,c\n");
    let bad = stage.data(&["connection", "import", "bad.csv"]);
    assert_eq!((&bad["stored"], &bad["failed"]), (&json!(false), &json!(1)));
    stage.place.put("mixed.csv", "name,account,client_id\n../bad,1,c\ngood,1,c\n");
    let mixed = stage.data(&["connection", "import", "mixed.csv"]);
    assert_eq!(mixed["stored"], true);
    assert_eq!(mixed["rows"][0]["connection_id"], Value::Null);
    assert!(is_id(&mixed["rows"][1]["connection_id"]));
    stage.place.put("again.csv", "name,account,client_id\ngood,1,c\n");
    let again = stage.data(&["connection", "import", "again.csv"]);
    assert_eq!((&again["stored"], &again["succeeded"]), (&json!(false), &json!(0)));
}

/// Finding 44: a file that is no key or no certificate, or not of this key, is a wrong argument; a weak key is not.
#[test]
fn files_that_cannot_be_taken_over() {
    let stage = Stage::new();
    stage.add("acme");
    let openssl = |arguments: &str| {
        let mut command = std::process::Command::new("openssl");
        let output = command.args(arguments.split(' ')).current_dir(stage.place.home()).output().unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout weak.key -out weak.pem -days 9 -subj /CN=x");
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -out a.pem -days 9 -subj /CN=x",
    );
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout b.key -out b.pem -days 9 -subj /CN=x",
    );
    openssl("genpkey -algorithm ed25519 -out ed.key");
    openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.key");
    stage.place.put("none", "nothing of the kind\n");
    for key in ["weak.key", "a.key", "b.key", "ed.key", "small.key"] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(stage.place.home().join(key), mode).unwrap();
    }
    for (key, certificate, code) in [
        ("none", "a.pem", 2),
        ("a.key", "none", 2),
        ("a.key", "b.pem", 2),
        ("weak.key", "weak.pem", 9),
        ("a.key", "weak.pem", 9),
        ("ed.key", "a.pem", 9),
        ("small.key", "a.pem", 9),
    ] {
        let files = [format!("--key-file={key}"), format!("--cert-file={certificate}")];
        let ran = stage.place.run(&["key", "import", "acme", &files[0], &files[1], "--certificate-id=id"]);
        assert_eq!(ran.code, Some(code), "{key} {certificate}: {ran}");
        assert_eq!(ran.stderr.contains("`tokenctl key import --help`"), code == 2, "{ran}");
    }
}

/// Finding 45: nobody is told to wait longer by a flag that does not.
#[test]
fn a_connection_in_use_is_named() {
    let stage = Stage::new();
    stage.pending("acme", "700");
    // A token endpoint that never answers keeps the lock of its connection.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("--token-url=http://{}/", silent.local_addr().unwrap());
    stage.done(&["connection", "set", "acme", "--unproven", &url]);
    let activate = ["cert", "activate", "acme", "--certificate-id=x", "--timeout=60s"];
    let mut holder = stage.place.command(&activate).spawn().unwrap();
    let (_open, _) = silent.accept().unwrap();
    let ran = stage.place.run(&["rotate", "abort", "acme", "--deadline=1s", "--yes"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    // The deadline ends the whole command, too: whichever notices first.
    assert!(matches!(ran.code, Some(6 | 7)), "{ran}");
    assert!(ran.stderr.contains("--deadline") && !ran.stderr.contains("--lock-timeout"), "{ran}");
}

/// Finding 46: a name is suggested, not another command.
#[test]
fn the_nearest_name() {
    let stage = Stage::new();
    stage.add("acme");
    insta::assert_snapshot!(stage.place.run(&["keygen", "amce"]), @"
    --- stderr
    error: cannot make a key for `amce`
      cause: there is no connection `amce`
    hint: did you mean `acme`?
    --- exit 3
    ");
}
