//! The vendor says `invalid_grant` to whatever is wrong. One fault after the other is armed where everything worked a
//! moment ago, and doctor must name the cause: all but one of them at least, first among its suspects.

use serde_json::Value;
use tokenctl::sim::netsuite::Role;

use super::hospital::{Hospital, pair, upload};

/// A fault: the cause that must be named, the connection, how it is armed, and further arguments for `doctor`.
struct Fault {
    cause: &'static str,
    connection: &'static str,
    arm: fn(&Hospital) -> Vec<String>,
    /// The vendor cannot take it back: it gets a hospital of its own.
    lasting: bool,
}

const fn fault(cause: &'static str, connection: &'static str, arm: fn(&Hospital) -> Vec<String>) -> Fault {
    Fault { cause, connection, arm, lasting: false }
}

const fn lasting(cause: &'static str, connection: &'static str, arm: fn(&Hospital) -> Vec<String>) -> Fault {
    Fault { cause, connection, arm, lasting: true }
}

const FAULTS: &[Fault] = &[
    // Dates and clocks.
    fault("certificate-expired", "acme", |at| {
        at.days_pass(366);
        vec![]
    }),
    fault("certificate-clamped", "legacy", |at| {
        at.days_pass(100);
        vec![]
    }),
    fault("certificate-not-yet-valid", "acme", |at| {
        at.run_ahead(48);
        at.rotate("acme");
        at.run_ahead(0);
        uploaded(at, "client-1")
    }),
    fault("clock-ahead", "acme", |at| {
        at.run_ahead(1);
        vec![]
    }),
    fault("clock-behind", "acme", |at| {
        at.run_ahead(-24);
        vec![]
    }),
    // The upload of a new certificate.
    fault("certificate-not-uploaded", "acme", |at| {
        at.rotate("acme");
        tried("zJ3xPMbB0hTtP7b6QyVnXb1mC9aKd2fEwLrUo4sIgYk")
    }),
    fault("certificate-id-mistyped", "acme", |at| {
        at.rotate("acme");
        let id = upload(&at.production, "client-1", at.certificate("acme"), "42", "1000");
        let (start, end) = id.split_at(id.len() - 1);
        tried(&format!("{start}{}", if end == "A" { "B" } else { "A" }))
    }),
    fault("certificate-id-of-another-key", "acme", |at| {
        at.rotate("acme");
        upload(&at.production, "client-1", at.certificate("acme"), "42", "1000");
        tried(&active_id(at, "beta"))
    }),
    fault("wrong-certificate", "acme", |at| {
        at.rotate("acme");
        let (_, another) = pair((2027, 1, 1), (2028, 1, 1));
        tried(&upload(&at.production, "client-1", another, "42", "1000"))
    }),
    fault("certificate-of-another-integration", "acme", |at| {
        at.rotate("acme");
        uploaded(at, "client-2")
    }),
    fault("other-account", "acme", |at| {
        at.rotate("acme");
        tried(&upload(&at.sandbox, "client-s", at.certificate("acme"), "42", "1000"))
    }),
    // What an administrator does.
    fault("role-disabled", "acme", |at| {
        at.production.set_role("1000", Role { enabled: false, ..Role::default() }).unwrap();
        vec![]
    }),
    fault("entity-disabled", "acme", |at| {
        at.production.enable_entity("42", false).unwrap();
        vec![]
    }),
    fault("role-not-of-entity", "acme", |at| {
        at.production.set_entity_roles("42", &["1001", "1002", "1003", "1004"]).unwrap();
        vec![]
    }),
    fault("integration-blocked", "acme", |at| {
        at.production.block_integration("client-1", true).unwrap();
        vec![]
    }),
    fault("scope-not-allowed", "acme", |at| {
        at.production.set_scopes("client-1", &["rest_webservices"]).unwrap();
        vec![]
    }),
    // What the vendor no longer takes.
    fault("scope-notation", "acme", |at| {
        at.ok(&["connection", "set", "acme", "--scope-style=comma"]);
        at.switch(|settings| settings.scope_string_accepted = false);
        vec![]
    }),
    fault("subject-claim", "acme", |at| {
        at.ok(&["connection", "set", "acme", "--subject=client-id"]);
        at.switch(|settings| settings.subject_accepted = false);
        vec![]
    }),
    fault("assertion-lifetime", "acme", |at| {
        at.ok(&["connection", "set", "acme", "--assertion-lifetime=30m"]);
        at.switch(|settings| settings.assertion_limit_seconds = 600);
        vec![]
    }),
    fault("algorithm-refused", "signer", |at| {
        at.ok(&["connection", "set", "signer", "--signing-algorithm=PS512"]);
        at.switch(|settings| settings.algorithms = ["PS256", "ES256"].map(str::to_owned).into());
        vec![]
    }),
    // Settings that somebody stored without a proof.
    fault("application-id-as-client-id", "acme", |at| {
        let known = at.production.integrations().unwrap();
        let client = known.iter().find(|known| known.client_id == "client-1").unwrap();
        let id = format!("--client-id={}", client.application_id);
        at.ok(&["connection", "set", "acme", &id, "--unproven"]);
        vec![]
    }),
    fault("token-url", "acme", |at| {
        let url = at.production.token_url().replace("127.0.0.1", "localhost");
        at.ok(&["connection", "set", "acme", &format!("--token-url={url}"), "--unproven"]);
        vec![]
    }),
    fault("other-account", "acme-sb", |at| {
        let url = format!("--token-url={}", at.production.token_url());
        at.ok(&["connection", "set", "acme-sb", "--account=1234567", &url, "--unproven"]);
        vec![]
    }),
    // What the vendor cannot take back.
    lasting("certificate-revoked", "acme", |at| {
        at.production.revoke_certificate(&active_id(at, "acme")).unwrap();
        vec![]
    }),
    lasting("client-id-unknown", "acme", |at| {
        at.production.reset_credentials("client-1").unwrap();
        vec![]
    }),
    lasting("sandbox-refreshed", "acme-sb", |at| {
        at.sandbox.refresh_sandbox().unwrap();
        vec![]
    }),
];

fn tried(id: &str) -> Vec<String> {
    vec![format!("--certificate-id={id}")]
}

/// Uploads the pending certificate for an integration and tries it under its id.
fn uploaded(at: &Hospital, client: &str) -> Vec<String> {
    tried(&upload(&at.production, client, at.certificate("acme"), "42", "1000"))
}

fn active_id(at: &Hospital, name: &str) -> String {
    let shown = at.json(&["cert", "show", name, "--key=active"]);
    let certificate = &shown["data"]["certificate"];
    let id = certificate["certificate_id"].as_str().or_else(|| certificate["key"]["certificate_id"].as_str());
    id.unwrap_or_else(|| panic!("{shown}")).to_owned()
}

fn part<'a>(checks: &'a Value, name: &str) -> &'a Value {
    let all = checks["checks"].as_array().unwrap();
    all.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {checks}"))
}

/// What doctor says of an armed fault: the first suspect, and all of them in words.
fn named(at: &Hospital, fault: &Fault) -> (String, String) {
    at.ok(&["verify", fault.connection]);
    let arguments = (fault.arm)(at);
    let mut command = vec!["doctor", fault.connection];
    command.extend(arguments.iter().map(String::as_str));
    let answer = at.json(&command);
    let exchange = part(part(&answer["data"], fault.connection), "exchange");
    assert_eq!(exchange["state"], "failed", "{}: {answer:#}", fault.cause);
    assert_eq!(exchange["found"], "NetSuite refused the exchange: invalid_grant (HTTP 400)", "{answer:#}");
    assert!(matches!(answer["error"]["code"].as_u64(), Some(4 | 12)), "{answer:#}");
    let suspects = exchange["suspects"].as_array().unwrap();
    let words = suspects
        .iter()
        .map(|suspect| format!("{} {} {}", suspect["certainty"], suspect["cause"], suspect["evidence"]));
    let first = suspects.first().map_or("", |first| first["cause"].as_str().unwrap());
    (first.to_owned(), words.collect::<Vec<_>>().join("\n      "))
}

#[test]
fn one_error_and_many_causes() {
    let shared = Hospital::new();
    let mut right = 0;
    let mut report = String::new();
    for fault in FAULTS {
        let own = fault.lasting.then(Hospital::new);
        let at = own.as_ref().unwrap_or(&shared);
        let (first, words) = named(at, fault);
        let hit = first == fault.cause;
        right += usize::from(hit);
        let sign = if hit { "named" } else { "MISSED" };
        report = format!("{report}{sign:6}  {} ({})\n      {words}\n", fault.cause, fault.connection);
        if !fault.lasting {
            at.heal();
        }
    }
    println!("{report}{right} of {} faults named", FAULTS.len());
    assert!(FAULTS.len() >= 20, "twenty at least");
    assert!(right + 1 >= FAULTS.len(), "{report}{right} of {} faults named", FAULTS.len());
}
