//! Connections that belong to apps: every way for a client to prove who it is, and every proof of a connection,
//! against the simulator.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokenctl::clock::Clock;
use tokenctl::domain::certificate::{CertificateRequest, self_signed};
use tokenctl::domain::jwk::public_jwk;
use tokenctl::domain::key::KeyAlgorithm;
use tokenctl::domain::keypair::KeyPair;
use tokenctl::sim::oauth2::{self, Authentication, NewClient};
use tokenctl::sim::quickbooks::{NewApp, NewCompany, NewGrant};
use tokenctl::sim::{self, Control, Endpoint, Simulator, SimulatorConfig, Vendor, pax8};

use super::common::{Place, Ran};

/// A vault, and a simulator that lives by the same clock.
struct Vendors {
    place: Place,
    control: Control,
    clock: Clock,
    now: Cell<Timestamp>,
    _simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Vendors {
    fn new() -> Self {
        let now: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
        let clock = Clock::manual(now);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime.block_on(sim::start(SimulatorConfig::new(clock.clone()))).unwrap();
        let control = simulator.control();
        let place = Place::new();
        let vendors =
            Self { place, control, clock, now: now.into(), _simulator: simulator, _runtime: runtime };
        vendors.ok(&["init"]);
        vendors
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.place.command(arguments);
        command.env("TOKENCTL_TEST_NOW", self.now.get().to_string());
        self.place.finish(&mut command)
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> Ran {
        self.ends(0, arguments)
    }

    #[track_caller]
    fn ends(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{ran}");
        ran
    }

    /// Runs with `-o json` and returns the envelope of what ended with `code`.
    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.ends(code, &[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"))
    }

    /// Verifies one connection; returns its row.
    #[track_caller]
    fn verified(&self, code: i32, name: &str) -> Value {
        self.json(code, &["verify", name])["data"]["connections"][0].take()
    }

    fn file(&self, name: &str, text: &str) -> String {
        self.place.put(name, text).display().to_string()
    }

    fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.now.set(self.now.get() + by);
    }

    /// Adds a connection of its own client at a server that publishes its metadata.
    #[track_caller]
    fn add_oauth2(&self, name: &str, client: NewClient, flags: &[&str]) -> (oauth2::Admin, String) {
        let admin = self.control.oauth2("t");
        let entry = admin.register_client(client).unwrap();
        let id = format!("--client-id={}", entry.client_id);
        let discovery = format!("--discovery={}", admin.discovery_url());
        let secret = entry
            .client_secret
            .map(|secret| format!("--client-secret-file={}", self.file(&format!("{name}.secret"), &secret)));
        let mut add = vec!["connection", "add", "oauth2", name, &id, &discovery, "--environment=simulator"];
        add.extend(secret.as_deref());
        add.extend_from_slice(flags);
        self.ok(&add);
        (admin, entry.client_id)
    }

    /// Adds an app of Pax8 and returns its administrator and client id.
    fn pax8(&self) -> (pax8::Admin, String) {
        let admin = self.control.pax8();
        let audiences = Some(vec!["https://api.pax8.com".to_owned(), "api://usage".to_owned()]);
        let client = pax8::NewClient { audiences, ..pax8::NewClient::default() };
        let entry = admin.create_client(client).unwrap();
        let secret = self.file("pax8.secret", &entry.client_secret);
        self.ok(&[
            "app",
            "add",
            "pax8",
            "partner",
            &format!("--client-id={}", entry.client_id),
            &format!("--client-secret-file={secret}"),
            &format!("--token-url={}", admin.token_url()),
            "--environment=simulator",
        ]);
        (admin, entry.client_id)
    }

    /// Adds an app of QuickBooks and a connected company; returns the client id.
    fn quickbooks(&self) -> String {
        let admin = self.control.quickbooks();
        let app = admin.register_app(NewApp::default()).unwrap();
        let secret = self.file("books.secret", &app.client_secret);
        self.ok(&[
            "app",
            "add",
            "quickbooks",
            "books",
            &format!("--client-id={}", app.client_id),
            &format!("--client-secret-file={secret}"),
            &format!("--token-url={}", admin.token_url()),
            "--environment=simulator",
        ]);
        admin.add_company(NewCompany { realm: Some("4620".to_owned()), name: "Acme".to_owned() }).unwrap();
        let grant = NewGrant { client_id: app.client_id.clone(), realm: "4620".to_owned(), scopes: None };
        let token = self.file("acme.refresh", &admin.issue_grant(grant).unwrap().refresh_token);
        self.ok(&["connection", "add", "quickbooks", "acme", "--app=books", "--realm=4620"]);
        self.ok(&["token", "import", "acme", &format!("--refresh-token-file={token}"), "--unproven"]);
        app.client_id
    }
}

#[test]
fn pax8_is_proven_by_an_exchange() {
    let vendors = Vendors::new();
    let (admin, client_id) = vendors.pax8();
    let add = ["connection", "add", "pax8", "market", "--app=partner", "--company=Acme Ltd", "--tag=a=b"];
    let planned = vendors.json(0, &[&add[..], &["--dry-run"]].concat());
    assert_eq!(planned["data"]["action"], "planned");
    vendors.ends(3, &["connection", "show", "market"]);
    let added = vendors.json(0, &add);
    let connection = &added["data"]["connection"];
    assert_eq!(connection["app"]["name"], "partner");
    assert_eq!(
        (&connection["environment"], &connection["status"]),
        (&json!("simulator"), &json!("never-verified"))
    );
    assert_eq!(connection["settings"]["grant"], "client-credentials");

    let row = vendors.verified(0, "market");
    assert_eq!(row["proof"]["kind"], "exchange");
    assert_eq!(row["expires_at"], Value::Null);
    assert_eq!(vendors.json(0, &["connection", "show", "market"])["data"]["connection"]["status"], "active");
    // The vendor keeps no key of such a connection, and none is asked for.
    vendors.ends(5, &["keygen", "market"]);
    vendors.ends(2, &["keygen", "--all-missing"]);
    let needs = vendors.json(0, &["status"])["data"]["attention"].clone();
    assert!(needs.as_array().unwrap().iter().all(|need| need["connection"] != "market"), "{needs}");

    admin.set_client_secret(&client_id, "another").unwrap();
    let row = vendors.verified(4, "market");
    assert_eq!((&row["outcome"], &row["vendor_error"]), (&json!("rejected"), &json!("access_denied")));
    assert_eq!(
        vendors.json(0, &["connection", "show", "market"])["data"]["connection"]["status"],
        "rejected"
    );
}

#[test]
fn an_audience_is_proven_before_it_counts() {
    let vendors = Vendors::new();
    vendors.pax8();
    vendors.ok(&["connection", "add", "pax8", "market", "--app=partner"]);
    vendors.ends(2, &["connection", "set", "market", "--audience=api://elsewhere"]);
    vendors.ends(4, &["connection", "set", "market", "--audience=api://provisioning"]);
    let settings =
        || vendors.json(0, &["connection", "show", "market"])["data"]["connection"]["settings"].clone();
    assert_eq!(settings()["audience"], Value::Null);
    let changed = vendors.json(0, &["connection", "set", "market", "--audience=api://usage"]);
    assert_eq!(changed["data"]["proven"], true);
    let changed =
        vendors.json(0, &["connection", "set", "market", "--audience=api://provisioning", "--unproven"]);
    assert_eq!(changed["data"]["proven"], false);
    vendors.ends(4, &["verify", "market"]);
    assert_eq!(vendors.json(0, &["connection", "set", "market", "--revert"])["data"]["proven"], true);
    assert_eq!(settings()["audience"], "api://usage");
    vendors.ends(2, &["connection", "set", "market", "--entity=7"]);
}

#[test]
fn every_way_to_hand_over_a_secret_works_with_every_secret() {
    let vendors = Vendors::new();
    for (word, authentication) in [
        ("client-secret-basic", Authentication::ClientSecretBasic),
        ("client-secret-post", Authentication::ClientSecretPost),
        ("client-secret-json", Authentication::ClientSecretJson),
    ] {
        let client = NewClient {
            client_id: Some(format!("c:{word}+&=%")),
            authentication,
            client_secret: Some("a:b c+d%41&=\"\\/ü~".to_owned()),
            ..NewClient::default()
        };
        vendors.add_oauth2(word, client, &[&format!("--auth={word}"), "--scope=read"]);
        assert_eq!(vendors.verified(0, word)["proof"]["kind"], "exchange", "{word}");
        // The right secret in another way is refused.
        let other = if word == "client-secret-post" { "client-secret-json" } else { "client-secret-post" };
        vendors.ends(4, &["app", "set", word, &format!("--auth={other}")]);
    }
    // One name, one commit: neither is there without the other.
    let apps = vendors.json(0, &["app", "list"])["data"]["apps"].as_array().unwrap().len();
    assert_eq!(apps, 3);
    let taken = [
        "connection",
        "add",
        "oauth2",
        "client-secret-post",
        "--client-id=x",
        "--auth=none",
        "--token-url=https://a.example/token",
    ];
    vendors.ends(5, &taken);
    assert_eq!(vendors.json(0, &["app", "list"])["data"]["apps"].as_array().unwrap().len(), 3);
}

#[test]
fn scopes_that_the_server_withholds_are_told() {
    let vendors = Vendors::new();
    let client = NewClient { scopes: Some(vec!["read".to_owned()]), ..NewClient::default() };
    let (admin, client_id) = vendors.add_oauth2("reader", client, &["--scope=read"]);
    assert_eq!(vendors.verified(0, "reader")["proof"]["kind"], "exchange");
    admin.set_client_secret(&client_id, "another").unwrap();
    assert_eq!(vendors.verified(4, "reader")["vendor_error"], "invalid_client");
}

/// A public key that is nobody's here: a client that signs is registered with one.
fn stranger(algorithm: KeyAlgorithm) -> Value {
    let pair = KeyPair::generate(algorithm).unwrap();
    let now = "2027-03-01T12:00:00Z".parse().unwrap();
    let request = CertificateRequest { common_name: "stranger", days: 1, max_days: 1, now };
    let certificate = self_signed(&pair, &request).unwrap();
    serde_json::to_value(public_jwk(&certificate.pem, algorithm).unwrap()).unwrap()
}

/// Hands the public halves of these keys to the server.
fn publish(vendors: &Vendors, name: &str, keys: &[&str], to: (&oauth2::Admin, &str)) -> Vec<String> {
    let jwks: Vec<Value> = keys
        .iter()
        .map(|key| {
            let ran = vendors.ok(&["cert", "export", name, "--format=jwk", "--key", key]);
            serde_json::from_str(&ran.stdout).unwrap()
        })
        .collect();
    let ids = jwks.iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect();
    to.0.set_keys(to.1, &json!({"keys": jwks})).unwrap();
    ids
}

#[test]
fn keys_of_a_client_that_signs_live_and_rotate_without_a_certificate_id() {
    let (vendors, algorithm) = (Vendors::new(), KeyAlgorithm::EcP256);
    let client = NewClient {
        client_id: Some("signer".to_owned()),
        authentication: Authentication::PrivateKeyJwt,
        jwks: Some(json!({"keys": [stranger(algorithm)]})),
        ..NewClient::default()
    };
    let (admin, id) = vendors.add_oauth2("signer", client, &["--auth=private-key-jwt", "--scope=read"]);
    let made = vendors.ok(&["keygen", "signer", "--algorithm=ec-p256", "--days=2"]);
    assert!(made.stderr.contains("tokenctl cert activate signer"), "{made}");
    vendors.ends(4, &["cert", "activate", "signer"]);
    let first = publish(&vendors, "signer", &["pending"], (&admin, &id));
    assert_eq!(first[0].len(), 43, "the thumbprint");
    vendors.ok(&["cert", "activate", "signer"]);
    assert_eq!(vendors.verified(0, "signer")["proof"]["kind"], "exchange");

    vendors.ok(&["rotate", "initiate", "signer"]);
    vendors.ends(4, &["verify", "signer", "--key=pending"]);
    vendors.ends(4, &["rotate", "confirm", "signer"]);
    let both = publish(&vendors, "signer", &["active", "pending"], (&admin, &id));
    assert_eq!(both[0], first[0]);
    assert_ne!(both[1], first[0]);
    vendors.ok(&["verify", "signer", "--key=pending"]);
    vendors.ok(&["rotate", "confirm", "signer"]);
    vendors.ok(&["rotate", "rollback", "signer"]);
    vendors.ok(&["rotate", "rollback", "signer"]);
    vendors.ok(&["rotate", "retire", "signer"]);
    publish(&vendors, "signer", &["active"], (&admin, &id));

    // The server knows no certificate: its end is nothing to it.
    vendors.later(SignedDuration::from_hours(24 * 1000));
    let row = vendors.verified(0, "signer");
    assert_eq!(row["expires_at"], Value::Null);
    assert_eq!(vendors.json(0, &["connection", "show", "signer"])["data"]["connection"]["status"], "active");

    // Another id for the same key: the server decides what it is called.
    let jwk: Value =
        serde_json::from_str(&vendors.ok(&["cert", "export", "signer", "--format=jwk"]).stdout).unwrap();
    let mut named = jwk;
    named["kid"] = json!("our-key");
    admin.set_keys(&id, &json!({"keys": [named]})).unwrap();
    vendors.ends(4, &["verify", "signer"]);
    vendors.ok(&["cert", "activate", "signer", "--certificate-id=our-key"]);
    let shown: Value =
        serde_json::from_str(&vendors.ok(&["cert", "export", "signer", "--format=jwk"]).stdout).unwrap();
    assert_eq!(shown["kid"], "our-key");
}

#[test]
fn the_algorithm_is_a_setting_of_the_client() {
    let (vendors, algorithm) = (Vendors::new(), KeyAlgorithm::Rsa3072);
    let client = NewClient {
        authentication: Authentication::PrivateKeyJwt,
        jwks: Some(json!({"keys": [stranger(algorithm)]})),
        signing_algorithm: Some("RS256".to_owned()),
        ..NewClient::default()
    };
    let flags = ["--auth=private-key-jwt", "--signing-algorithm=RS256", "--scope=read"];
    let (admin, id) = vendors.add_oauth2("signer", client, &flags);
    vendors.ends(2, &["keygen", "signer", "--algorithm=ec-p256"]);
    vendors.ok(&["keygen", "signer", "--algorithm=rsa-3072"]);
    publish(&vendors, "signer", &["pending"], (&admin, &id));
    vendors.ok(&["cert", "activate", "signer"]);
    vendors.ok(&["verify", "signer"]);
}

#[test]
fn a_company_s_grant_is_proven_by_its_own_record() {
    let vendors = Vendors::new();
    let client_id = vendors.quickbooks();
    let admin = vendors.control.quickbooks();
    let refreshes = || vendors.control.calls_of(Vendor::Quickbooks, "4620", Endpoint::Token);
    let row = vendors.verified(0, "acme");
    assert_eq!(row["proof"]["kind"], "company-info");
    assert_eq!(row["days_left"], 100, "the rolling end is the nearer one");
    assert_eq!(refreshes(), 1, "there was no token yet");
    assert_eq!(vendors.verified(0, "acme")["proof"]["kind"], "company-info");
    assert_eq!(refreshes(), 1, "the token that is there is good");
    let shown = vendors.json(0, &["connection", "show", "acme"])["data"]["connection"].clone();
    assert_eq!((&shown["status"], &shown["grant"]["state"]), (&json!("active"), &json!("active")));
    assert!(shown["grant"]["hard_expires_at"].is_string(), "{shown}");

    // The vendor ends an access token before its time: the grant is asked, once.
    vendors.later(SignedDuration::from_secs(1));
    admin.expire_access_tokens(&client_id, "4620").unwrap();
    assert_eq!(vendors.verified(0, "acme")["proof"]["kind"], "company-info");
    assert_eq!(refreshes(), 2);
    assert!(admin.family(&client_id, "4620").unwrap().live);

    // The customer disconnects the app.
    vendors.later(SignedDuration::from_secs(1));
    admin.revoke(&client_id, "4620").unwrap();
    let row = vendors.verified(4, "acme");
    assert_eq!((&row["outcome"], &row["vendor_error"]), (&json!("rejected"), &json!("invalid_grant")));
    vendors.later(SignedDuration::from_secs(40));
    vendors.verified(4, "acme");
    let shown = vendors.json(0, &["connection", "show", "acme"])["data"]["connection"].clone();
    assert_eq!(shown["status"], "reconnect", "{shown}");
    let needs = vendors.json(0, &["status"])["data"]["attention"].clone();
    assert_eq!((&needs[0]["connection"], &needs[0]["kind"]), (&json!("acme"), &json!("reconnect")));
}

#[test]
fn another_realm_is_proven_with_the_token_that_is_there() {
    let vendors = Vendors::new();
    vendors.quickbooks();
    vendors.ok(&["verify", "acme"]);
    vendors.ends(4, &["connection", "set", "acme", "--realm=9999"]);
    let shown = vendors.json(0, &["connection", "show", "acme"])["data"]["connection"].clone();
    assert_eq!(shown["settings"]["realm"], "4620");
}

#[test]
fn a_grant_of_any_server_is_proven_by_userinfo_or_by_its_refresh() {
    let vendors = Vendors::new();
    let (admin, client_id) =
        vendors.add_oauth2("books", NewClient::default(), &["--grant=refresh-token", "--scope=openid"]);
    let asked = || vendors.control.calls_of(Vendor::Oauth2, "t", Endpoint::Token);
    let grant = oauth2::NewGrant { client_id, user: "ann".to_owned(), scopes: None };
    let token = vendors.file("books.refresh", &admin.issue_grant(grant).unwrap().refresh_token);
    let needs = vendors.json(0, &["status"])["data"]["attention"].clone();
    assert!(needs.as_array().unwrap().iter().any(|need| need["kind"] == "no-grant"), "{needs}");
    vendors.ends(3, &["verify", "books"]);
    vendors.ok(&["token", "import", "books", &format!("--refresh-token-file={token}"), "--unproven"]);
    assert_eq!(vendors.verified(0, "books")["proof"]["kind"], "userinfo");
    assert_eq!(asked(), 1);

    // A server without a harmless call: the refresh itself, each time.
    let (admin, client_id) = (vendors.control.oauth2("t"), "bare".to_owned());
    let client = NewClient { client_id: Some(client_id.clone()), ..NewClient::default() };
    let entry = admin.register_client(client).unwrap();
    let secret = vendors.file("bare.secret", &entry.client_secret.unwrap());
    vendors.ok(&[
        "connection",
        "add",
        "oauth2",
        "bare",
        "--client-id=bare",
        &format!("--client-secret-file={secret}"),
        &format!("--token-url={}", admin.token_url()),
        "--environment=simulator",
        "--grant=refresh-token",
    ]);
    let grant = oauth2::NewGrant { client_id, user: "bob".to_owned(), scopes: None };
    let token = vendors.file("bare.refresh", &admin.issue_grant(grant).unwrap().refresh_token);
    vendors.ok(&["token", "import", "bare", &format!("--refresh-token-file={token}"), "--unproven"]);
    let before = asked();
    for number in 1..=2 {
        // A token that is not older than the question is one that somebody else has just got.
        vendors.later(SignedDuration::from_secs(1));
        assert_eq!(vendors.verified(0, "bare")["proof"]["kind"], "refresh");
        assert_eq!(asked(), before + number);
    }
    assert!(admin.family("bare", "bob").unwrap().live);
}

#[test]
fn metadata_of_another_issuer_adds_nothing() {
    let vendors = Vendors::new();
    let admin = vendors.control.oauth2("t");
    admin.register_client(NewClient::default()).unwrap();
    let other = admin.discovery_url().replace("127.0.0.1", "localhost");
    let discovery = format!("--discovery={other}");
    let ran = vendors.ends(
        6,
        &[
            "connection",
            "add",
            "oauth2",
            "x",
            "--client-id=y",
            "--auth=none",
            &discovery,
            "--environment=simulator",
        ],
    );
    assert!(ran.stderr.contains("another issuer"), "{ran}");
    vendors.ends(3, &["connection", "show", "x"]);
    vendors.ends(3, &["app", "show", "x"]);
}

#[test]
fn a_file_adds_connections_of_apps() {
    let vendors = Vendors::new();
    vendors.pax8();
    vendors.quickbooks();
    let file = vendors.file(
        "rows.csv",
        "name,provider,app,realm,audience\none,pax8,partner,,api://usage\ntwo,quickbooks,books,77,\nthree,pax8,nobody,,\nfour,quickbooks,books,4620,\n",
    );
    let report = vendors.json(13, &["connection", "import", &file]);
    let codes: Vec<_> =
        report["data"]["rows"].as_array().unwrap().iter().map(|row| row["code"].clone()).collect();
    assert_eq!(codes, [0, 0, 3, 5], "{report}");
    assert_eq!(vendors.verified(0, "one")["proof"]["kind"], "exchange");
}
