//! Every listing at 40, 80 and 200 columns and in a pipe, with names that are wide, combined or hostile; and without
//! colour.

use std::fmt::Write as _;

use super::*;
use crate::domain::app::App;
use crate::domain::connection::Company;
use crate::domain::ids::{AppId, CompanyId};
use crate::domain::invitation::{Invitation, State, Steps};
use crate::domain::registration::Registration;
use crate::domain::rotation::Phase;
use crate::output::reports::app::{AppList, AppRow};
use crate::output::reports::company::{CompanyList, CompanyRow};
use crate::output::reports::disconnect::{Disconnected, GivenBackRow};
use crate::output::reports::import::{Batch, BatchRow};
use crate::output::reports::invite::{CleanedRow, Cleanup, InvitationRow, Invitations};
use crate::output::reports::invite_alerts::{AlertRow, Alerts};
use crate::output::reports::invite_mint::{MintPlan, PlannedRow};
use crate::output::reports::keys::Keys;
use crate::output::reports::token::{TokenRefresh, TokenRefreshRow};
use crate::output::reports::vault::{Check, CheckRow};

/// Full-width, emoji of several code points, combining marks, and a terminal's escape sequence.
const NAMES: [&str; 4] = [
    "株式会社アクメ・インターナショナル・ホールディングス",
    "Cafe\u{301} Mu\u{308}ller e\u{301}e\u{301}e\u{301}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦 🏭🏭🏭🏭🏭🏭🏭🏭🏭🏭🏭🏭",
    "\u{1b}[31mred\u{7}\u{202e}",
];

fn some<T>(row: impl Fn(&str) -> T) -> Vec<T> {
    NAMES.map(row).into()
}

fn connections() -> ConnectionList {
    let row = |name: &str| {
        let mut connection = connection("acme-production");
        connection.company = Some(Company { id: CompanyId::new(), name: name.to_owned() });
        let keys = KeySet::default();
        let described = Described {
            connection: &connection,
            app: None,
            keys: &keys,
            rows: Vec::new(),
            standing: Standing::NeverVerified,
            end: None,
            grant: None,
            token: None,
            verification: None,
        };
        ConnectionRow::new(described, now())
    };
    ConnectionList { connections: some(row) }
}

fn companies() -> CompanyList {
    let row = |name: &str| CompanyRow {
        id: Some("c".to_owned()),
        name: name.to_owned(),
        status: Standing::Reconnect,
        needs_attention: true,
        expires: None,
        last_used_at: Some(now()),
        connections: vec!["acme".to_owned(), "acme-sandbox".to_owned()],
        providers: vec!["netsuite"],
        accounts: vec![name.to_owned()],
    };
    CompanyList::new(some(row), vec![(Standing::Reconnect, 4)], Vec::new())
}

fn certificates() -> CertificateList {
    let connection = connection("acme-production");
    let key = key(&connection, 20);
    let row = |name: &str| {
        let row = KeyRow::new(&key, key.certificate.not_after, now());
        CertificateRow::new(&name, &key, row)
    };
    CertificateList { certificates: some(row) }
}

fn apps() -> AppList {
    let row = |name: &str| {
        let app = App {
            id: AppId::new(),
            name: "books".parse().unwrap(),
            provider: Provider::Quickbooks,
            environment: Environment::Production,
            registration: Registration::new(name.to_owned()),
            previous_registration: None,
            has_secret: true,
            has_previous_secret: false,
            created_at: now(),
            updated_at: now(),
        };
        AppRow::new(&app, 12)
    };
    AppList { apps: some(row) }
}

fn operations() -> AuditList {
    let row = |name: &str| OperationRow {
        sequence: 1,
        at: now(),
        action: "connection.change".to_owned(),
        connection: Some(name.to_owned()),
        connection_id: None,
        subjects: vec![SubjectRow {
            kind: "connection".to_owned(),
            id: "c".to_owned(),
            name: Some(name.to_owned()),
        }],
        outcome: "ok".to_owned(),
        actor: name.to_owned(),
        user: "root".to_owned(),
        details: std::collections::BTreeMap::new(),
    };
    AuditList { operations: some(row) }
}

fn verifications() -> Verify {
    let row = |name: &str| {
        let connection = connection("acme");
        let found = found(&connection, Outcome::Unreachable, Some(name));
        VerifyRow::new((&name, connection.provider), &found, Some(now()), 30)
    };
    Verify { proven: 0, failed: 4, expiring: 0, skipped: Vec::new(), recorded: true, connections: some(row) }
}

fn tokens() -> TokenRefresh {
    TokenRefresh::new(some(|name| TokenRefreshRow {
        connection: name.to_owned(),
        code: 6,
        result: "unreachable",
        refreshed: None,
        expires_at: Some(now()),
        message: Some(name.to_owned()),
        causes: Vec::new(),
    }))
}

fn batch() -> Batch {
    let row = |name: &str| BatchRow {
        row: Some(10_000),
        name: Some(name.to_owned()),
        connection_id: None,
        code: 2,
        result: "usage",
        message: Some(format!("the name is {name}")),
        fingerprint: None,
    };
    Batch::import(some(row), false)
}

fn disconnected() -> Disconnected {
    let row = |name: &str| GivenBackRow {
        connection: name.to_owned(),
        connection_id: "c".to_owned(),
        provider: "quickbooks",
        code: 0,
        result: "ok",
        vendor: Some("dead-already"),
        forgotten: true,
        switched_off: false,
        message: name.to_owned(),
        causes: Vec::new(),
    };
    Disconnected {
        action: "disconnected",
        company: None,
        company_id: None,
        connections: some(row),
        schema: "company-disconnect/1",
    }
}

fn invitations() -> Invitations {
    let row = |name: &str| {
        let invitation = Invitation {
            id: "3f0c9d1e5a7b48c2b6d4e8f0a1c3e5d7".parse().unwrap(),
            state: State::Created,
            kid: "k".to_owned(),
            token_hash: "0".repeat(64),
            masked_email: Some("a***@s***.example".to_owned()),
            company: Some(name.to_owned()),
            requester: None,
            purpose: "supplier_onboarding".to_owned(),
            scopes: Vec::new(),
            uses: 1,
            uses_left: 1,
            created_at: now(),
            expires_at: now() + jiff::SignedDuration::from_hours(24),
            steps: Steps::default(),
            erased_at: None,
        };
        InvitationRow::new(&invitation, now())
    };
    Invitations { action: "listed", changed: 0, invitations: some(row) }
}

fn alerts() -> Alerts {
    let row = |name: &str| AlertRow {
        at: now(),
        reason: "skipped-step".to_owned(),
        meaning: None,
        invitation: Some("0".repeat(32)),
        address: Some("0123456789abcdef".to_owned()),
        detail: Some(name.to_owned()),
    };
    Alerts { alerts: some(row) }
}

fn keys() -> Keys {
    let connection = connection("acme-production");
    let key = key(&connection, 700);
    let row = KeyRow::new(&key, key.certificate.not_after, now());
    Keys::new(&connection, "shown", Phase::Settled, vec![row])
}

fn cleaned() -> Cleanup {
    let row = |name: &str| CleanedRow { action: "erased", id: name.to_owned(), ended_at: now() };
    Cleanup { stored: true, retention_days: 30, invitations: some(row) }
}

fn plan() -> MintPlan {
    let row = |name: &str| PlannedRow { row: 1, code: 2, result: "usage", message: Some(name.to_owned()) };
    MintPlan { action: "planned", succeeded: 0, failed: 4, rows: some(row) }
}

/// Every report that is drawn in columns.
fn listings() -> Vec<Box<dyn Report>> {
    vec![
        Box::new(connections()),
        Box::new(companies()),
        Box::new(certificates()),
        Box::new(apps()),
        Box::new(operations()),
        Box::new(verifications()),
        Box::new(tokens()),
        Box::new(batch()),
        Box::new(disconnected()),
        Box::new(invitations()),
        Box::new(alerts()),
        Box::new(keys()),
        Box::new(cleaned()),
        Box::new(plan()),
    ]
}

fn at(report: &dyn Report, width: Option<usize>, colour: bool) -> String {
    table::render(&report.view(), Canvas { width, colour, unicode: true })
}

/// Ids are made anew.
fn steady(text: &str) -> String {
    let is_id = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let ids: Vec<&str> = text.split_whitespace().filter(is_id).collect();
    ids.iter().fold(text.to_owned(), |text, id| text.replace(id, &"0".repeat(32)))
}

fn all_at(columns: usize) -> String {
    let mut all = String::new();
    for report in listings() {
        let text = at(report.as_ref(), Some(columns), false);
        // Sentences below a table go on in the next line by the terminal itself: nothing of them is cut.
        let is_title = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let drawn = text.split("\n\n").filter(|block| block.split_whitespace().next().is_some_and(is_title));
        for line in drawn.flat_map(str::lines) {
            assert!(width(line) <= columns, "{}: {line}\n{text}", report.schema());
        }
        let _ = writeln!(all, "-- {}\n{}", report.schema(), steady(&text)); // writing to a String cannot fail
    }
    all
}

#[test]
fn forty_columns() {
    insta::assert_snapshot!("40", all_at(40));
}

#[test]
fn eighty_columns() {
    insta::assert_snapshot!("80", all_at(80));
}

#[test]
fn two_hundred_columns() {
    insta::assert_snapshot!("200", all_at(200));
}

#[test]
fn a_pipe_gets_everything() {
    for report in listings() {
        let text = at(report.as_ref(), None, false);
        assert!(!text.contains('…') || report.schema() == "company-list/1", "{text}");
    }
}

/// Where columns are drawn, each begins in the same place of every line, by the columns that a terminal gives it.
#[test]
fn columns_are_aligned_whatever_is_in_them() {
    for report in listings() {
        for columns in [Some(80), Some(200), None] {
            let text = at(report.as_ref(), columns, false);
            let Some(block) = text.split("\n\n").find(|block| {
                let title = block.lines().next().unwrap_or_default();
                title.contains("  ") && title.chars().all(|char| !char.is_lowercase())
            }) else {
                continue;
            };
            let mut lines = block.lines();
            let header = lines.next().unwrap();
            // A title that stands at the left of its column starts where the cells below it do.
            let starts: Vec<usize> = header
                .match_indices("  ")
                .map(|(at, gap)| width(&header[..at + gap.len()]))
                .filter(|start| *start < width(header))
                .collect();
            let last = *starts.last().unwrap();
            for line in lines {
                let before = cut_at(line, last);
                assert!(before.is_some(), "{}: {line}\n{text}", report.schema());
            }
        }
    }
}

/// The part of a line before a display column; nothing if a character lies across it.
fn cut_at(line: &str, column: usize) -> Option<&str> {
    let mut ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    ends.find(|at| width(&line[..*at]) == column)
        .map(|at| &line[..at])
        .or((width(line) < column).then_some(line))
}

/// Colour repeats what a word says: without it the same text is left, and no word has two meanings.
#[test]
fn nothing_is_said_by_colour_alone() {
    let check = |ok, found: &str| CheckRow { check: "chain", ok, found: found.to_owned() };
    let checks = Check { checks: vec![check(true, "12 records"), check(false, "12 records")] };
    let mut reports = listings();
    reports.push(Box::new(checks));
    for report in reports {
        for width in [Some(40), Some(80), None] {
            let plain = at(report.as_ref(), width, false);
            assert!(!plain.contains('\u{1b}'), "{plain:?}");
            let coloured = at(report.as_ref(), width, true);
            let stripped: Vec<_> =
                console::strip_ansi_codes(&coloured).lines().map(|line| line.trim_end().to_owned()).collect();
            let plain: Vec<_> = plain.lines().map(|line| line.trim_end().to_owned()).collect();
            assert_eq!(stripped, plain, "{}", report.schema());
        }
        let mut meanings: std::collections::BTreeMap<String, Tone> = std::collections::BTreeMap::new();
        for cell in report.view().cells().filter(|cell| !cell.text.is_empty()) {
            let before = *meanings.entry(cell.text.clone()).or_insert(cell.tone);
            assert_eq!(before, cell.tone, "{}: `{}` means two things", report.schema(), cell.text);
        }
    }
}
