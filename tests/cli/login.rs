//! A person connects a company, as the command line shows it.

use serde_json::{Value, json};
use tokenctl::sim::quickbooks::{Decision, Keys, NewApp, NewCompany};
use tokenctl::sim::{Endpoint, Fault, FaultRule, Vendor, oauth2};

use crate::common::Ran;
use crate::common::filters::filtered;
use crate::common::login::{Login, Page, free_port};
use crate::common::scene::Scene;

const REALM: &str = "91303507";
const OTHER: &str = "91303508";

/// QuickBooks with two companies, and its app `books` here.
struct Office {
    scene: Scene,
    port: u16,
}

impl Office {
    fn new() -> Self {
        let scene = Scene::new();
        let port = free_port();
        let intuit = scene.control().quickbooks();
        let app = NewApp {
            client_id: Some("books-client".to_owned()),
            client_secret: Some("hush".to_owned()),
            keys: Keys::Development,
            redirect_uris: vec![
                format!("http://localhost:{port}/quickbooks/callback"),
                "https://team.example/cb".to_owned(),
            ],
        };
        intuit.register_app(app).unwrap();
        for (realm, name) in [(REALM, "Müller & Söhne"), (OTHER, "Bolt Inc")] {
            intuit.add_company(NewCompany { realm: Some(realm.to_owned()), name: name.to_owned() }).unwrap();
        }
        let office = Self { scene, port };
        office.scene.place.put("secret", "hush\n");
        office.add_app(&["--environment=simulator"]);
        office
    }

    fn add_app(&self, flags: &[&str]) {
        let url = format!("--token-url={}", self.scene.control().quickbooks().token_url());
        let add =
            ["app", "add", "quickbooks", "books", "--client-id=books-client", "--client-secret-file=secret"];
        self.scene.ok(&[&add[..], &[&url], flags].concat());
    }

    /// What the company's administrator answers next.
    fn decide(&self, realm: &str) {
        self.scene.control().quickbooks().decide_next(Decision::Approve(realm.to_owned())).unwrap();
    }

    fn start(&self, flags: &[&str]) -> Login {
        let listen = format!("--listen={}", self.port);
        let base = ["login", "books", "--no-browser"];
        let listen = if flags.contains(&"--paste") { None } else { Some(listen.as_str()) };
        let arguments: Vec<&str> = base.into_iter().chain(listen).chain(flags.iter().copied()).collect();
        Login::start(&mut self.scene.command(&arguments))
    }

    /// A whole login in the browser for a company.
    fn login(&self, realm: &str, flags: &[&str]) -> (Page, Ran) {
        self.decide(realm);
        let login = self.start(flags);
        let page = login.browse();
        (page, login.finish(&self.scene.place))
    }

    fn exchanges(&self) -> u64 {
        self.scene.control().calls_to(Endpoint::Token)
    }

    fn connections(&self) -> Value {
        self.scene.json(&["connection", "list"])["data"]["connections"].clone()
    }

    fn quarantined(&self) -> Vec<Value> {
        let shown = self.scene.json(&["app", "show", "books"]);
        shown["data"]["quarantined"].as_array().unwrap().clone()
    }
}

/// The refresh token that is stored is the one that the vendor takes. A minute later: in the same instant the token that
/// came would do.
fn refreshed(scene: &Scene, name: &str) {
    let ran = scene.place.finish(&mut refresh(scene, name, "2027-03-01T12:01:00Z"));
    assert_eq!(ran.code, Some(0), "{ran}");
}

fn refresh(scene: &Scene, name: &str, now: &str) -> std::process::Command {
    let mut command = scene.command(&["token", "get", name, "--refresh"]);
    command.env("TOKENCTL_TEST_NOW", now);
    command
}

#[test]
fn a_company_is_connected_and_named_after_itself() {
    let _filters = filtered();
    let office = Office::new();
    let (page, ran) = office.login(REALM, &[]);
    assert_eq!(page.title(), "You are connected");
    insta::assert_snapshot!(ran, @"
    connected: mueller-soehne

    app           books
    company       Müller & Söhne
    account       91303507
    confirmed     by the vendor
    unused until  2027-06-09
    ends          2032-02-28
    token until   2027-03-01 13:00 UTC
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    QuickBooks let `books` in for Müller & Söhne (company 91303507)
    hint: to get a token, run `tokenctl token get mueller-soehne`
    --- exit 0
    ");
    assert_eq!(office.exchanges(), 1);
    let row = office.connections()[0].clone();
    assert_eq!((&row["name"], &row["company"]["name"]), (&"mueller-soehne".into(), &"Müller & Söhne".into()));
    // The token that came is there: nobody is asked for another.
    office.scene.ok(&["token", "get", "mueller-soehne"]);
    assert_eq!(office.exchanges(), 1);
    refreshed(&office.scene, "mueller-soehne");
    assert_eq!(office.exchanges(), 2);
    assert!(office.scene.run(&["audit", "verify"]).code == Some(0));
}

#[test]
fn the_report_as_json() {
    let office = Office::new();
    let (_, ran) = office.login(REALM, &["--name=acme", "--company=Acme Ltd", "-o", "json"]);
    let envelope: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"));
    assert_eq!((&envelope["schema"], &envelope["ok"]), (&"tokenctl.login/1".into(), &true.into()));
    let data = &envelope["data"];
    for (member, expected) in [
        ("action", json!("connected")),
        ("app", json!("books")),
        ("provider", json!("quickbooks")),
        ("environment", json!("simulator")),
        ("connection", json!("acme")),
        ("realm", json!(REALM)),
        ("company", json!("Acme Ltd")),
        ("vendor_name", json!("Müller & Söhne")),
        ("confirmed", json!(true)),
        ("expires_at", json!("2027-06-09T12:00:00Z")),
        ("hard_expires_at", json!("2032-02-28T12:00:00Z")),
        ("token_expires_at", json!("2027-03-01T13:00:00Z")),
    ] {
        assert_eq!(data[member], expected, "{member}: {data}");
    }
}

#[test]
fn a_company_that_is_known_is_renewed() {
    let _filters = filtered();
    let office = Office::new();
    office.login(REALM, &["--name=acme", "--company=Acme Ltd"]);
    let before = office.connections();
    let (page, ran) = office.login(REALM, &[]);
    assert_eq!(page.title(), "You are connected");
    insta::assert_snapshot!(ran, @"
    renewed: acme

    app           books
    company       Acme Ltd
    called there  Müller & Söhne
    account       91303507
    confirmed     by the vendor
    unused until  2027-06-09
    ends          2032-02-28
    token until   2027-03-01 13:00 UTC
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    QuickBooks let `books` in for Müller & Söhne (company 91303507)
    hint: to get a token, run `tokenctl token get acme`
    --- exit 0
    ");
    let (_, ran) = office.login(REALM, &["--name=acme"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let after = office.connections();
    assert_eq!(after.as_array().unwrap().len(), 1);
    assert_eq!((&before[0]["id"], &before[0]["company"]), (&after[0]["id"], &after[0]["company"]));
    refreshed(&office.scene, "acme");
}

#[test]
fn another_company_than_expected_is_not_exchanged() {
    let _filters = filtered();
    let office = Office::new();
    office.login(REALM, &["--name=acme"]);
    let exchanges = office.exchanges();
    let (page, ran) = office.login(OTHER, &["--name=acme"]);
    assert_eq!(page.title(), "That was another company");
    insta::assert_snapshot!(ran, @"
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    error: cannot connect a company with `books`
      cause: the answer does not fit what was asked, so nothing was exchanged
      cause: the company that was chosen has the id 91303508, not 91303507
    hint: to see which company it is for, run `tokenctl connection show acme`
    hint: log in again and choose that one; for another company choose another `--name`, or none
    --- exit 5
    ");
    let (page, ran) = office.login(REALM, &["--name=second"]);
    assert_eq!(page.title(), "That was another company");
    insta::assert_snapshot!(ran, @"
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    error: cannot connect a company with `books`
      cause: company 91303507 is connected as `acme`
    hint: to renew that connection, run `tokenctl login books --name acme`
    hint: to see it, run `tokenctl connection show acme`
    --- exit 5
    ");
    assert_eq!(office.exchanges(), exchanges, "nothing was exchanged");
    assert!(office.quarantined().is_empty());
}

#[test]
fn names_that_are_made_are_each_their_own() {
    let office = Office::new();
    let intuit = office.scene.control().quickbooks();
    intuit.rename_company(OTHER, "müller; söhne").unwrap();
    office.login(REALM, &[]);
    office.login(OTHER, &[]);
    let rows = office.connections();
    assert_eq!((&rows[0]["name"], &rows[1]["name"]), (&"mueller-soehne".into(), &"mueller-soehne-2".into()));
}

#[test]
fn a_no_in_the_browser_changes_nothing() {
    let _filters = filtered();
    let office = Office::new();
    office.scene.control().quickbooks().decide_next(Decision::Deny).unwrap();
    let login = office.start(&[]);
    assert_eq!(login.browse().title(), "Access was not granted");
    insta::assert_snapshot!(login.finish(&office.scene.place), @"
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    error: cannot connect a company with `books`
      cause: access was not granted: access_denied
    hint: whoever logs in must be allowed to connect apps, and press Connect; nothing was changed
    --- exit 4
    ");
    assert_eq!(office.exchanges(), 0);
}

#[test]
fn what_is_pasted_counts_like_what_the_browser_brings() {
    let _filters = filtered();
    let office = Office::new();
    office.decide(REALM);
    let mut login = office.start(&["--paste", "--redirect-uri=https://team.example/cb"]);
    let back = login.consent();
    assert_eq!(back.host_str(), Some("team.example"));
    login.paste(login.address.as_str().to_owned().as_str());
    login.paste("https://team.example/cb?code=guessed&state=guessed&realmId=1");
    login.paste(&format!("  '{back}'  "));
    insta::assert_snapshot!(login.finish(&office.scene.place), @"
    connected: mueller-soehne

    app           books
    company       Müller & Söhne
    account       91303507
    confirmed     by the vendor
    unused until  2027-06-09
    ends          2032-02-28
    token until   2027-03-01 13:00 UTC
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=https%3A%2F%2Fteam.example%2Fcb&scope=com.intuit.quickbooks.accounting&state=[STATE]

    that is the address of the login page itself: log in there first, then copy where it leads
    that address is not the one that is waited for: it does not belong to this login (`state` is not the one that was sent)
    QuickBooks let `books` in for Müller & Söhne (company 91303507)
    hint: to get a token, run `tokenctl token get mueller-soehne`
    --- exit 0
    ");
    assert_eq!(office.exchanges(), 1);
}

#[test]
fn nobody_there_to_paste() {
    let _filters = filtered();
    let office = Office::new();
    let paste = ["login", "books", "--paste", "--redirect-uri=https://team.example/cb", "--no-browser"];
    insta::assert_snapshot!(office.scene.refused(2, &[&paste[..], &["--no-input"]].concat()), @"
    --- stderr
    error: cannot connect a company with `books`
      cause: the address that the browser ended at was not pasted
    hint: run it on a terminal, or write the address to standard input and leave `--no-input` away
    --- exit 2
    ");
    // The end of standard input, without a line.
    office.scene.refused(2, &paste);
}

#[test]
fn nobody_comes() {
    let _filters = filtered();
    let office = Office::new();
    let login = office.start(&["--timeout=1s"]);
    insta::assert_snapshot!(login.finish(&office.scene.place), @"
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    error: cannot connect a company with `books`
      cause: nobody logged in within 1 s
    hint: nothing was changed; to wait longer, add `--timeout 15m --deadline 30m`
    --- exit 6
    ");
    assert!(office.connections().as_array().unwrap().is_empty());
}

#[test]
fn a_port_that_somebody_has() {
    let _filters = filtered();
    let office = Office::new();
    let _somebody = std::net::TcpListener::bind(("::1", office.port)).unwrap();
    let listen = format!("--listen={}", office.port);
    let ran = office.scene.refused(5, &["login", "books", "--no-browser", &listen]);
    let ran = ran.to_string().replace(&office.port.to_string(), "[PORT]");
    insta::assert_snapshot!(ran, @"
    --- stderr
    error: cannot connect a company with `books`
      cause: port [PORT] is taken on ::1
    hint: whoever has the port would get the answer, so nothing was opened; end that program
    hint: or listen on another port with `--listen PORT`, if the redirect URI leads there
    hint: or listen on none, and paste where the browser ends: `--paste`
    --- exit 5
    ");
}

#[test]
fn a_signal_ends_the_wait() {
    let office = Office::new();
    for (signal, code) in [(rustix::process::Signal::INT, 130), (rustix::process::Signal::TERM, 143)] {
        let login = office.start(&[]);
        let pid = rustix::process::Pid::from_raw(login.pid().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        let ran = login.finish(&office.scene.place);
        assert_eq!(ran.code, Some(code), "{ran}");
    }
    assert_eq!(office.exchanges(), 0);
}

#[test]
fn what_production_keys_demand() {
    let _filters = filtered();
    let scene = Scene::new();
    scene.place.put("secret", "hush\n");
    let add = ["app", "add", "quickbooks", "books", "--client-id=c", "--client-secret-file=secret"];
    scene.ok(&add);
    insta::assert_snapshot!(scene.refused(2, &["login", "books"]), @"
    --- stderr
    error: cannot connect a company with `books`
      cause: QuickBooks sends the browser of production keys back to https alone, and `books` has no redirect URI
    hint: once it is registered with the vendor, run `tokenctl app set books --redirect-uri https://connect.example.com/quickbooks`
    hint: the page there forwards to http://localhost:[PORT]/quickbooks/callback, or shows nothing at all
    hint: for a page that does not forward, run `tokenctl login books --paste`
    --- exit 2
    ");
    insta::assert_snapshot!(scene.refused(2, &["login", "books", "--redirect-uri=http://localhost:8765/quickbooks/callback"]), @"
    --- stderr
    error: cannot connect a company with `books`
      cause: the redirect URI http://localhost:[PORT]/quickbooks/callback is on localhost, which the vendor takes for development keys alone
    hint: which redirect URIs there can be is shown by `tokenctl login --help`
    --- exit 2
    ");
    insta::assert_snapshot!(scene.dry(&["login", "books", "--redirect-uri=https://team.example/cb?x=1"]), @"
    planned: a login with books

    app           books
    scopes        com.intuit.quickbooks.accounting
    redirect uri  https://team.example/cb?x=1
    --- stderr
    --- exit 0
    ");
}

#[test]
fn the_usual_port_is_a_fixed_one() {
    let office = Office::new();
    let planned = office.scene.json(&["login", "books", "--dry-run"]);
    assert_eq!(planned["data"]["redirect_uri"], "http://localhost:8765/quickbooks/callback");
    assert_eq!(planned["data"]["action"], "planned");
    office.scene.dry(&["login", "books"]);
    office.scene.refused(2, &["login", "books", "--listen=0"]);
    office.scene.refused(3, &["login", "boks"]);
    assert_eq!(office.scene.refused(2, &["login"]).code, Some(2));
    let help = office.scene.ok(&["login", "--help"]).stdout;
    assert!(help.contains("http://localhost:8765/quickbooks/callback"), "{help}");
}

#[test]
fn a_company_that_the_grant_does_not_open_is_kept_apart() {
    let _filters = filtered();
    let office = Office::new();
    // The callback names another company than the one that was consented to.
    let fault = Fault::ForeignRealm { realm: OTHER.to_owned() };
    office.scene.control().arm(FaultRule::always(fault).at(Endpoint::Authorize).times(1));
    let (page, ran) = office.login(REALM, &["--name=acme"]);
    assert_eq!(page.title(), "That did not work");
    insta::assert_snapshot!(ran, @"
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    error: cannot connect a company with `books`
      cause: the grant was not stored with a connection; it is kept apart as [ID]
      cause: the grant does not open company 91303508
      cause: QuickBooks refused the exchange: 3100 (HTTP 403)
      cause: it says: message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403: ApplicationAuthorizationFailed
      cause: the vendor's request id is [REQUEST ID]
    hint: to let a connection take it over, run `tokenctl token import acme --quarantined [ID] --app books --realm ID`
    hint: to see what is kept apart, run `tokenctl app show books`
    --- exit 5
    ");
    let kept = office.quarantined();
    assert_eq!((kept.len(), &kept[0]["realm"]), (1, &Value::Null), "whose it is was not certain");
    assert!(office.connections().as_array().unwrap().is_empty());
}

#[test]
fn the_hint_takes_over_what_was_kept_apart() {
    let office = Office::new();
    let refuse = Fault::Refuse { status: 403, error: "AuthorizationFailed".to_owned() };
    office.scene.control().arm(FaultRule::always(refuse).at(Endpoint::CompanyInfo).times(1));
    let (_, ran) = office.login(REALM, &["--name=acme"]);
    assert_eq!(ran.code, Some(5), "{ran}");
    let hint = ran.stderr.lines().find_map(|line| line.split_once("`tokenctl token import")).unwrap().1;
    let hint = hint.trim_end_matches('`').replace("--realm ID", &format!("--realm {REALM}"));
    let words = hint.split_whitespace();
    let arguments: Vec<&str> = ["token", "import"].into_iter().chain(words).collect();
    office.scene.ok(&arguments);
    assert!(office.quarantined().is_empty());
    office.scene.ok(&["token", "get", "acme"]);
}

#[test]
fn a_company_that_cannot_be_asked_is_stored_with_a_warning() {
    let _filters = filtered();
    let office = Office::new();
    let fault = Fault::Refuse { status: 503, error: "down".to_owned() };
    office.scene.control().arm(FaultRule::always(fault).at(Endpoint::CompanyInfo));
    let (page, ran) = office.login(REALM, &["--timeout=4s"]);
    assert_eq!(page.title(), "You are connected");
    insta::assert_snapshot!(ran, @"
    connected: books

    app           books
    account       91303507
    confirmed     no
    unused until  2027-06-09
    ends          2032-02-28
    token until   2027-03-01 13:00 UTC
    --- stderr
    open this address in a browser:

      http://127.0.0.1:[PORT]/quickbooks/connect/oauth2?response_type=code&client_id=books-client&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fquickbooks%2Fcallback&scope=com.intuit.quickbooks.accounting&state=[STATE]

    QuickBooks let `books` in for company 91303507
    warning: it could not be confirmed whose account it is: QuickBooks cannot be reached: a server error (HTTP 503)
    hint: to get a token, run `tokenctl token get books`
    --- exit 0
    ");
    assert_eq!(office.connections()[0]["company"], Value::Null);
}

#[test]
fn a_code_is_sent_once_whatever_comes_back() {
    let office = Office::new();
    for (fault, code) in [
        (Fault::AnswerLost {}, 6),
        (Fault::Refuse { status: 500, error: "oops".to_owned() }, 6),
        (Fault::Refuse { status: 400, error: "invalid_grant".to_owned() }, 4),
        (Fault::Refuse { status: 401, error: "invalid_client".to_owned() }, 4),
        (Fault::MissingToken {}, 6),
        (Fault::TruncatedJson {}, 6),
    ] {
        let control = office.scene.control();
        control.forget_calls();
        control.arm(FaultRule::always(fault.clone()).at(Endpoint::Token).times(1));
        let (page, ran) = office.login(REALM, &["--name=acme"]);
        assert_eq!((page.title(), ran.code), ("That did not work", Some(code)), "{fault:?}: {ran}");
        assert_eq!(office.exchanges(), 1, "{fault:?}");
        assert!(ran.stderr.contains("hint: "), "{ran}");
        assert!(office.connections().as_array().unwrap().is_empty());
    }
}

#[test]
fn a_busy_vendor_has_not_seen_the_code() {
    let office = Office::new();
    let busy = Fault::RateLimit { status: 429, retry_after_seconds: 1, as_date: false };
    office.scene.control().arm(FaultRule::always(busy).at(Endpoint::Token).times(1));
    let (_, ran) = office.login(REALM, &["--name=acme"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(office.exchanges(), 2);
}

/// Logs in while a refresh waits for its answer; returns whether the grant that is stored then is the one that counts.
fn logs_in_beside_a_refresh(mutants: &str) -> bool {
    let office = Office::new();
    office.login(REALM, &["--name=acme"]);
    let slow = Fault::SlowHeaders { milliseconds: 2500 };
    office.scene.control().arm(FaultRule::always(slow).at(Endpoint::Token).times(1));
    let exchanges = office.exchanges();
    let refreshing = refresh(&office.scene, "acme", "2027-03-01T12:01:00Z")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while office.exchanges() == exchanges {
        std::thread::yield_now();
    }
    office.decide(REALM);
    let mut command =
        office.scene.command(&["login", "books", "--no-browser", &format!("--listen={}", office.port)]);
    let login = Login::start(command.env("TOKENCTL_TEST_MUTANTS", mutants));
    login.browse();
    let ran = login.finish(&office.scene.place);
    assert_eq!(ran.code, Some(0), "{ran}");
    refreshing.wait_with_output().unwrap();
    let after = office.scene.place.finish(&mut refresh(&office.scene, "acme", "2027-03-01T12:02:00Z"));
    after.code == Some(0)
}

#[test]
fn a_refresh_under_way_does_not_undo_a_login() {
    assert!(logs_in_beside_a_refresh(""));
    // The harness must be able to fail.
    assert!(!logs_in_beside_a_refresh("login-without-lock"));
}

#[test]
fn seeded_bugs_are_found() {
    for (mutant, code, kept) in [("", 5, 1), ("company-unconfirmed", 0, 0), ("contradiction-dropped", 8, 0)] {
        let office = Office::new();
        let fault = Fault::ForeignRealm { realm: OTHER.to_owned() };
        office.scene.control().arm(FaultRule::always(fault).at(Endpoint::Authorize).times(1));
        office.decide(REALM);
        let listen = format!("--listen={}", office.port);
        let mut command = office.scene.command(&["login", "books", "--no-browser", &listen]);
        let login = Login::start(command.env("TOKENCTL_TEST_MUTANTS", mutant));
        login.browse();
        let ran = login.finish(&office.scene.place);
        assert_eq!((ran.code, office.quarantined().len()), (Some(code), kept), "{mutant}: {ran}");
    }
}

/// A viewer, and whoever is not at the vault's home, is told before anybody is sent anywhere.
#[test]
fn only_where_the_vault_can_be_written() {
    let office = Office::new();
    let mut command = office.scene.command(&["login", "books", "--no-browser"]);
    let ran = office.scene.place.finish(command.env("TOKENCTL_HOME_ID", "elsewhere"));
    assert_eq!(ran.code, Some(9), "{ran}");
    assert!(!ran.stderr.contains("http"), "{ran}");
}

/// R16: what a vendor says a company is called reaches no terminal as it is.
#[test]
fn hostile_company_names_are_harmless() {
    let office = Office::new();
    let intuit = office.scene.control().quickbooks();
    let long = "x".repeat(70_000);
    for (number, name) in [
        "\u{1b}[31mred\u{1b}]0;title\u{7}",
        "\u{202e}evil\u{200b}\u{feff}",
        "=HYPERLINK(\"http://evil\")",
        "::error::pwned",
        "##vso[task.setvariable variable=x]y",
        "a\nb\r\nc\td",
        "'; DROP TABLE connections; --",
        "../../etc/passwd",
        "--all",
        "株式会社",
        " ",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        let realm = format!("5000{number}");
        intuit.add_company(NewCompany { realm: Some(realm.clone()), name: name.to_owned() }).unwrap();
        let (page, ran) = office.login(&realm, &[]);
        assert_eq!((page.title(), ran.code), ("You are connected", Some(0)), "{name:.80?}: {ran}");
        let hostile =
            |char: char| (char.is_control() && char != '\n') || "\u{202e}\u{200b}\u{feff}".contains(char);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(hostile), "{name:.80?}: {text:?}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
            assert!(!text.contains("##vso["), "{text}");
        }
    }
    for format in ["table", "csv", "json", "jsonl", "plain"] {
        // RFC 4180 section 2: a line of CSV ends with both.
        let shown = office.scene.ok(&["connection", "list", "-o", format]).stdout.replace("\r\n", "\n");
        assert!(!shown.contains(|char: char| char.is_control() && !matches!(char, '\n' | '\t')), "{shown:?}");
    }
    assert_eq!(office.connections().as_array().unwrap().len(), 12);
}

/// A server that follows the standards, with PKCE, and a device flow.
fn server(scene: &Scene, redirects: &[&str]) {
    let tenant = scene.control().oauth2("crm");
    let client = oauth2::NewClient {
        client_id: Some("crm-client".to_owned()),
        client_secret: Some("hush".to_owned()),
        redirect_uris: redirects.iter().map(|&uri| uri.to_owned()).collect(),
        ..oauth2::NewClient::default()
    };
    tenant.register_client(client).unwrap();
    scene.place.put("secret", "hush\n");
    let discovery = format!("--discovery={}", tenant.discovery_url());
    let add = ["app", "add", "oauth2", "crm", "--client-id=crm-client", "--client-secret-file=secret"];
    scene.ok(&[&add[..], &[&discovery, "--environment=simulator"]].concat());
}

#[test]
fn any_server_with_pkce_and_a_free_port() {
    let scene = Scene::new();
    server(&scene, &["http://127.0.0.1/oauth2/callback"]);
    scene.control().oauth2("crm").decide_next(oauth2::Decision::Approve("ann".to_owned())).unwrap();
    let login = Login::start(&mut scene.command(&["login", "crm", "--no-browser"]));
    let query: Vec<_> = login.address.query_pairs().into_owned().collect();
    assert!(query.contains(&("code_challenge_method".to_owned(), "S256".to_owned())), "{query:?}");
    assert_eq!(login.browse().title(), "You are connected");
    let ran = login.finish(&scene.place);
    assert_eq!(ran.code, Some(0), "{ran}");
    refreshed(&scene, "crm");
}

#[test]
fn a_device_logs_in_elsewhere() {
    let scene = Scene::new();
    server(&scene, &[]);
    scene.control().oauth2("crm").decide_next(oauth2::Decision::Approve("ann".to_owned())).unwrap();
    let login = Login::start(&mut scene.command(&["login", "crm", "--name=acme-crm", "--device"]));
    let ran = login.finish(&scene.place);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stderr.contains("the code is "), "{ran}");
    refreshed(&scene, "acme-crm");
}

#[test]
fn only_what_can_be_logged_in_for() {
    let office = Office::new();
    office.scene.add("acme");
    office.scene.refused(5, &["login", "books", "--name=acme", "--no-browser"]);
    office.scene.refused(2, &["login", "books", "--device"]);
    let add = ["app", "add", "oauth2", "bare", "--client-id=p", "--client-secret-file=secret"];
    office.scene.ok(&[&add[..], &["--token-url=https://login.example/token"]].concat());
    office.scene.refused(2, &["login", "bare"]);
    assert_eq!(office.scene.control().calls_of(Vendor::Quickbooks, REALM, Endpoint::Token), 0);
}
