//! How reports look on the classic terminal: nothing that has to be copied is cut.

mod widths;

use jiff::Timestamp;

use super::audit::{AuditList, OperationRow, SubjectRow};
use super::certificate::{CertificateList, CertificateRow};
use super::connection::{ConnectionList, ConnectionRow, Described};
use super::status::{Attention, Severity, Status};
use super::vault::{RecipientList, RecipientRow};
use super::verify::{Verify, VerifyRow};
use super::{KeyRow, days_between};
use crate::domain::certificate::{CertificateRequest, self_signed};
use crate::domain::connection::{Connection, Environment, Provider};
use crate::domain::ids::{ConnectionId, KeyId};
use crate::domain::key::{Key, KeyAlgorithm, KeyState};
use crate::domain::keypair::KeyPair;
use crate::domain::rotation::KeySet;
use crate::domain::settings::NetsuiteSettings;
use crate::domain::standing::{End, Standing};
use crate::domain::verification::{Outcome, Stage, Verification};
use crate::output::sanitize::width;
use crate::output::{Canvas, Hint, Report, Tone, table};

fn now() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().unwrap()
}

fn drawn(report: &dyn Report) -> String {
    table::render(&report.view(), Canvas { width: Some(80), colour: false, unicode: false })
}

/// What is drawn in columns at 80 columns: no line longer than that.
fn fits(report: &dyn Report) -> String {
    let text = drawn(report);
    assert!(text.lines().all(|line| width(line) <= 80), "{text}");
    text
}

fn connection(name: &str) -> Connection {
    Connection {
        id: ConnectionId::new(),
        name: name.parse().unwrap(),
        provider: Provider::Netsuite,
        environment: Environment::Sandbox,
        enabled: true,
        company: None,
        app: None,
        settings: NetsuiteSettings::new("1234567_SB1".parse().unwrap(), "client".to_owned()).into(),
        previous_settings: None,
        previous_environment: None,
        tags: std::collections::BTreeMap::new(),
        created_at: now(),
        updated_at: now(),
    }
}

fn key(connection: &Connection, days: u32) -> Key {
    let pair = KeyPair::generate(KeyAlgorithm::EcP256).unwrap();
    let request = CertificateRequest { common_name: "x", days, max_days: 730, now: now() };
    let mut certificate = self_signed(&pair, &request).unwrap().facts;
    certificate.fingerprint = "0123456789abcdef".repeat(4);
    Key {
        id: KeyId::new(),
        connection: connection.id.clone(),
        state: KeyState::Active,
        algorithm: KeyAlgorithm::EcP256,
        certificate,
        certificate_id: Some("bBkbEwX-8MFRf5j0WGhqRUqIHXgTqdmzgxHnrDBPnXs".parse().unwrap()),
        created_at: now(),
        activated_at: Some(now()),
        exposed_at: None,
    }
}

fn found(connection: &Connection, outcome: Outcome, message: Option<&str>) -> Verification {
    Verification {
        connection: connection.id.clone(),
        key: None,
        checked_at: now(),
        outcome,
        stage: Stage::Exchange,
        http_status: None,
        vendor_error: None,
        message: message.map(ToOwned::to_owned),
        latency_ms: Some(1234),
    }
}

#[test]
fn connections() {
    let rows = [("acme-production", 700, Outcome::Proven), ("soon", 20, Outcome::Unreachable)].map(
        |(name, days, outcome)| {
            let connection = connection(name);
            let key = key(&connection, days);
            let row = KeyRow::new(&key, key.certificate.not_after, now());
            let keys = KeySet { active: Some(key), ..KeySet::default() };
            let last = found(&connection, outcome, None);
            let described = Described {
                connection: &connection,
                app: None,
                keys: &keys,
                rows: vec![row],
                standing: if outcome == Outcome::Proven { Standing::Active } else { Standing::Unreachable },
                end: keys.active.as_ref().map(|key| End::of_certificate(key.certificate.not_after)),
                grant: None,
                token: None,
                verification: Some(&last),
            };
            ConnectionRow::new(described, now())
        },
    );
    insta::assert_snapshot!(fits(&ConnectionList { connections: rows.into() }), @"
    NAME             PROVIDER  ACCOUNT      COMPANY  STATUS       EXPIRES
    acme-production  netsuite  1234567_SB1  -        active       2029-01-29
    soon             netsuite  1234567_SB1  -        unreachable  2027-03-21 (20 d)
    ");
}

#[test]
fn certificates() {
    let rows = [("acme-production-eu", 700), ("soon", 20)].map(|(name, days)| {
        let connection = connection(name);
        let key = key(&connection, days);
        let row = KeyRow::new(&key, key.certificate.not_after, now());
        CertificateRow::new(&connection.name, &key, row)
    });
    insta::assert_snapshot!(fits(&CertificateList { certificates: rows.into() }), @"
    CONNECTION         KEY     FINGERPRINT       CERTIFICATE ID    EXPIRES
    acme-production-…  active  0123456789abcdef  bBkbEwX-8MFRf5j…  2029-01-29
    soon               active  0123456789abcdef  bBkbEwX-8MFRf5j…  2027-03-21 (20 d)
    ");
}

#[test]
fn a_failed_verification_tells_its_reason_whole() {
    let (good, bad) = (connection("acme"), connection("broken"));
    let expires_at = "2027-03-20T12:00:00Z".parse().ok();
    let message = "NetSuite refused the exchange: invalid_client (HTTP 401)";
    let mut failed = VerifyRow::new(
        (&bad.name, bad.provider),
        &found(&bad, Outcome::Rejected, Some(message)),
        expires_at,
        30,
    );
    failed.causes = vec!["the vendor's request id is 8f14e45f-ceea-467f-a6d4-0d1b2c3e4f50".to_owned()];
    failed.hints = vec![Hint::command("to see where its keys stand, run", ["rotate", "status", "broken"])];
    let proven =
        VerifyRow::new((&good.name, good.provider), &found(&good, Outcome::Proven, None), expires_at, 30);
    let report = Verify {
        proven: 1,
        failed: 1,
        expiring: 1,
        skipped: vec!["off".to_owned()],
        recorded: true,
        connections: vec![proven, failed],
    };
    insta::assert_snapshot!(drawn(&report), @"
    CONNECTION  RESULT    EXPIRES               TIME
    acme        expiring  2027-03-20 (19 d)  1234 ms
    broken      rejected  2027-03-20 (19 d)  1234 ms

    broken: NetSuite refused the exchange: invalid_client (HTTP 401)
      the vendor's request id is 8f14e45f-ceea-467f-a6d4-0d1b2c3e4f50
      to see where its keys stand, run `tokenctl rotate status broken`
    1 proven, 1 failed, 1 expiring; skipped (disabled): off
    ");
}

#[test]
fn operations() {
    let row = |action: &str, outcome: &str, actor: &str| OperationRow {
        subjects: vec![SubjectRow {
            kind: "connection".to_owned(),
            id: "c".to_owned(),
            name: Some("acme-production".to_owned()),
        }],
        sequence: 7,
        at: now(),
        action: action.to_owned(),
        connection: Some("acme-production".to_owned()),
        connection_id: None,
        outcome: outcome.to_owned(),
        actor: actor.to_owned(),
        user: "deploy".to_owned(),
        details: std::collections::BTreeMap::new(),
    };
    let fingerprint = "0123456789abcdef".repeat(2);
    let operations =
        vec![row("recipient.set-role", "unreachable", &fingerprint), row("token.release", "ok", "alice")];
    insta::assert_snapshot!(fits(&AuditList { operations }), @"
    WHEN              ACTION              ABOUT           OUTCOME      BY
    2027-03-01 12:00  recipient.set-role  acme-producti…  unreachable  01234567 (de…
    2027-03-01 12:00  token.release       acme-producti…  ok           alice (deplo…
    ");
}

#[test]
fn public_keys_are_whole() {
    let recipient = |role, label: Option<&str>, public_key: &str, you| RecipientRow {
        public_key: public_key.to_owned(),
        fingerprint: "0".repeat(64),
        role,
        label: label.map(ToOwned::to_owned),
        added_at: Some(now()),
        you,
    };
    let age = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdgc9pvyq0kz0xe";
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
    let recipients =
        vec![recipient("operator", Some("alice"), age, true), recipient("viewer", None, ssh, false)];
    let text = drawn(&RecipientList { recipients });
    insta::assert_snapshot!(text, @"
    operator  alice, since 2027-03-01, you
              age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdgc9pvyq0kz0xe
    viewer    since 2027-03-01
              ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN
    ");
    assert!(text.lines().any(|line| line.trim() == age) && text.lines().any(|line| line.trim() == ssh));
}

#[test]
fn the_next_command_is_whole() {
    let name = "a-connection-with-a-name-that-is-as-long-as-names-of-connections-may-be";
    let hint = Hint::command("after the upload, run", ["rotate", "confirm", name, "--certificate-id=ID"]);
    let expires_at = "2027-03-20T12:00:00Z".parse().unwrap();
    let status = Status {
        at: now(),
        vault: "/home/alice/.local/share/tokenctl/vault.age".to_owned(),
        role: "operator",
        at_home: true,
        operators: 2,
        connections: 3,
        ready: 2,
        attention: vec![Attention {
            connection: Some(name.to_owned()),
            connection_id: None,
            kind: "rotation-pending",
            severity: Severity::Low,
            what: "a rotation waits for the new certificate id".to_owned(),
            hint: Some(hint.clone()),
        }],
        next_expiries: vec![super::status::Expiry {
            connection: "acme".to_owned(),
            connection_id: "c".to_owned(),
            expires_at,
            days_left: days_between(now(), expires_at),
            kind: "certificate",
        }],
        expiries_by_month: super::status::by_month(&[expires_at]),
        expiries: vec![expires_at],
        marks: Vec::new(),
    };
    // Where the line is too narrow for both, the command stands without its words.
    assert!(drawn(&status).contains(hint.command_line().unwrap()), "{}", drawn(&status));
}

#[test]
fn a_status_is_one_screen() {
    use crate::output::reports::status::{Attention, Severity, Status, by_month, mark};
    let item = |number: usize| Attention {
        connection: Some(format!("customer-{number}")),
        connection_id: None,
        kind: "not-proven",
        severity: Severity::High,
        what: "the last verification failed: NetSuite refused the exchange: invalid_grant (HTTP 400)"
            .to_owned(),
        hint: Some(Hint::command("to try again, run", ["verify", &format!("customer-{number}")])),
    };
    let expiries: Vec<Timestamp> =
        (0..10_000_i64).map(|number| now() + jiff::SignedDuration::from_hours(number * 2 - 48)).collect();
    let coming = expiries.iter().filter(|end| **end >= now()).take(5);
    let status = Status {
        at: now(),
        vault: "/home/alice/.local/share/tokenctl/vault.age".to_owned(),
        role: "operator",
        at_home: true,
        operators: 2,
        connections: 10_000,
        ready: 7_000,
        attention: (0..3_000).map(item).collect(),
        next_expiries: Vec::new(),
        expiries_by_month: by_month(&expiries),
        marks: coming.map(|end| mark("customer", *end, days_between(now(), *end))).collect(),
        expiries,
    };
    for columns in [40, 80, 200] {
        for unicode in [false, true] {
            let canvas = Canvas { width: Some(columns), colour: false, unicode };
            let text = table::render(&status.view(), canvas);
            assert!(text.lines().count() <= 24, "{columns}:\n{text}");
            assert!(text.contains("2996 more: "), "{columns}:\n{text}");
            assert!(text.contains("tokenctl status --output=plain"), "{columns}:\n{text}");
        }
    }
}
