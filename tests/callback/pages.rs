//! The pages: their headers, and that they need nothing but themselves.

use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokenctl::oauth::callback::Outcome;

use crate::world::{Answer, V4, World, send};

const OUTCOMES: [(Outcome, &str, &str); 4] = [
    (Outcome::Connected, "connected", "You are connected"),
    (Outcome::Denied, "denied", "Access was not granted"),
    (Outcome::OtherCompany, "other-company", "That was another company"),
    (Outcome::Failed, "failed", "That did not work"),
];

/// The page of each outcome and the others, by name.
pub(crate) async fn all() -> BTreeMap<&'static str, Answer> {
    let mut pages = BTreeMap::new();
    for (outcome, name, _) in OUTCOMES {
        let mut world = World::start().await;
        pages.insert("stray", world.send(&world.get("/favicon.ico")).await.unwrap());
        let request = world.get(&world.genuine());
        let onward = world.succeed(V4).await;
        pages.insert("used", world.send(&request).await.unwrap());
        let request = world.get(&onward);
        let (page, ()) = tokio::join!(send(V4, world.port, &request), world.callback.conclude(outcome));
        pages.insert(name, page.unwrap());
    }
    pages
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[tokio::test]
async fn each_outcome_has_its_page() {
    let pages = all().await;
    for (_, name, title) in OUTCOMES {
        let page = &pages[name];
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("<h1>{title}</h1>")), "{}", page.body);
        assert!(page.body.contains("You can close this window"));
    }
    assert!(pages["stray"].body.contains("Not the page you are looking for"));
}

#[tokio::test]
async fn every_answer_has_the_headers_of_a_page_that_keeps_to_itself() {
    let mut pages = all().await;
    let world = World::start().await;
    let redirect = world.send(&world.get(&world.genuine())).await.unwrap();
    assert!(redirect.body.is_empty() && !redirect.raw.contains(&world.state), "{redirect:?}");
    let style = between(&pages["connected"].body, "<style>", "</style>").to_owned();
    pages.insert("redirect", redirect);
    let hash = BASE64_STANDARD.encode(digest(&SHA256, style.as_bytes()));
    for (name, page) in &pages {
        let expected = [
            (
                "content-security-policy",
                &*format!(
                    "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
                     frame-ancestors 'none'"
                ),
            ),
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("connection", "close"),
        ];
        for (header, value) in expected {
            assert_eq!(page.headers.get(header).map(String::as_str), Some(value), "{name}: {header}");
        }
        let more: Vec<_> = page
            .headers
            .keys()
            .filter(|name| !expected.iter().any(|(expected, _)| expected == name))
            .filter(|name| !["content-length", "date", "location"].contains(&name.as_str()))
            .collect();
        assert!(more.is_empty(), "{name}: {more:?}");
    }
}

#[tokio::test]
async fn pages_load_nothing_run_nothing_and_can_be_read_aloud() {
    for (name, page) in all().await {
        let body = page.body.to_lowercase();
        for forbidden in [
            "<script",
            "javascript:",
            "http://",
            "https://",
            "src=",
            "href=",
            "style=",
            "@import",
            "url(",
            "on",
        ] {
            // `on` as the start of an attribute such as `onload=`.
            let forbidden = if forbidden == "on" { " onload=" } else { forbidden };
            assert!(!body.contains(forbidden), "{name} has {forbidden}");
        }
        assert!(body.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        assert!(body.contains("<main") && body.contains("aria-hidden=\"true\""), "{name}");
        assert_eq!(body.matches("<h1>").count(), 1, "{name}");
        assert!(body.contains("name=\"viewport\""), "{name}");
        assert!(!between(&body, "<title>", "</title>").is_empty());
    }
}

#[tokio::test]
async fn nobody_else_sees_how_it_ended() {
    let mut world = World::start().await;
    let onward = world.succeed(V4).await;
    let (path, ticket) = onward.rsplit_once('/').unwrap();
    assert!(ticket.len() == 32 && path == crate::world::PATH, "{onward}");
    for guess in [path.to_owned(), format!("{path}/"), format!("{path}/{}", "0".repeat(32)), "/".to_owned()] {
        let answer = world.send(&world.get(&guess)).await.unwrap();
        assert!((400..500).contains(&answer.status), "{guess}: {answer:?}");
    }
}

/// The page that a browser sees while the exchange takes its time.
async fn pending() -> Answer {
    let mut world = World::start().await;
    let onward = world.succeed(V4).await;
    let page = world.send(&world.get(&onward)).await.unwrap();
    assert_eq!(page.status, 200);
    // It asks again, and is told.
    let request = world.get(&onward);
    let (result, ()) =
        tokio::join!(send(V4, world.port, &request), world.callback.conclude(Outcome::Connected));
    assert!(result.unwrap().body.contains("You are connected"));
    page
}

#[tokio::test]
#[ignore = "long: as long as a page waits"]
async fn a_page_that_has_waited_long_says_so_and_asks_again() {
    let page = pending().await;
    assert!(page.body.contains("<h1>Almost there</h1>") && page.body.contains("http-equiv=\"refresh\""));
}

#[tokio::test]
#[ignore = "writes the pages, to be looked at"]
async fn the_pages_are_written_to_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callback-pages");
    std::fs::create_dir_all(&folder).unwrap();
    let mut pages = all().await;
    pages.insert("pending", pending().await);
    for (name, page) in pages {
        std::fs::write(folder.join(name).with_extension("html"), page.body).unwrap();
    }
    println!("the pages are in {}", folder.display());
}
