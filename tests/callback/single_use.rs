//! The genuine answer, once: by the browser, by pasting, refused, or contradicting what was asked.

use tokenctl::oauth::callback::{
    Contradiction, Denied, ExpectedIssuer, ExpectedRealm, Outcome, PasteError, Redirect, Stray,
};
use tokio::time::timeout;

use crate::world::{CODE, Expected, PATH, REALM, SOON, V4, V6, World, secret, send};

const ISSUER: &str = "https://login.example/tenant";

async fn bring(world: &mut World, query: &str) -> Redirect {
    let request = world.get(&format!("{PATH}?{query}"));
    let answer = world.send(&request).await.unwrap();
    assert_eq!(answer.status, 303, "{answer:?}");
    timeout(SOON, world.callback.next()).await.expect("it counts")
}

#[tokio::test]
async fn the_state_counts_once() {
    let mut world = World::start().await;
    let request = world.get(&world.genuine());
    world.succeed(V4).await;
    for address in [V4, V6] {
        let again = send(address, world.port, &request).await.unwrap();
        assert_eq!(again.status, 410);
        assert!(again.body.contains("used already"));
    }
    let pasted = world.transaction.paste(&secret(world.genuine()));
    assert!(matches!(pasted, Err(PasteError::Stray(Stray::Used))));
}

#[tokio::test]
async fn of_many_genuine_answers_at_once_one_counts() {
    let mut world = World::start().await;
    let (request, port) = (world.get(&world.genuine()), world.port);
    let bring = |number: usize| {
        let request = request.clone();
        tokio::spawn(
            async move { send(if number.is_multiple_of(2) { V4 } else { V6 }, port, &request).await },
        )
    };
    let all: Vec<_> = (0..48).map(bring).collect();
    let mut statuses = Vec::new();
    for one in all {
        statuses.push(one.await.unwrap().expect("each is answered").status);
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (303, &[410; 47][..]));
    world.granted().await;
}

#[tokio::test]
async fn pasting_uses_the_state_up_as_well() {
    let mut world = World::start().await;
    let address = format!("  'http://localhost:{}{}'\n", world.port, world.genuine());
    let Ok(Redirect::Granted(redirected)) = world.transaction.paste(&secret(address)) else {
        panic!("the pasted address is the answer");
    };
    assert!(redirected.code.matches(CODE.as_bytes()));
    assert_eq!(redirected.realm.as_deref(), Some(REALM));
    let request = world.get(&world.genuine());
    assert_eq!(world.send(&request).await.unwrap().status, 410);
    assert!(timeout(std::time::Duration::from_millis(50), world.callback.next()).await.is_err());
    // No browser waits for a page, so nobody waits for a browser.
    timeout(std::time::Duration::from_secs(2), world.callback.conclude(Outcome::Connected)).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason() {
    let mut world = World::start().await;
    let query = format!("error=access_denied&error_description=The+user+said+no&state={}", world.state);
    let Redirect::Denied(denied) = bring(&mut world, &query).await else { panic!("it is a refusal") };
    let description = Some("The user said no".to_owned());
    assert_eq!(denied, Denied { error: "access_denied".to_owned(), description });
}

#[tokio::test]
async fn another_company_is_noticed_before_anything_is_exchanged() {
    let mut world = World::start().await;
    let query = format!("code={CODE}&state={}&realmId=666", world.state);
    let Redirect::Contradicted(found) = bring(&mut world, &query).await else { panic!("it contradicts") };
    let (expected, given) = (REALM.to_owned(), "666".to_owned());
    assert_eq!(found, Contradiction::OtherRealm { expected, given });

    let mut world = World::start().await;
    let query = format!("code={CODE}&state={}", world.state);
    let Redirect::Contradicted(found) = bring(&mut world, &query).await else { panic!("it contradicts") };
    assert_eq!(found, Contradiction::RealmMissing("realmId"));
}

#[tokio::test]
async fn any_company_will_do_where_none_is_expected() {
    let realm = Some(ExpectedRealm { parameter: "realmId", value: None });
    let mut world = World::expecting(Expected { realm, issuer: None }).await;
    world.succeed(V4).await;
}

#[tokio::test]
async fn the_issuer_is_compared_where_it_can_be() {
    let grant = |query: &str| format!("code={CODE}{query}");
    // The issuer promised, the parameters, whether they are granted.
    for (promised, query, granted) in [
        (true, "&iss=https://login.example/tenant", true),
        (true, "&iss=https%3A%2F%2Flogin.example%2Ftenant", true),
        (true, "", false),
        (true, "&iss=", false),
        (true, "&iss=https://login.example/tenant/", false),
        (true, "&iss=https://LOGIN.example/tenant", false),
        (true, "&iss=https://evil.example", false),
        (false, "", true),
        (false, "&iss=https://login.example/tenant", true),
        (false, "&iss=https://evil.example", false),
    ] {
        let issuer = Some(ExpectedIssuer { value: ISSUER.to_owned(), promised });
        let mut world = World::expecting(Expected { issuer, realm: None }).await;
        let query = format!("{}&state={}", grant(query), world.state);
        match bring(&mut world, &query).await {
            Redirect::Granted(redirected) => assert!(granted && redirected.realm.is_none(), "{query}"),
            Redirect::Contradicted(Contradiction::Issuer) => assert!(!granted, "{query}"),
            _ => panic!("{query}"),
        }
    }
    let issuer = Some(ExpectedIssuer { value: ISSUER.to_owned(), promised: true });
    let mut world = World::expecting(Expected { issuer, realm: None }).await;
    let query = format!("error=access_denied&iss=https://evil.example&state={}", world.state);
    let found = bring(&mut world, &query).await;
    assert!(matches!(found, Redirect::Contradicted(Contradiction::Issuer)), "a refusal has an issuer, too");
}

#[tokio::test]
async fn waiting_may_be_given_up_and_taken_up_again() {
    let mut world = World::start().await;
    let short = std::time::Duration::from_millis(20);
    assert!(timeout(short, world.callback.next()).await.is_err());
    assert!(timeout(short, world.callback.next()).await.is_err());
    world.succeed(V6).await;
}
