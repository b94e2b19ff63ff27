//! The support view: what a viewer may see, what fits the terminal, what to tell the customer.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokenctl::output::sanitize::width;
use tokenctl::sim::{Endpoint, Fault, FaultRule};

use crate::common::books::Books;
use crate::common::filters::filtered;

const ADD: [&str; 5] = ["connection", "add", "netsuite", "--account=1234567", "--environment=production"];

/// Acme with two connections, one of them not set up; a company in need; a connection without a company.
fn office() -> Books {
    let books = Books::new();
    books.connect("acme-books", "4620", "Acme Ltd");
    books.connect("zebra", "4621", "Zebra, Inc.");
    let add = |flags: &[&str]| books.ok(&[&ADD[..], flags].concat());
    add(&["acme-erp", "--client-id=a", "--company=Acme Ltd"]);
    add(&["lonely", "--client-id=b"]);
    books
}

/// Makes the grant of `zebra` one that Intuit refuses for good.
fn refused_for_good(books: &Books) {
    books.control.quickbooks().revoke(&books.client_id, "4621").unwrap();
    for _ in 0..2 {
        books.ends(13, &["token", "refresh", "zebra", "acme-books"]);
        books.later(SignedDuration::from_secs(31));
    }
}

#[test]
fn a_row_for_each_company_and_what_needs_attention() {
    let _filters = filtered();
    let books = office();
    insta::assert_snapshot!(books.ok(&["company", "list"]), @"
    COMPANY      STATUS   EXPIRES     LAST USED  CONNECTIONS
    Acme Ltd     pending  2032-02-28  never      acme-books, acme-erp
    lonely       pending  -           never      lonely
    Zebra, Inc.  active   2032-02-28  never      zebra

    3 companies, 2 need attention: 2 pending; 1 active
    --- stderr
    --- exit 0
    ");
    refused_for_good(&books);
    insta::assert_snapshot!(books.ok(&["company", "list"]), @"
    COMPANY      STATUS     EXPIRES     LAST USED  CONNECTIONS
    Acme Ltd     pending    2032-02-28  never      acme-books, acme-erp
    lonely       pending    -           never      lonely
    Zebra, Inc.  reconnect  -           never      zebra

    3 companies, 3 need attention: 1 reconnect, 2 pending
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ok(&["company", "list", "--status=reconnect", "--columns=company,accounts,providers"]), @"
    COMPANY      ACCOUNTS  PROVIDERS
    Zebra, Inc.  4621      quickbooks

    1 company, 1 needs attention: 1 reconnect
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ok(&["company", "list", "--search=nothing"]), @"
    no company matches
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ok(&["company", "list", "--provider=quickbooks", "--limit=1"]), @"
    COMPANY   STATUS  EXPIRES     LAST USED  CONNECTIONS
    Acme Ltd  active  2032-02-28  never      acme-books

    1 of 2 companies, 1 needs attention: 1 reconnect; 1 active
    --- stderr
    --- exit 0
    ");
}

fn names(list: &Value) -> Vec<&str> {
    list["companies"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn what_programs_read() {
    let books = office();
    let list = books.data(0, &["company", "list"]);
    assert_eq!(names(&list), ["Acme Ltd", "lonely", "Zebra, Inc."]);
    assert_eq!(list["statuses"], json!({ "active": 1, "pending": 2 }));
    assert_eq!((&list["matching"], &list["attention"]), (&json!(3), &json!(2)));
    let (acme, lonely, zebra) = (&list["companies"][0], &list["companies"][1], &list["companies"][2]);
    assert_eq!(acme["status"], "pending", "the worst of its connections");
    assert_eq!(acme["connections"], json!(["acme-books", "acme-erp"]));
    assert_eq!(acme["providers"], json!(["netsuite", "quickbooks"]));
    assert_eq!((&lonely["id"], &lonely["connections"]), (&Value::Null, &json!(["lonely"])));
    assert_eq!((&zebra["expires"]["kind"], &zebra["expires"]["is_near"]), (&json!("hard"), &json!(false)));
    // By the connections at one provider alone, Acme works.
    let at_intuit = books.data(0, &["company", "list", "--provider=quickbooks"]);
    assert_eq!(names(&at_intuit), ["Acme Ltd", "Zebra, Inc."]);
    assert_eq!(at_intuit["companies"][0]["status"], "active");
    assert_eq!(names(&books.data(0, &["company", "list", "--search=4621"])), ["Zebra, Inc."]);
    assert_eq!(names(&books.data(0, &["company", "list", "--search=ZEB"])), ["Zebra, Inc."]);
    assert_eq!(names(&books.data(0, &["company", "list", "--sort=expiry", "--limit=1"])), ["Acme Ltd"]);

    books.ok(&["token", "get", "zebra"]);
    // A commit learns from the audit log when tokens were handed out.
    books.ok(&["connection", "set", "lonely", "--tag=a=b"]);
    assert_eq!(names(&books.data(0, &["company", "list", "--sort=last-used", "--limit=1"])), ["Zebra, Inc."]);
    let csv = books.ok(&["company", "list", "-o", "csv", "--fields", "name,status,last_used_at"]).stdout;
    assert_eq!(
        csv,
        "name,status,last_used_at\r\nAcme Ltd,pending,\r\nlonely,pending,\r\n\
         \"Zebra, Inc.\",active,2027-03-01T12:02:00Z\r\n"
    );
}

#[test]
fn what_support_reads_of_one_company() {
    let _filters = filtered();
    let books = office();
    insta::assert_snapshot!(books.ok(&["company", "show", "acme ltd"]), @"
    company    Acme Ltd
    status     pending
    id         [ID]
    expires    2032-02-28
    last used  never

    acme-books  quickbooks 4620: works; its sign-in must be renewed by 28 February 2032
    acme-erp    netsuite 1234567: is not set up completely; its certificate is not in use yet

    acme-erp: to see where its keys stand, run `tokenctl rotate status acme-erp`

    What to tell the customer:

    Our connection to your NetSuite account is not ready yet: please upload the certificate that we send you, and tell us the id that it is given there.

    WHEN                  WHAT            OUTCOME  CONNECTION  WHO
    2027-03-01 12:02 UTC  connection.add  ok       acme-erp    [ID]
    2027-03-01 12:00 UTC  grant.import    ok       acme-books  [ID]
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ok(&["company", "show", "lonely"]), @"
    company    lonely
    status     pending
    last used  never

    lonely  netsuite 1234567: is not set up completely; its certificate is not in use yet

    lonely: to see where its keys stand, run `tokenctl rotate status lonely`

    What to tell the customer:

    Our connection to your NetSuite account is not ready yet: please upload the certificate that we send you, and tell us the id that it is given there.

    WHEN                  WHAT            OUTCOME  CONNECTION  WHO
    2027-03-01 12:02 UTC  connection.add  ok       lonely      [ID]
    --- stderr
    --- exit 0
    ");
    refused_for_good(&books);
    insta::assert_snapshot!(books.ok(&["company", "show", "Zebra, Inc."]), @"
    company    Zebra, Inc.
    status     reconnect
    id         [ID]
    last used  never

    zebra  quickbooks 4621: does not work; the customer must sign in again: QuickBooks refused the old sign-in

    zebra: to connect the customer again, run `tokenctl login books --name zebra`

    What to tell the customer:

    Our connection to your QuickBooks account has ended. Please approve it again: we will send you a link; it takes a minute, and nothing in your account was changed.

    WHEN                  WHAT           OUTCOME   CONNECTION  WHO
    2027-03-01 12:02 UTC  grant.refresh  rejected  zebra       [ID]
    2027-03-01 12:02 UTC  grant.refresh  rejected  zebra       [ID]
    2027-03-01 12:01 UTC  grant.import   ok        zebra       [ID]
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ends(3, &["company", "show", "Zebra, Inx."]), @"
    --- stderr
    error: cannot show `Zebra, Inx.`
      cause: there is no company `Zebra, Inx.`
    hint: did you mean `Zebra, Inc.`?
    --- exit 3
    ");
}

#[test]
fn an_answer_that_was_lost_is_shown_before_the_next_commit() {
    let books = office();
    books.control.arm(FaultRule::always(Fault::AnswerLost {}).at(Endpoint::Token).times(1));
    books.ends(6, &["token", "refresh", "zebra"]);
    let found = books.data(0, &["company", "list", "--search=zebra"]);
    assert_eq!(found["companies"][0]["status"], "uncertain", "the journal knows it");
    let show = books.data(0, &["company", "show", "Zebra, Inc."]);
    assert_eq!(show["connections"][0]["grant"]["state"], "uncertain");
    assert!(show["tell_customer"][0].as_str().unwrap().contains("checking"), "{show}");
    let status = books.data(0, &["status"]);
    let kinds: Vec<_> = status["attention"].as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert!(kinds.contains(&&json!("uncertain")), "{status}");
}

#[test]
fn several_of_one_name_are_told_apart_by_their_ids() {
    let _filters = filtered();
    let books = office();
    books.ok(&["company", "rename", "Zebra, Inc.", "Other"]);
    insta::assert_snapshot!(books.ok(&["company", "rename", "Other", "Acme Ltd"]), @"
    renamed: Other is now called Acme Ltd
    --- stderr
    warning: another company has that name, too
    --- exit 0
    ");
    insta::assert_snapshot!(books.ends(2, &["company", "show", "Acme Ltd"]), @"
    --- stderr
    error: cannot show `Acme Ltd`
      cause: 2 companies are called `Acme Ltd`
    hint: to see one of them by its id, run `tokenctl company show [ID]`
    hint: to see one of them by its id, run `tokenctl company show [ID]`
    hint: to see them side by side, run `tokenctl company list '--search=Acme Ltd'`
    --- exit 2
    ");
    let list = books.data(0, &["company", "list", "--search=zebra"]);
    let id = list["companies"][0]["id"].as_str().unwrap();
    assert_eq!(books.data(0, &["company", "show", id])["connections"][0]["name"], "zebra");
}

#[test]
fn a_new_name() {
    let _filters = filtered();
    let books = office();
    insta::assert_snapshot!(books.ok(&["company", "rename", "Acme Ltd", "Acme Holding", "--dry-run"]), @"
    planned: Acme Ltd is now called Acme Holding
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ok(&["company", "rename", "Acme Ltd", " Acme Holding "]), @"
    renamed: Acme Ltd is now called Acme Holding
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ok(&["company", "rename", "acme holding", "Acme Holding"]), @"
    unchanged: the company is called Acme Holding already
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(books.ends(3, &["company", "rename", "lonely", "Lonely Ltd"]), @"
    --- stderr
    error: cannot rename `lonely`
      cause: `lonely` is a connection that belongs to no company
    hint: to let it belong to one, run `tokenctl connection set lonely --company=TEXT`
    --- exit 3
    ");
    assert_eq!(books.run(&["company", "rename", "Acme Holding", "  "]).code, Some(2));
    let history = books.data(0, &["company", "show", "Acme Holding"])["history"].take();
    assert_eq!((&history[0]["action"], &history[0]["outcome"]), (&json!("company.rename"), &json!("ok")));
}

/// R16: what somebody else called their company reaches no terminal, spreadsheet or CI log as anything but text.
#[test]
fn hostile_names() {
    let books = Books::new();
    let long = "wide 漢字 ".repeat(8 * 1024);
    let hostile = [
        "\u{1b}]0;owned\u{7}\u{1b}[31mred",
        "=HYPERLINK(\"http://evil.example\";\"x\")",
        "::error::owned",
        "##vso[task.setvariable]x",
        "a\u{202e}dtl\u{2066}",
        "zero\u{200b}width\u{feff}",
        "line\nbreak\r\ttab",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "👩‍👩‍👧‍👦 family & 株式会社アクメ",
        long.trim(),
    ];
    for (index, name) in hostile.iter().enumerate() {
        let number = index.to_string();
        let (id, company) = (format!("--client-id={number}"), format!("--company={name}"));
        books.ok(&[&ADD[..], &[&format!("c{number}"), &id, &company]].concat());
    }
    let list = books.data(0, &["company", "list"]);
    let mut listed = names(&list);
    let mut expected = hostile.to_vec();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected, "JSON gives them back as they are");
    for format in ["table", "csv", "plain", "jsonl", "json"] {
        for arguments in
            [&["company", "list"][..], &["company", "show", hostile[0]], &["company", "show", hostile[2]]]
        {
            let ran = books.ok(&[arguments, &["-o", format]].concat());
            let text = format!("{}{}", ran.stdout, ran.stderr);
            let bare = |char: char| {
                char.is_control() && !matches!(char, '\n' | '\t') && !(format == "csv" && char == '\r')
            };
            assert!(!text.contains(bare), "{format}: {text:.300}");
            assert!(
                !text.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']),
                "{format}: {text:.300}"
            );
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{format}: {text:.300}");
            if format == "csv" {
                assert!(!text.lines().any(|line| line.starts_with(['=', '+', '@'])), "{text:.300}");
            }
        }
    }
    let question = books.run(&["company", "disconnect", hostile[0]]);
    assert_eq!(question.code, Some(2), "{question}");
    assert!(!question.stderr.contains('\u{1b}'), "{question}");
    let missing = books.run(&["company", "show", "\u{1b}[31mnobody"]);
    assert_eq!(missing.code, Some(3));
    assert!(!missing.stderr.contains('\u{1b}'), "{missing}");
}

/// What fits the classic terminal is drawn by the library's tests; this is the whole command, on a real one.
#[test]
fn wide_and_combining_names_stay_in_their_columns() {
    let books = Books::new();
    for (index, name) in
        ["株式会社アクメ・ホールディングス東京本社経理部", "Ame\u{301}lie & Cie.", "Plain"].iter().enumerate()
    {
        let (id, company) = (format!("--client-id={index}"), format!("--company={name}"));
        let connection = format!("a-connection-with-a-long-name-{index}");
        books.ok(&[&ADD[..], &[&connection, &id, &company]].concat());
    }
    let table = books.ok(&["company", "list"]).stdout;
    let lines: Vec<_> = table.lines().take(4).collect();
    let column =
        |line: &str, text: &str| width(&line[..line.find(text).unwrap_or_else(|| panic!("{text}: {line}"))]);
    let status = column(lines[0], "STATUS");
    for line in &lines[1..] {
        assert_eq!(column(line, "pending"), status, "{table}");
    }
}
