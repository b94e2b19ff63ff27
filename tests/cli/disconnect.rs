//! Giving grants back: the vendor first, then this side, and what is said where the vendor cannot be asked.

use serde_json::{Value, json};
use tokenctl::sim::oauth2::{Authentication, NewClient};
use tokenctl::sim::{Endpoint, Fault, FaultRule};

use crate::common::books::Books;
use crate::common::filters::filtered;

fn connected() -> Books {
    let books = Books::new();
    books.connect("acme", "4620", "Acme Ltd");
    books
}

fn grant_of(books: &Books, name: &str) -> Value {
    books.data(0, &["connection", "show", name])["connection"]["grant"].take()
}

fn silence() -> FaultRule {
    FaultRule::always(Fault::Refuse { status: 503, error: "temporarily_unavailable".to_owned() })
        .at(Endpoint::Revoke)
}

#[test]
fn the_vendor_takes_it_back_and_it_is_forgotten() {
    let _filters = filtered();
    let books = connected();
    insta::assert_snapshot!(books.ok(&["token", "revoke", "acme", "--dry-run"]), @"
    CONNECTION  PROVIDER    VENDOR  WHAT
    acme        quickbooks  -       its grant would be given back to QuickBooks and forgotten
    --- stderr
    --- exit 0
    ");
    assert!(books.family("4620").live, "a plan asks nobody");
    insta::assert_snapshot!(books.ends(2, &["token", "revoke", "acme", "--no-input"]), @"
    --- stderr
    error: cannot revoke the grant of `acme`
      cause: nobody can be asked: Disconnect acme: give its grant back and forget it? The customer would have to consent again
    hint: to answer with yes beforehand, add `--yes`
    --- exit 2
    ");
    assert!(books.family("4620").live);
    insta::assert_snapshot!(books.ok(&["token", "revoke", "acme", "--yes"]), @"
    CONNECTION  PROVIDER    VENDOR   WHAT
    acme        quickbooks  revoked  QuickBooks took it back; forgotten here
    --- stderr
    --- exit 0
    ");
    assert!(!books.family("4620").live);
    assert_eq!(grant_of(&books, "acme")["state"], "revoked");
    books.connect("other", "4621", "Other");
    let tokens = books.data(13, &["token", "refresh", "acme", "other"]);
    assert_eq!(tokens["connections"][0]["code"], 12, "the cached token is gone, too");
    insta::assert_snapshot!(books.ok(&["token", "revoke", "acme"]), @"
    CONNECTION  PROVIDER    VENDOR     WHAT
    acme        quickbooks  not-asked  there was nothing to be given back
    --- stderr
    --- exit 0
    ");
    assert_eq!(books.control.calls_to(Endpoint::Revoke), 1, "what was given back is not given back again");
    let list = books.data(0, &["company", "list"]);
    assert_eq!((&list["companies"][0]["status"], &list["attention"]), (&json!("revoked"), &json!(0)));
}

#[test]
fn while_the_vendor_cannot_be_asked_nothing_is_forgotten() {
    let _filters = filtered();
    let books = connected();
    books.control.arm(silence());
    insta::assert_snapshot!(books.ends(6, &["token", "revoke", "acme", "--yes", "--timeout=2s"]), @"
    --- stderr
    error: cannot revoke the grant of `acme`
      cause: QuickBooks cannot be reached: a server error (HTTP 503)
      cause: the vendor's request id is [REQUEST ID]
      cause: nothing was forgotten here
    hint: nothing was changed; the same command can be repeated
    hint: to forget it here although QuickBooks would go on honouring it, run `tokenctl token revoke acme --local-only`
    --- exit 6
    ");
    assert_eq!(grant_of(&books, "acme")["state"], "active");
    books.ok(&["token", "get", "acme"]);
    insta::assert_snapshot!(books.ok(&["token", "revoke", "acme", "--yes", "--local-only"]), @"
    CONNECTION  PROVIDER    VENDOR     WHAT
    acme        quickbooks  not-asked  QuickBooks was not asked; forgotten here
    --- stderr
    warning: acme: QuickBooks was not asked, and still honours the grant until 2027-06-09T12:00:00Z
    --- exit 0
    ");
    assert_eq!(grant_of(&books, "acme")["state"], "revoked");
    assert!(books.family("4620").live, "nobody told Intuit");
}

#[test]
fn what_is_dead_there_is_forgotten_here() {
    let _filters = filtered();
    let books = connected();
    books.control.quickbooks().revoke(&books.client_id, "4620").unwrap();
    insta::assert_snapshot!(books.ok(&["token", "revoke", "acme", "--yes"]), @"
    CONNECTION  PROVIDER    VENDOR        WHAT
    acme        quickbooks  dead-already  QuickBooks says that it was dead already; forgotten here
    --- stderr
    --- exit 0
    ");
    assert_eq!(grant_of(&books, "acme")["state"], "revoked");
}

#[test]
fn a_lost_answer_may_hold_a_newer_token() {
    let books = connected();
    books.later(jiff::SignedDuration::from_hours(25));
    books.control.arm(FaultRule::always(Fault::AnswerLost {}).at(Endpoint::Token).times(1));
    books.ends(6, &["token", "refresh", "acme"]);
    let ran = books.ok(&["token", "revoke", "acme", "--yes"]);
    assert!(ran.stderr.contains("may still honour the grant"), "{ran}");
}

#[test]
fn wrong_client_keys_change_nothing() {
    let _filters = filtered();
    let books = connected();
    books.control.quickbooks().set_client_secret(&books.client_id, "another").unwrap();
    let ran = books.ends(4, &["token", "revoke", "acme", "--yes"]);
    assert!(ran.stderr.contains("nothing was forgotten here"), "{ran}");
    assert_eq!(grant_of(&books, "acme")["state"], "active");
}

#[test]
fn a_company_with_all_that_it_has() {
    let _filters = filtered();
    let books = connected();
    let add = ["connection", "add", "netsuite", "acme-erp", "--account=1234567", "--client-id=x"];
    books.ok(&[&add[..], &["--company=Acme Ltd"]].concat());
    insta::assert_snapshot!(books.ok(&["company", "disconnect", "Acme Ltd", "--dry-run"]), @"
    planned: Acme Ltd

    CONNECTION  PROVIDER    VENDOR  WHAT
    acme        quickbooks  -       its grant would be given back to QuickBooks and forgotten
    acme-erp    netsuite    -       it would be switched off, and its cached token forgotten
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ends(2, &["company", "disconnect", "Acme Ltd", "--no-input"]), @"
    --- stderr
    error: cannot disconnect `Acme Ltd`
      cause: nobody can be asked: Disconnect Acme Ltd: give its grant back and forget it, and switch off the connection that needs no grant? The customer would have to consent again
    hint: to answer with yes beforehand, add `--yes`
    --- exit 2
    ");
    insta::assert_snapshot!(books.ok(&["company", "disconnect", "Acme Ltd", "--yes"]), @"
    disconnected: Acme Ltd

    CONNECTION  PROVIDER    VENDOR    WHAT
    acme        quickbooks  revoked   QuickBooks took it back; forgotten here
    acme-erp    netsuite    no-place  NetSuite takes nothing back; switched off here
    --- stderr
    warning: acme-erp: NetSuite still honours tokens that were handed out until they expire, and our credentials until they are removed there
    --- exit 0
    ");
    assert!(!books.family("4620").live);
    let erp = books.data(0, &["connection", "show", "acme-erp"]);
    assert_eq!(erp["connection"]["enabled"], false, "or programs would go on");
    let log = books.data(0, &["audit", "list", "--action=company"]);
    let subjects = log["operations"][0]["subjects"].as_array().unwrap();
    assert!(subjects.iter().any(|subject| subject["kind"] == "company" && subject["name"] == "Acme Ltd"));
}

#[test]
fn one_vendor_s_silence_stops_no_other() {
    let books = connected();
    books.connect("acme-two", "4621", "Acme Ltd");
    // As often as the first one is asked.
    books.control.arm(silence().times(4));
    let data = books.data(13, &["company", "disconnect", "Acme Ltd", "--yes", "--timeout=30s"]);
    let rows = data["connections"].as_array().unwrap();
    assert_eq!((&rows[0]["code"], &rows[1]["code"]), (&json!(6), &json!(0)), "{data}");
    assert_eq!(grant_of(&books, "acme")["state"], "active");
    assert_eq!(grant_of(&books, "acme-two")["state"], "revoked");
}

/// RFC 7009: a form, and 200 even for what is dead.
#[test]
fn a_server_by_the_book_and_one_without_a_place() {
    let books = Books::new();
    let admin = books.control.oauth2("t");
    let client = NewClient { authentication: Authentication::ClientSecretBasic, ..NewClient::default() };
    let entry = admin.register_client(client).unwrap();
    let secret = books.place.put("t.secret", entry.client_secret.as_deref().unwrap());
    let id = format!("--client-id={}", entry.client_id);
    let secret = format!("--client-secret-file={}", secret.display());
    let discovery = format!("--discovery={}", admin.discovery_url());
    let token_url = format!("--token-url={}", admin.token_url());
    books.ok(&["app", "add", "oauth2", "book", &id, &secret, &discovery, "--environment=simulator"]);
    books.ok(&["app", "add", "oauth2", "bare", &id, &secret, &token_url, "--environment=simulator"]);
    for (name, app, user) in [("one", "book", "ann"), ("two", "bare", "bob")] {
        let grant = tokenctl::sim::oauth2::NewGrant {
            client_id: entry.client_id.clone(),
            user: user.to_owned(),
            scopes: None,
        };
        let token =
            books.place.put(&format!("{user}.refresh"), &admin.issue_grant(grant).unwrap().refresh_token);
        let file = format!("--refresh-token-file={}", token.display());
        books.ok(&["token", "import", name, &format!("--app={app}"), &file]);
    }
    let by_the_book = books.data(0, &["company", "disconnect", "--connection=one", "--yes"]);
    assert_eq!(by_the_book["connections"][0]["vendor"], "revoked");
    assert!(!admin.family(&entry.client_id, "ann").unwrap().live);
    let ran = books.ok(&["company", "disconnect", "--connection=two", "--yes"]);
    assert!(ran.stderr.contains("names no place to give the grant back to"), "{ran}");
    assert_eq!(grant_of(&books, "two")["state"], "revoked");
}

#[test]
fn whoever_removes_a_connection_hears_that_the_vendor_goes_on() {
    let _filters = filtered();
    let books = connected();
    insta::assert_snapshot!(books.ok(&["connection", "remove", "acme", "--yes"]), @"
    removed: connection acme
    --- stderr
    warning: the vendor goes on honouring the grant of acme until 2027-06-09T12:00:00Z
    hint: to give it back first, run `tokenctl token revoke acme`
    warning: no backup holds what is about to be destroyed: this machine knows of no backup
    hint: to make one, run `tokenctl vault backup FILE`
    --- exit 0
    ");
}

/// What was sealed is in neither generation any more.
#[test]
fn both_generations_forget() {
    let books = connected();
    let token = std::fs::read_to_string(books.place.home().join("4620.refresh")).unwrap();
    books.ok(&["token", "revoke", "acme", "--yes"]);
    let folder = books.place.home().join(".local/share/tokenctl");
    assert_eq!(
        std::fs::read(folder.join("vault.age")).unwrap(),
        std::fs::read(folder.join("vault.age.prev")).unwrap(),
        "the generation before holds what was destroyed"
    );
    let journal = folder.join("vault.age.journal").read_dir().map_or(0, Iterator::count);
    assert_eq!(journal, 0);
    for entry in folder.read_dir().unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(token.trim().len()).any(|part| part == token.trim().as_bytes()));
    }
}

#[test]
fn nobody_without_a_grant() {
    let _filters = filtered();
    let books = Books::new();
    books.ok(&["connection", "add", "quickbooks", "new", "--app=books", "--realm=1", "--company=New"]);
    assert_eq!(books.data(0, &["company", "disconnect", "New"])["action"], "unchanged");
    let erp = ["connection", "add", "netsuite", "erp", "--account=1234567", "--client-id=x"];
    books.ok(&erp);
    insta::assert_snapshot!(books.ok(&["token", "revoke", "erp", "--yes"]), @"
    CONNECTION  PROVIDER  VENDOR    WHAT
    erp         netsuite  no-place  NetSuite takes nothing back; nothing was kept here
    --- stderr
    warning: erp: NetSuite still honours tokens that were handed out until they expire, and our credentials until they are removed there
    --- exit 0
    ");
}

/// The proof above can fail: a program that forgets whatever the vendor says is found by it.
#[test]
fn a_seeded_bug_is_found() {
    let books = connected();
    books.control.arm(silence());
    let mut command = books.command(&["token", "revoke", "acme", "--yes", "--timeout=2s"]);
    let ran = books.place.finish(command.env("TOKENCTL_TEST_MUTANTS", "forget-whatever-it-says"));
    assert_eq!((ran.code, &grant_of(&books, "acme")["state"]), (Some(0), &json!("revoked")), "{ran}");
}
