//! R17: whatever goes wrong, `verify` never ends with 0, always with the documented code, and names cause and way out.

use std::process::Command;

use serde_json::Value;
use tokenctl::sim::Fault;
use tokenctl::sim::netsuite::Role;

use crate::common::Ran;
use crate::common::proof::reached;
use crate::office::{Desk, ENTITY, Office, ROLE, in_parallel};
use crate::server::{answer, answer_and_reset, http, plain_port, serve, untrusted_tls};

/// The codes of product.md that a verification can end with.
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const REJECTED: u8 = 4;
const CONFLICT: u8 = 5;
const UNREACHABLE: u8 = 6;
const LOCKED: u8 = 7;
const VAULT: u8 = 8;
const REFUSED: u8 = 9;
const EXPIRED: u8 = 12;

const ALL_CODES: [(u8, &str); 9] = [
    (USAGE, "usage"),
    (NOT_FOUND, "not-found"),
    (REJECTED, "rejected"),
    (CONFLICT, "conflict"),
    (UNREACHABLE, "unreachable"),
    (LOCKED, "locked"),
    (VAULT, "vault"),
    (REFUSED, "refused"),
    (EXPIRED, "expired"),
];

fn name_of(code: u8) -> &'static str {
    ALL_CODES.iter().find(|(known, _)| *known == code).unwrap().1
}

/// What the JSON says of the vendor's HTTP status.
#[derive(Clone, Copy)]
enum Status {
    Absent,
    Is(u16),
    /// The system may or may not deliver what came before a reset.
    AbsentOr(u16),
}

/// One thing that goes wrong at one connection, and what the report must then say.
struct Case {
    what: &'static str,
    /// Brings it about; what it returns is given to `verify` as well.
    arrange: fn(&Desk<'_>) -> Vec<&'static str>,
    code: u8,
    stage: &'static str,
    status: Status,
    vendor_error: Option<&'static str>,
    /// Stands in the message or one of the causes.
    says: &'static str,
}

macro_rules! cases {
    ($($what:literal, $arrange:expr => $code:ident $stage:ident $status:expr, $error:expr, $says:literal;)+) => {
        &[$(Case {
            what: $what,
            arrange: $arrange,
            code: $code,
            stage: stringify!($stage),
            status: $status,
            vendor_error: $error,
            says: $says,
        },)+]
    };
}

use Status::{Absent, AbsentOr, Is};

/// The documented result of every fault at one connection.
const CASES: &[Case] = cases! {
    // --- the credentials ---
    "certificate of another key", |at| { at.misname(&at.upload_foreign_certificate_for(&at.client_id)); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "NetSuite does not accept the signed assertion";
    "id of a certificate of another integration", |at| { let id = other_integrations_id(at); at.misname(&id); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "certificate id that nobody gave", |at| { at.misname("-no-such-id"); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "certificate id tried by flag", |_| vec!["--certificate-id=-no-such-id"]
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "no key in the state that is to be tried", |_| vec!["--key=pending"]
        => NOT_FOUND load Absent, None, "has no pending key";
    "certificate revoked", |at| { at.admin().revoke_certificate(&at.certificate_id).unwrap(); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "certificate expired by our clock", |_| vec!["@2029-02-28T12:00:01Z"]
        => EXPIRED load Absent, None, "the certificate expired at 2029-02-28T";
    "vendor's clock a day ahead", |at| { at.arm(Fault::ClockSkew { seconds: 86_400 }); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "24 hours ahead";
    "vendor's clock a day behind", |at| { at.arm(Fault::ClockSkew { seconds: -86_400 }); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "24 hours behind";
    "integration blocked", |at| { at.admin().block_integration(&at.client_id, true).unwrap(); vec![] }
        => REJECTED exchange Is(401), Some("invalid_client"), "blocked";
    "role disabled", |at| {
            at.admin().set_role(ROLE, Role { enabled: false, ..Role::default() }).unwrap();
            vec![]
        } => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "entity disabled", |at| { at.admin().enable_entity(ENTITY, false).unwrap(); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "mapped to another role", |at| {
            at.arm(Fault::ForeignSubject { role: "9".into(), entity: ENTITY.into() });
            vec![]
        } => CONFLICT exchange Is(200), None, "mapped differently";
    "mapped to another entity", |at| {
            at.arm(Fault::ForeignSubject { role: ROLE.into(), entity: "7".into() });
            vec![]
        } => CONFLICT exchange Is(200), None, "mapped differently";
    "scope that the integration does not have", |at| { at.set(&["--scope=mcp"]); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";
    "client id of no integration", |at| { at.set(&["--client-id=nobody"]); vec![] }
        => REJECTED exchange Is(401), Some("invalid_client"), "NetSuite does not know the client";
    "application id in place of the client id", |at| {
            let application = at.admin().integrations().unwrap()[0].application_id.clone();
            at.set(&["--client-id", &application]);
            vec![]
        } => UNREACHABLE exchange Is(500), Some("server_error"), "server error";
    "another customer's account", |at| {
            let other = at.office.control.netsuite("7999999");
            other.create_integration(tokenctl::sim::netsuite::NewIntegration::default()).unwrap();
            at.lead_to(&other.token_url());
            vec![]
        } => REJECTED exchange Is(401), Some("invalid_client"), "refused";
    "account that does not exist", |at| { at.lead_to(&at.office.control.netsuite("404404").token_url()); vec![] }
        => REJECTED exchange Is(404), None, "HTTP 404";
    "sandbox refreshed", |at| { at.admin().refresh_sandbox().unwrap(); vec![] }
        => REJECTED exchange Is(400), Some("invalid_grant"), "refused";

    // --- statuses, with and without an OAuth error ---
    "400 with an error", |at| refuse(at, 400, "invalid_grant")
        => REJECTED exchange Is(400), Some("invalid_grant"), "invalid_grant (HTTP 400)";
    "400 without", |at| status(at, 400) => REJECTED exchange Is(400), None, "HTTP 400";
    "401 with an error", |at| refuse(at, 401, "invalid_client")
        => REJECTED exchange Is(401), Some("invalid_client"), "invalid_client (HTTP 401)";
    "401 without", |at| status(at, 401) => REJECTED exchange Is(401), None, "HTTP 401";
    "403 with an error", |at| refuse(at, 403, "access_denied")
        => REJECTED exchange Is(403), Some("access_denied"), "access_denied (HTTP 403)";
    "403 without", |at| status(at, 403) => REJECTED exchange Is(403), None, "HTTP 403";
    "404 with an error", |at| refuse(at, 404, "unauthorized_client")
        => REJECTED exchange Is(404), Some("unauthorized_client"), "unauthorized_client (HTTP 404)";
    "404 without", |at| status(at, 404) => REJECTED exchange Is(404), None, "HTTP 404";
    "408 with an error", |at| refuse(at, 408, "temporarily_unavailable")
        => UNREACHABLE exchange Is(408), Some("temporarily_unavailable"), "HTTP 408";
    "408 without", |at| status(at, 408) => UNREACHABLE exchange Is(408), None, "HTTP 408";
    "429 with an error", |at| refuse(at, 429, "slow_down")
        => UNREACHABLE exchange Is(429), Some("slow_down"), "too many requests";
    "429 without", |at| status(at, 429) => UNREACHABLE exchange Is(429), None, "too many requests";
    "429 that asks for an hour", |at| {
            at.arm(Fault::RateLimit { status: 429, retry_after_seconds: 3600, as_date: true });
            vec![]
        } => UNREACHABLE exchange Is(429), Some("temporarily_unavailable"), "too many requests";
    "500 with an error", |at| refuse(at, 500, "server_error")
        => UNREACHABLE exchange Is(500), Some("server_error"), "HTTP 500";
    "500 without", |at| status(at, 500) => UNREACHABLE exchange Is(500), None, "HTTP 500";
    "502 with an error", |at| refuse(at, 502, "server_error")
        => UNREACHABLE exchange Is(502), Some("server_error"), "HTTP 502";
    "502 without", |at| status(at, 502) => UNREACHABLE exchange Is(502), None, "HTTP 502";
    "503 with an error", |at| refuse(at, 503, "temporarily_unavailable")
        => UNREACHABLE exchange Is(503), Some("temporarily_unavailable"), "HTTP 503";
    "503 without", |at| status(at, 503) => UNREACHABLE exchange Is(503), None, "HTTP 503";
    "504 with an error", |at| refuse(at, 504, "temporarily_unavailable")
        => UNREACHABLE exchange Is(504), Some("temporarily_unavailable"), "HTTP 504";
    "504 without", |at| status(at, 504) => UNREACHABLE exchange Is(504), None, "HTTP 504";
    "200 with an error", |at| refuse(at, 200, "invalid_grant")
        => REJECTED exchange Is(200), Some("invalid_grant"), "invalid_grant (HTTP 200)";

    // --- answers that are none ---
    "a web page with 200", |at| { at.arm(Fault::Html { status: 200 }); vec![] }
        => UNREACHABLE exchange Is(200), None, "an HTML page";
    "a web page with 503", |at| { at.arm(Fault::Html { status: 503 }); vec![] }
        => UNREACHABLE exchange Is(503), None, "HTTP 503";
    "a redirect", |at| {
            at.arm(Fault::Redirect { status: 307, location: None });
            vec![]
        } => UNREACHABLE exchange Is(307), None, "a redirect (HTTP 307)";
    "204 without a body", |at| {
            at.lead_to(&answer("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
            vec![]
        } => UNREACHABLE exchange Is(204), None, "cannot be used";
    "half of the JSON", |at| { at.arm(Fault::TruncatedJson {}); vec![] }
        => UNREACHABLE exchange Is(200), None, "not a JSON object";
    "half of the body", |at| { at.arm(Fault::TruncatedBody {}); vec![] }
        => UNREACHABLE exchange AbsentOr(200), None, "closed before the answer was complete";
    "less of the body than announced", |at| {
            at.lead_to(&answer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"abc"));
            vec![]
        } => UNREACHABLE exchange Is(200), None, "closed before the answer was complete";
    "huge", |at| { at.arm(Fault::HugeJson { bytes: 4 * 1024 * 1024 }); vec![] }
        => UNREACHABLE exchange Is(200), None, "longer than 1 MiB";
    "endless", |at| { at.arm(Fault::EndlessBody {}); vec![] }
        => UNREACHABLE exchange Is(200), None, "longer than 1 MiB";
    "deep", |at| { at.arm(Fault::DeepJson { depth: 200_000 }); vec![] }
        => UNREACHABLE exchange Is(200), None, "`access_token` is missing or not usable";
    "an array", |at| { at.lead_to(&answer(http(200, "application/json", "[1]"))); vec![] }
        => UNREACHABLE exchange Is(200), None, "not a JSON object";
    "no token", |at| { at.arm(Fault::MissingToken {}); vec![] }
        => UNREACHABLE exchange Is(200), None, "`access_token` is missing or not usable";
    "a token of another type", |at| { at.arm(Fault::TokenType { value: "mac".into() }); vec![] }
        => UNREACHABLE exchange Is(200), None, "a token of unknown type";
    "a token with control characters", |at| { at.arm(Fault::TokenControlCharacters {}); vec![] }
        => UNREACHABLE exchange Is(200), None, "`access_token` is missing or not usable";
    "a token that is expired already", |at| { at.arm(Fault::ExpiresIn { value: Some((-1).into()) }); vec![] }
        => UNREACHABLE exchange Is(200), None, "`expires_in` is missing or not usable";

    // --- the way there ---
    "reset before the headers", |at| { at.arm(Fault::Reset {}); vec![] }
        => UNREACHABLE exchange Absent, None, "closed before the answer was complete";
    "reset after the headers", |at| {
            at.lead_to(&answer_and_reset("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"));
            vec![]
        } => UNREACHABLE exchange AbsentOr(200), None, "closed before the answer was complete";
    "close without an answer", |at| { at.arm(Fault::Close {}); vec![] }
        => UNREACHABLE exchange Absent, None, "closed before the answer was complete";
    "close after half a header", |at| { at.lead_to(&answer("HTTP/1.1 200 OK\r\ncontent-le")); vec![] }
        => UNREACHABLE exchange Absent, None, "closed before the answer was complete";
    "not HTTP", |at| { at.lead_to(&answer("220 smtp.example ESMTP\r\n")); vec![] }
        => UNREACHABLE exchange Absent, None, "not HTTP";
    "no complete answer in time", |at| { at.lead_to(&serve(|_| std::thread::park())); vec!["--timeout=300ms"] }
        => UNREACHABLE exchange Absent, None, "no complete answer in time";
    "a name that does not exist", |at| {
            at.set(&["--token-url=https://tokens.invalid/token", "--trust-host=tokens.invalid"]);
            vec![]
        } => UNREACHABLE exchange Absent, None, "NetSuite cannot be reached";
    "nobody listens", |at| { at.lead_to(&forsaken()); vec![] }
        => UNREACHABLE exchange Absent, None, "the connection was refused";
    "TLS to a plain port", |at| {
            at.lead_to(&plain_port().replace("http:", "https:"));
            vec![]
        } => UNREACHABLE exchange Absent, None, "no trusted TLS connection";
    "a TLS certificate that nobody vouches for", |at| { at.lead_to(&untrusted_tls()); vec![] }
        => UNREACHABLE exchange Absent, None, "no trusted TLS connection";
    "a host that is not the vendor's", |at| { plant_url(at, "https://evil.example/token"); vec![] }
        => REFUSED load Absent, None, "not NetSuite's and not trusted by name";
    "plain http outside the simulator's environment", |at| {
            plant_url(at, "http://7000000.suitetalk.api.netsuite.com/token");
            vec![]
        } => REFUSED load Absent, None, "plain http";
};

fn refuse(at: &Desk<'_>, status: u16, error: &str) -> Vec<&'static str> {
    at.arm(Fault::Refuse { status, error: error.to_owned() });
    vec![]
}

fn status(at: &Desk<'_>, status: u16) -> Vec<&'static str> {
    at.lead_to(&answer(http(status, "application/json", "{}")));
    vec![]
}

/// The id of a valid certificate of the same account that belongs to another integration record.
fn other_integrations_id(at: &Desk<'_>) -> String {
    let other = at.admin().create_integration(tokenctl::sim::netsuite::NewIntegration::default()).unwrap();
    at.upload_foreign_certificate_for(&other.client_id)
}

/// A token URL that no command would store: left behind by an older version, or put there by hand.
fn plant_url(at: &Desk<'_>, url: &str) {
    at.office.plant(|rows| {
        let mut connection = rows.connection(&at.name.parse().unwrap())?.unwrap();
        connection.environment = tokenctl::domain::connection::Environment::Production;
        connection.settings.netsuite_mut().unwrap().token_url = Some(url.parse().unwrap());
        rows.update_connection(&connection)
    });
}

/// A token URL at a port on which nobody listens any more.
fn forsaken() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/token", listener.local_addr().unwrap())
}

/// `verify NAME -o json`; a word `@TIME` among the flags sets the clock.
fn verify(at: &Desk<'_>, flags: &[&str], mutants: &str) -> Ran {
    let mut command = at.office.command(&["verify", &at.name, "-o", "json"]);
    if !flags.iter().any(|flag| flag.starts_with("--timeout")) {
        command.arg("--timeout=4s");
    }
    for flag in flags {
        match flag.strip_prefix('@') {
            Some(now) => command.env("TOKENCTL_TEST_NOW", now),
            None => command.arg(flag),
        };
    }
    at.office.place.finish(command.env("TOKENCTL_TEST_MUTANTS", mutants))
}

/// Returns everything that is not as documented about a whole run that failed.
fn judge_run(ran: &Ran, code: u8, says: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let envelope: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let error = &envelope["error"];
    expect(ran.code != Some(0), "exit 0");
    expect(ran.code == Some(code.into()), &format!("the code is {code}"));
    expect(envelope["ok"] == false, "`ok` is false");
    expect(error["code"] == code && error["kind"] == name_of(code), "`error` repeats code and kind");
    let retry = [UNREACHABLE, LOCKED].contains(&code);
    expect(error["retry"] == retry, "`retry` says whether it helps");
    let texts = || std::iter::once(&error["message"]).chain(error["causes"].as_array().into_iter().flatten());
    let said = texts().any(|text| text.as_str().is_some_and(|text| text.contains(says)));
    expect(said, &format!("message or causes say `{says}`"));
    expect(error["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "`hints` help");
    expect(ran.stderr.contains("error: ") && ran.stderr.contains("hint: "), "stderr says it to people");
    wrong
}

/// Returns everything that is not as documented about the verification of one connection.
fn judge(ran: &Ran, case: &Case) -> Vec<String> {
    let mut wrong = judge_run(ran, case.code, case.says);
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let envelope: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let row = &envelope["data"]["connections"][0];
    let causes = envelope["error"]["causes"].as_array().map_or(0, Vec::len);
    expect(causes > 0 && ran.stderr.contains("  cause: "), "the cause is named");
    expect(envelope["schema"] == "tokenctl.verify/1", "the report comes with the failure");
    expect(row["ok"] == false && row["proof"].is_null(), "nothing is proven");
    expect(row["code"] == case.code && row["result"] == name_of(case.code), "the row has the code");
    expect(row["stage"] == case.stage, &format!("the stage is {}", case.stage));
    let status = row["http_status"].as_u64();
    let as_documented = match case.status {
        Absent => status.is_none(),
        Is(documented) => status == Some(documented.into()),
        AbsentOr(possible) => status.is_none_or(|status| status == u64::from(possible)),
    };
    expect(as_documented, "the status is the documented one");
    expect(row["vendor_error"].as_str() == case.vendor_error, "the vendor's error is the documented one");
    expect(row["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "the row has hints");
    let asked = case.stage == "exchange";
    expect(row["latency_ms"].is_u64() == asked, "the answer time is there if the vendor was asked");
    wrong
}

/// Runs every case at a desk of its own; returns what was not as documented, with everything that was printed.
fn sweep(cases: &[Case], mutants: &str) -> Vec<String> {
    let office = Office::new();
    let desks = office.desks(cases.len());
    let found = std::sync::Mutex::new(Vec::new());
    in_parallel(desks.iter().zip(cases).collect(), 16, |(desk, case)| {
        let flags = (case.arrange)(desk);
        let ran = verify(desk, &flags, mutants);
        let wrong = judge(&ran, case);
        if !wrong.is_empty() {
            found.lock().unwrap().push(format!("{}: {}\n{ran}", case.what, wrong.join("; ")));
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn every_fault_has_its_documented_code() {
    let found = sweep(CASES, "");
    reached("R17", format!("{} faults at a connection", CASES.len()), found.len());
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// The table is a net only if it has caught something: bugs are seeded and must be found.
#[test]
fn the_table_finds_seeded_bugs() {
    let some = |words: &[&str]| {
        CASES.iter().position(|case| words.contains(&case.what)).map(|at| &CASES[at..=at]).unwrap()
    };
    for (mutant, cases) in [
        ("failure-is-proof", some(&["sandbox refreshed"])),
        ("any-answer-is-a-token", some(&["a token of another type"])),
        ("mapping-unchecked", some(&["mapped to another role"])),
        ("redirects-followed", some(&["a redirect"])),
    ] {
        assert!(!sweep(cases, mutant).is_empty(), "{mutant} is not found");
    }
}

/// What goes wrong before any connection is tried.
struct HouseCase {
    what: &'static str,
    run: fn(&Desk<'_>) -> Command,
    code: u8,
    says: &'static str,
}

const HOUSE: &[HouseCase] = &[
    HouseCase {
        what: "nothing chosen",
        run: |at| at.office.command(&["verify"]),
        code: USAGE,
        says: "nothing was chosen",
    },
    HouseCase {
        what: "no connection matches",
        run: |at| at.office.command(&["verify", "--company", "Nobody Ltd"]),
        code: USAGE,
        says: "no connection matches",
    },
    HouseCase {
        what: "no such name",
        run: |at| at.office.command(&["verify", "desk-00"]),
        code: NOT_FOUND,
        says: "there is no connection `desk-00`",
    },
    HouseCase {
        what: "one such name among others",
        run: |at| at.office.command(&["verify", &at.name, "desk-00"]),
        code: NOT_FOUND,
        says: "there is no connection `desk-00`",
    },
    HouseCase {
        what: "vault locked by another process",
        run: |at| {
            let lock = at.office.place.home().join(".local/share/tokenctl/vault.age.locks/vault");
            let lock = std::fs::OpenOptions::new().write(true).open(lock).unwrap();
            lock.lock().unwrap();
            // Held until the test's process ends: a lock lives as long as the file is open.
            std::mem::forget(lock);
            at.office.command(&["verify", &at.name, "--lock-timeout=100ms"])
        },
        code: LOCKED,
        says: "locked",
    },
    HouseCase {
        what: "damaged vault",
        run: |at| {
            let vault = at.office.place.home().join(".local/share/tokenctl/vault.age");
            let mut bytes = std::fs::read(&vault).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&vault, bytes).unwrap();
            at.office.command(&["verify", &at.name])
        },
        code: VAULT,
        says: "damaged",
    },
    HouseCase {
        what: "no vault",
        run: |at| at.office.command(&["verify", &at.name, "--vault", "nowhere.age"]),
        code: VAULT,
        says: "no vault",
    },
    HouseCase {
        what: "no identity",
        run: |at| {
            std::fs::remove_file(at.office.place.home().join(".config/tokenctl/identity.txt")).unwrap();
            at.office.command(&["verify", &at.name])
        },
        code: VAULT,
        says: "there is no identity",
    },
];

#[test]
fn what_goes_wrong_before_has_its_documented_code() {
    let office = Office::new();
    let desks = office.desks(1);
    for HouseCase { what, run, code, says } in HOUSE {
        let ran = office.place.finish(run(&desks[0]).args(["-o", "json"]));
        let wrong = judge_run(&ran, *code, says);
        assert!(wrong.is_empty(), "{what}: {}\n{ran}", wrong.join("; "));
    }
}

#[test]
fn a_viewer_cannot_prove_anything() {
    let office = Office::new();
    let desks = office.desks(1);
    let viewer = tokenctl::vault::identity::Identity::generate();
    let key = viewer.recipient().to_string();
    let added = office.run(&["vault", "recipient", "add", &key, "--role=viewer", "-o", "json"]);
    let pin = added.expect_code(0).json()["data"]["pin"].as_str().unwrap().to_owned();
    let secret = tokenctl::vault::identity::secret_text(&viewer).unwrap();
    let text = format!("# tokenctl-vault-pin: {pin}\n{}\n", secret.expose());
    office.place.put("viewer.txt", &text);
    office.run(&["status", "--identity-file=viewer.txt"]).expect_code(0);
    let ran = office.run(&["verify", &desks[0].name, "--identity-file=viewer.txt", "-o", "json"]);
    let wrong = judge_run(&ran, REFUSED, "viewer");
    assert!(wrong.is_empty(), "{}\n{ran}", wrong.join("; "));
}
