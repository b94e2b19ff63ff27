//! Vaults with realistic rows: 4096-bit keys with certificates, access tokens, verifications; QuickBooks grants.

use std::fmt::Write as _;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use tokenctl::clock::Clock;
use tokenctl::domain::audit::{Action, AuditEvent};
use tokenctl::domain::certificate::{CertificateRequest, self_signed};
use tokenctl::domain::connection::{Connection, Provider};
use tokenctl::domain::ids::{CertificateId, KeyId};
use tokenctl::domain::key::{Certificate, Key, KeyAlgorithm, KeyState};
use tokenctl::domain::keypair::KeyPair;
use tokenctl::domain::selection::Selection;
use tokenctl::domain::settings::settings_hash;
use tokenctl::domain::token::{AccessToken, TokenFacts, token_hash};
use tokenctl::domain::verification::{Outcome, Stage, Verification};
use tokenctl::secret::Secret;
use tokenctl::vault::{Rows, VaultError};

use crate::place::{Binary, Place};

/// Private keys that the connections of all vaults share: making 10,000 would take an hour, and nothing that is
/// measured sees the difference.
pub struct Pairs(pub Vec<(KeyPair, Certificate)>);

impl Pairs {
    /// Makes some, on all cores.
    pub fn make() -> Self {
        let make = |number| {
            let pair = KeyPair::generate(KeyAlgorithm::Rsa4096).expect("a key pair");
            let certificate = certificate(&pair, &format!("benchmark {number}"));
            (pair, certificate)
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..8).map(|number| scope.spawn(move || make(number))).collect();
            Self(workers.into_iter().map(|worker| worker.join().expect("a key pair")).collect())
        })
    }
}

/// A certificate as `keygen` makes it.
pub fn certificate(pair: &KeyPair, name: &str) -> Certificate {
    let request =
        CertificateRequest { common_name: name, days: 730, max_days: 730, now: Clock::system().now() };
    self_signed(pair, &request).expect("a certificate")
}

/// What connection `number` of a vault is called.
pub fn name(number: usize) -> String {
    format!("customer-{number:05}")
}

/// A vault of `count` connections of which every fifth is a QuickBooks company, all with a cached access token.
pub fn vault(binary: &Binary, count: usize, pairs: &Pairs) -> Place {
    let place = Place::new(binary);
    let companies = count / 5;
    let mut csv = String::from("name,account,client_id,entity,role,company,tags\n");
    for number in 0..count - companies {
        writeln!(
            csv,
            "{},{},{number:064x},{},{},\"Customer {number} GmbH & Co. KG\",region=emea tier=gold",
            name(number),
            1_000_000 + number,
            number % 500,
            1000 + number % 7,
        )
        .expect("text");
    }
    let csv = place.put("netsuite.csv", &csv);
    place.run(&["connection", "import", &csv]);
    if companies > 0 {
        let secret = place.put("secret", "a client secret of forty characters, say");
        place.run(&[
            "app",
            "add",
            "quickbooks",
            "books",
            "--client-id=ABcd",
            "--client-secret-file",
            &secret,
        ]);
        let mut csv = String::from("name,app,realm,company,refresh_token\n");
        for number in count - companies..count {
            let realm = 9_130_350_000_000_000_u64 + number as u64;
            let token = format!("RT1-{number:0>100}");
            writeln!(csv, "{},books,{realm},Books of customer {number},{token}", name(number)).expect("text");
        }
        let csv = place.put("quickbooks.csv", &csv);
        place.run(&["token", "import", "--unproven", "--from", &csv]);
    }
    give_tokens(&place, pairs);
    place
}

/// Gives every connection an active key, if it signs, an access token and a verification, in one commit.
fn give_tokens(place: &Place, pairs: &Pairs) {
    let vault = place.open();
    let now = Clock::system().now();
    vault
        .transact::<_, VaultError>(&AuditEvent::new(Action::ConnectionImport), |rows| {
            let apps = rows.apps()?;
            for (number, connection) in rows.connections(&Selection::default())?.iter().enumerate() {
                let key = if connection.provider == Provider::Netsuite {
                    let (pair, certificate) = &pairs.0[number % pairs.0.len()];
                    let id = format!("{number:0>43}").parse().expect("a certificate id");
                    Some(give_key(rows, connection, (pair, certificate.clone(), id), now)?)
                } else {
                    None
                };
                let app = apps.iter().find(|app| Some(&app.id) == connection.app.as_ref());
                // As long as NetSuite's, which is a JWT.
                let value = Secret::new(format!("eyJ{number:a>1100}"));
                let facts = TokenFacts {
                    hash: token_hash(&value),
                    obtained_at: now,
                    expires_at: now + SignedDuration::from_hours(24),
                    key: key.clone(),
                    settings: settings_hash(&connection.settings, app.map(|app| &app.registration)),
                };
                rows.put_token(&connection.id, &AccessToken { value, facts })?;
                rows.put_verification(&proven(connection, key, now))?;
            }
            Ok(())
        })
        .expect("the rows are stored");
}

/// Stores an active key.
pub fn give_key(
    rows: &Rows<'_>,
    connection: &Connection,
    (pair, certificate, id): (&KeyPair, Certificate, CertificateId),
    now: Timestamp,
) -> Result<KeyId, VaultError> {
    let key = Key {
        id: KeyId::new(),
        connection: connection.id.clone(),
        state: KeyState::Active,
        algorithm: KeyAlgorithm::Rsa4096,
        certificate: certificate.facts,
        certificate_id: Some(id),
        created_at: now,
        activated_at: Some(now),
        exposed_at: None,
    };
    rows.insert_key(&key, &certificate.pem, pair.pkcs8())?;
    Ok(key.id)
}

fn proven(connection: &Connection, key: Option<KeyId>, now: Timestamp) -> Verification {
    Verification {
        connection: connection.id.clone(),
        key,
        checked_at: now,
        outcome: Outcome::Proven,
        stage: Stage::Exchange,
        http_status: Some(200),
        vendor_error: None,
        message: None,
        latency_ms: Some(214),
    }
}
