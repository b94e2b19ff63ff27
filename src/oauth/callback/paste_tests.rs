use super::*;
use crate::oauth::authorize::{AuthorizationRequest, State};
use crate::oauth::callback::{Contradiction, Expectation, ExpectedRealm};
use crate::secret::Secret;

const PLACE: &str = "http://localhost:8765/callback/quickbooks";
const FORWARDER: &str = "https://connect.example.com/quickbooks/";
const CODE: &str = "AB1173";
const REALM: &str = "913034";

/// A login, its state, and the address of its login page.
fn login() -> (Transaction, String, String) {
    let state = State::new();
    let endpoint = Url::parse("https://login.example/authorize").unwrap();
    let request = AuthorizationRequest {
        endpoint: &endpoint,
        client_id: "client",
        redirect_uri: FORWARDER,
        scopes: &[],
        state: &state,
        challenge: None,
        extra: &[],
    };
    let page = request.url().unwrap().expose().clone();
    let text =
        Url::parse(&page).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let transaction = Transaction::new(Expectation {
        state,
        issuer: None,
        realm: Some(ExpectedRealm { parameter: "realmId", value: Some(REALM.to_owned()) }),
        places: vec![Url::parse(FORWARDER).unwrap(), Url::parse(PLACE).unwrap()],
    });
    (transaction, text, page)
}

fn paste(transaction: &Transaction, text: &str) -> Result<Redirect, PasteError> {
    transaction.paste(&Secret::new(text.to_owned()))
}

fn refusal(transaction: &Transaction, text: &str) -> PasteError {
    match paste(transaction, text) {
        Err(error) => error,
        Ok(_) => panic!("{text} is taken"),
    }
}

#[test]
fn an_address_is_read_however_it_was_copied() {
    let query = |state: &str| format!("code={CODE}&state={state}&realmId={REALM}");
    let (middle, wrapped) = (|text: &str| text.len() / 2, "\r\n   ");
    let ways: [fn(&str) -> String; 16] = [
        |query| format!("{PLACE}?{query}"),
        |query| format!("{FORWARDER}?{query}"),
        |query| format!("  {PLACE}?{query}\r\n"),
        |query| format!("\"{PLACE}?{query}\""),
        |query| format!("'{PLACE}?{query}'\n"),
        |query| format!("<{PLACE}?{query}>"),
        |query| format!("“{PLACE}?{query}”"),
        |query| format!("{PLACE}?{query}#"),
        |query| format!("{PLACE}?{query}#_=_"),
        |query| format!("localhost:8765/callback/quickbooks?{query}"),
        |query| format!("connect.example.com/quickbooks/?{query}"),
        |query| format!("/callback/quickbooks?{query}"),
        |query| format!("?{query}"),
        |query| query.to_owned(),
        |query| format!("\u{1b}[200~{PLACE}?{query}\u{1b}[201~"),
        |query| format!("{PLACE}?{query}").replace('?', "\\?").replace('&', "\\&").replace('=', "\\="),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        for (wrap, html) in [(false, false), (true, false), (false, true)] {
            let (transaction, state, _) = login();
            let mut text = way(&query(&state));
            if wrap {
                let mut at = middle(&text);
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                text.insert_str(at, wrapped);
            }
            if html {
                text = text.replace('&', "&amp;");
            }
            match paste(&transaction, &text) {
                Ok(Redirect::Granted(found)) => {
                    assert!(found.code.matches(CODE.as_bytes()), "way {number}");
                    assert_eq!(found.realm.as_deref(), Some(REALM), "way {number}");
                }
                // A quoted backslash before `&amp;` is nobody's doing.
                Err(_) if html && number == 15 => {}
                Ok(_) => panic!("way {number} is read wrongly"),
                Err(error) => panic!("way {number}: {error}"),
            }
        }
    }
}

#[test]
fn what_is_no_answer_is_refused_plainly_and_uses_nothing_up() {
    let (transaction, state, page) = login();
    let other = |path: &str| PasteError::OtherPlace { expected: path.to_owned() };
    let answer = format!("code={CODE}&state={state}&realmId={REALM}");
    for (text, expected) in [
        (String::new(), PasteError::Empty),
        (" \n\t ".to_owned(), PasteError::Empty),
        ("\"\"".to_owned(), PasteError::Empty),
        ("a".repeat(LONGEST + 1), PasteError::TooLong),
        (CODE.to_owned(), PasteError::NotAnAddress),
        ("yes please".to_owned(), PasteError::NotAnAddress),
        (page.clone(), PasteError::LoginPage),
        (page.replace("https://", ""), PasteError::LoginPage),
        (page.split_once('?').unwrap().1.to_owned(), PasteError::LoginPage),
        ("https://login.example/authorize".to_owned(), other(FORWARDER)),
        (format!("https://evil.example/callback/quickbooks?{answer}"), other(FORWARDER)),
        (format!("https://localhost:8765/callback/quickbooks?{answer}"), other(FORWARDER)),
        (format!("http://localhost:8766/callback/quickbooks?{answer}"), other(FORWARDER)),
        (format!("http://localhost:8765/callback/netsuite?{answer}"), other(FORWARDER)),
        (format!("/callback/netsuite?{answer}"), other(FORWARDER)),
        (format!("{PLACE}@evil.example/?{answer}"), other(FORWARDER)),
        (PLACE.to_owned(), PasteError::NoAnswer),
        (format!("{PLACE}/0123456789abcdef0123456789abcdef"), PasteError::NoAnswer),
        (format!("{PLACE}?"), PasteError::NoAnswer),
        (format!("{PLACE}?x=1"), PasteError::NoAnswer),
        ("?".to_owned(), PasteError::NoAnswer),
        (format!("{PLACE}?code={CODE}"), PasteError::Stray(Stray::State)),
        (format!("code={CODE}&state=wrong"), PasteError::Stray(Stray::State)),
        (format!("{PLACE}?state={state}"), PasteError::Stray(Stray::Malformed)),
        (format!("{PLACE}?{answer}&code=again"), PasteError::Stray(Stray::Malformed)),
        ("error=access_denied".to_owned(), PasteError::Stray(Stray::State)),
    ] {
        let found = refusal(&transaction, &text);
        assert_eq!(found, expected, "{text}");
        assert!(!found.to_string().contains(&state), "{found}");
    }
    assert!(!transaction.is_over());
    assert!(paste(&transaction, &format!("{PLACE}?{answer}")).is_ok());
    assert_eq!(refusal(&transaction, &format!("{PLACE}?{answer}")), PasteError::Stray(Stray::Used));
}

#[test]
fn the_checks_are_the_listeners() {
    let (transaction, state, _) = login();
    let other = format!("{PLACE}?code={CODE}&state={state}&realmId=666");
    let Ok(Redirect::Contradicted(found)) = paste(&transaction, &other) else { panic!("it contradicts") };
    let (expected, given) = (REALM.to_owned(), "666".to_owned());
    assert_eq!(found, Contradiction::OtherRealm { expected, given });

    let (transaction, state, _) = login();
    let denied =
        format!("{PLACE}?error=access%20denied%1b&error_description={}&state={state}", "x".repeat(900));
    let Ok(Redirect::Denied(denied)) = paste(&transaction, &denied) else { panic!("it is a refusal") };
    assert_eq!(denied.error, "accessdenied");
    assert_eq!(denied.description.unwrap().len(), 500);
}
