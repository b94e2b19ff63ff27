//! R16: whatever customers, vendors and their files call things, no command and no format passes on what a terminal,
//! a spreadsheet or a CI system would act upon; JSON keeps every character. What a terminal makes of it is in `screen`.

use serde_json::{Value, json};
use tokenctl::domain::certificate;
use tokenctl::domain::connection::{Connection, Environment, Provider};
use tokenctl::domain::ids::{ConnectionId, KeyId};
use tokenctl::domain::key::{Key, KeyState};
use tokenctl::domain::keypair::KeyPair;
use tokenctl::domain::settings::{NetsuiteSettings, Settings};
use tokenctl::output::sanitize::is_hostile;
use tokenctl::secret::Secret;

use crate::common::Ran;
use crate::common::proof::reached;
use crate::office::{NOW, Office, in_parallel};
use crate::server::{answer, http};

const FORMATS: [&str; 5] = ["table", "json", "jsonl", "csv", "plain"];

/// Names as somebody with bad intentions would choose them.
pub(crate) fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]8;;http://evil\u{1b}\\click\u{1b}]8;;\u{1b}\\ \u{1b}Pq\u{1b}\\ \u{9b}6n\u{9d}x\u{9c}",
        "invoice\u{202e}fdp.exe\u{2066}\u{2069}\u{200f}",
        "ac\u{200b}me\u{200d}\u{feff}\u{ad}\u{e0041}\u{3164}",
        "=HYPERLINK(\"http://evil\",\"x\")",
        "+1+1",
        "-2+3|cmd",
        "@SUM(A1)",
        "\t=1+1",
        " \r\n=1+1",
        "＝1＋1",
        "::error file=a,line=1::x\n::add-mask::y\r::stop-commands::z",
        "  ::set-output name=a::b",
        "x ##[command]rm ##vso[task.setvariable]y ##teamcity[z]",
        "a\r\nb\u{85}c\u{2028}d\u{2029}e\u{b}f\u{c}g\u{8}\u{8}h\u{7f}",
        "`reboot`$(reboot)'\";--</script>\\",
        "\"quoted\",\"cells\"\n=1,2",
        "株式会社アクメ ❤️ e\u{301} עברית",
    ]
    .map(str::to_owned)
    .to_vec();
    payloads.push("=\u{1b}[31mA\u{202e}\n::error::x".repeat(64 * 1024 / 24));
    payloads.push(format!("z{}", "\u{301}".repeat(2000)));
    payloads
}

/// Puts the payloads wherever a name, a label or an id can stand, each at a connection of its own, whose vendor uses
/// it in errors.
fn plant(office: &Office, payloads: &[String]) {
    office.plant(|rows| {
        for (number, payload) in payloads.iter().enumerate() {
            let connection = connection(number, payload, rows.ensure_company(payload)?);
            rows.insert_connection(&connection)?;
            let (key, certificate, private) = key(&connection, payload);
            rows.insert_key(&key, &certificate, private.pkcs8())?;
        }
        Ok(())
    });
    let all = payloads.concat();
    let all: String = all.chars().filter(|char| *char != '\0').take(2000).collect();
    for label in [format!("=1+1{all}"), format!("::error::{all}")] {
        let recipient = tokenctl::vault::identity::Identity::generate().recipient().to_string();
        let add = ["vault", "recipient", "add", &recipient, "--role=viewer", "--label", &label];
        office.run(&add).expect_code(0);
    }
}

fn connection(number: usize, payload: &str, company: tokenctl::domain::connection::Company) -> Connection {
    let refusal = json!({"error": payload, "error_description": format!("{payload} {payload}")}).to_string();
    let refusal = http(400, "application/json", &refusal)
        .replace("connection: close", "connection: close\r\nx-n-operationid: =1+1::error::\u{e9}");
    let account = (7_100_000 + number).to_string().parse().unwrap();
    let settings: Settings = NetsuiteSettings {
        scopes: vec![payload.to_owned(), "restlets".to_owned()],
        entity: Some(payload.to_owned()),
        role: Some(payload.to_owned()),
        token_url: Some(answer(refusal).parse().unwrap()),
        trusted_hosts: vec![payload.to_owned()],
        ..NetsuiteSettings::new(account, payload.to_owned())
    }
    .into();
    Connection {
        id: ConnectionId::new(),
        name: format!("h-{number:02}").parse().unwrap(),
        provider: Provider::Netsuite,
        environment: Environment::Simulator,
        enabled: true,
        company: Some(company),
        app: None,
        previous_settings: Some(settings.clone()),
        previous_environment: None,
        settings,
        tags: [(payload.to_owned(), payload.to_owned())].into(),
        created_at: NOW.parse().unwrap(),
        updated_at: NOW.parse().unwrap(),
    }
}

/// An active key with its certificate and its private half; the certificate, made elsewhere, has the payload for a subject.
fn key(connection: &Connection, payload: &str) -> (Key, String, KeyPair) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, payload);
    params.distinguished_name.push(rcgen::DnType::OrganizationName, payload);
    params.not_before = rcgen::date_time_ymd(2027, 1, 1);
    params.not_after = rcgen::date_time_ymd(2028, 1, 1);
    let certificate = params.self_signed(&pair).unwrap();
    let (certificate, algorithm) = certificate::read(certificate.pem().as_bytes()).unwrap();
    let key = Key {
        id: KeyId::new(),
        connection: connection.id.clone(),
        state: KeyState::Active,
        algorithm,
        certificate: certificate.facts,
        certificate_id: Some("=1+1::error::##[x".parse().unwrap()),
        created_at: NOW.parse().unwrap(),
        activated_at: Some(NOW.parse().unwrap()),
        exposed_at: None,
    };
    (key, certificate.pem, KeyPair::from_pem(&Secret::new(pair.serialize_pem().into_bytes())).unwrap())
}

/// Returns what a terminal, a spreadsheet or a CI system would act upon.
fn dangers(ran: &Ran, format: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A tab stands between plain values, CR LF ends a CSV record; nothing else of the kind is ours.
    let ours: &[char] = match format {
        "plain" => &['\t', '\n'],
        "csv" => &['\r', '\n'],
        _ => &['\n'],
    };
    let records = if format == "csv" { ran.stdout.replace("\r\n", "\n") } else { ran.stdout.clone() };
    for (stream, text, ours) in
        [("stdout", &ran.stdout, ours), ("stderr", &ran.stderr, &['\n'][..]), ("records", &records, ours)]
    {
        let hostile = |char: &char| is_hostile(*char) && !ours.contains(char);
        found
            .extend(text.chars().find(hostile).map(|char| format!("{stream} has {}", char.escape_unicode())));
        found.extend(text.lines().filter(|line| is_ci_command(line)).map(|line| format!("{stream}: {line}")));
    }
    if format == "csv" {
        found.extend(
            cells(&ran.stdout).into_iter().filter(|cell| is_formula(cell)).map(|cell| format!("cell {cell}")),
        );
    }
    found
}

fn is_ci_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
        || ["##[", "##vso[", "##teamcity["].iter().any(|marker| line.contains(marker))
}

/// OWASP, "CSV Injection"; a number is none.
fn is_formula(cell: &str) -> bool {
    cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'])
        && cell.parse::<f64>().is_err()
}

fn cells(text: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader
        .records()
        .flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// The commands that list and show, each for everything that was planted.
pub(crate) fn commands(payloads: &[String]) -> Vec<Vec<String>> {
    let mut commands: Vec<Vec<String>> = [
        &["status"][..],
        &["connection", "list"],
        &["cert", "list"],
        &["vault", "info"],
        &["vault", "check"],
        &["vault", "recipient", "list"],
        &["audit", "list"],
        &["audit", "verify"],
        &["audit", "export"],
        &["keygen", "--all-missing"],
        &["connection", "import", "hostile.jsonl", "--dry-run"],
        &["connection", "import", "hostile.csv", "--dry-run"],
    ]
    .iter()
    .map(|words| words.iter().map(|word| (*word).to_owned()).collect())
    .collect();
    for number in 0..payloads.len() {
        let name = format!("h-{number:02}");
        for words in [&["connection", "show"][..], &["cert", "show"], &["rotate", "status"], &["verify"]] {
            commands.push(words.iter().map(|word| (*word).to_owned()).chain([name.clone()]).collect());
        }
    }
    // As arguments: what is not found or not accepted is quoted in errors.
    for payload in payloads {
        let argument: String = payload.chars().take(500).collect();
        for words in [
            &["connection", "show", "--"][..],
            &["connection", "list", "--search"],
            &["verify", "--company"],
            &["audit", "list", "--action"],
            &["connection", "set", "h-00", "--dry-run", "--scope"],
            &["status", "--fields"],
        ] {
            commands.push(words.iter().map(|word| (*word).to_owned()).chain([argument.clone()]).collect());
        }
    }
    commands
}

struct Sweep {
    runs: usize,
    bytes: usize,
    found: Vec<String>,
}

/// Runs every `step`th command in every format.
fn sweep(office: &Office, commands: &[Vec<String>], step: usize, mutants: &str) -> Sweep {
    let runs: Vec<_> = commands
        .iter()
        .flat_map(|command| FORMATS.map(|format| (command, format)))
        .enumerate()
        .filter(|(number, _)| number % step == 0)
        .map(|(_, run)| run)
        .collect();
    let sweep = std::sync::Mutex::new(Sweep { runs: runs.len(), bytes: 0, found: Vec::new() });
    in_parallel(runs, 3, |(command, format)| {
        let words: Vec<&str> = ["-o", format].into_iter().chain(command.iter().map(String::as_str)).collect();
        let ran = office.place.finish(office.command(&words).env("TOKENCTL_TEST_MUTANTS", mutants));
        let dangers = dangers(&ran, format);
        let mut sweep = sweep.lock().unwrap();
        sweep.bytes += ran.stdout.len() + ran.stderr.len();
        if ran.code.is_none_or(|code| code == 1 || code == 101) {
            sweep.found.push(format!("{words:?}: {ran}"));
        }
        if !dangers.is_empty() {
            sweep.found.push(format!("{words:?}: {}", dangers.join("; ")));
        }
    });
    sweep.into_inner().unwrap()
}

pub(crate) fn prepared() -> (Office, Vec<String>) {
    let (office, payloads) = (Office::new(), payloads());
    plant(&office, &payloads);
    let row =
        |payload: &String| json!({"name": payload, "account": payload, "client_id": payload, payload: 1});
    let lines: Vec<String> = payloads.iter().map(|payload| row(payload).to_string()).collect();
    office.place.put("hostile.jsonl", &lines.join("\n"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["name", "account", "client_id", "tags"]).unwrap();
    for payload in &payloads {
        writer.write_record([payload; 4]).unwrap();
    }
    office.place.put("hostile.csv", &String::from_utf8(writer.into_inner().unwrap()).unwrap());
    // Every connection gets a last verification with the vendor's own words.
    office.run(&["verify", "--all", "--parallel=32"]).expect_code(4);
    (office, payloads)
}

#[test]
fn hostile_texts_reach_nobody() {
    let (office, payloads) = prepared();
    let sweep = sweep(&office, &commands(&payloads), 11, "");
    reached("R16", format!("{} runs, {} bytes", sweep.runs, sweep.bytes), sweep.found.len());
    assert!(sweep.found.is_empty(), "{}", sweep.found.join("\n"));
    json_keeps_every_character(&office, &payloads);
}

/// All of the commands above in all of the formats.
#[test]
#[ignore = "long: every command in every format"]
fn hostile_texts_reach_nobody_at_length() {
    let (office, payloads) = prepared();
    let sweep = sweep(&office, &commands(&payloads), 1, "");
    reached(
        "R16",
        format!("every command and format: {} runs, {} bytes", sweep.runs, sweep.bytes),
        sweep.found.len(),
    );
    assert!(sweep.found.is_empty(), "{}", sweep.found.join("\n"));
}

fn json_keeps_every_character(office: &Office, payloads: &[String]) {
    let list = office.run(&["connection", "list", "-o", "json"]).expect_code(0).json();
    let rows = list["data"]["connections"].as_array().unwrap();
    let lines = office.run(&["connection", "list", "-o", "jsonl"]);
    let lines: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), lines.len()), (payloads.len(), payloads.len()));
    for (number, payload) in payloads.iter().enumerate() {
        let (row, line) = (&rows[number], &lines[number]);
        for value in [
            &row["company"]["name"],
            &row["settings"]["client_id"],
            &row["settings"]["entity"],
            &row["settings"]["scopes"][0],
            &row["tags"][payload],
            &line["company.name"],
            &line["tags"][payload],
        ] {
            assert_eq!(value.as_str(), Some(payload.as_str()), "connection {number}");
        }
    }
}

/// The detector is no dummy: with the sanitiser switched off it finds plenty.
#[test]
fn the_sweep_finds_a_missing_sanitiser() {
    let (office, payloads) = prepared();
    let commands: Vec<_> = commands(&payloads).into_iter().take(3).collect();
    for format in FORMATS {
        let ran = |mutants: &str| {
            let mut command = office.command(&["connection", "list", "-o", format]);
            office.place.finish(command.env("TOKENCTL_TEST_MUTANTS", mutants))
        };
        assert!(dangers(&ran(""), format).is_empty());
        assert!(!dangers(&ran("no-sanitiser"), format).is_empty(), "{format}");
    }
    assert!(!sweep(&office, &commands, 1, "no-sanitiser").found.is_empty());
}
