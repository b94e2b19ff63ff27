//! The token and revocation endpoints.

use super::*;

#[tokio::test]
async fn clients_authenticate_as_rfc_6749_has_it() {
    let office = Office::new().await;
    let token = office.grant();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let as_is = |id: &str, secret: &str| {
        use base64::Engine;
        let both = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        format!("Basic {both}")
    };
    for (header, why) in [
        (basic(CLIENT, "wrong"), "the secret"),
        (basic("nobody", SECRET), "the client"),
        (as_is(CLIENT, SECRET), "not form-urlencoded"),
        (basic(CLIENT, SECRET).replace("Basic", "Bearer"), "the scheme"),
        ("Basic ???".to_owned(), "not base64"),
    ] {
        let answer = send(office.post(&pairs).header("authorization", header)).await.unwrap();
        assert_eq!((answer.status, answer.json()), (401, json!({"error": "invalid_client"})), "{why}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    }
    assert_eq!(send(office.post(&pairs)).await.unwrap().status, 401, "nothing at all");
    let secret = [("client_id", CLIENT), ("client_secret", SECRET)];
    let both =
        send(office.post(&[&pairs[..], &secret].concat()).header("authorization", basic(CLIENT, SECRET)));
    assert_eq!(both.await.unwrap().json()["error"], "invalid_request", "two ways at once");
    let made_up = office.refresh("made-up").await;
    assert_eq!((made_up.status, made_up.json()), (400, json!({"error": "invalid_grant"})), "genuine keys");
    assert!(office.family().live && office.family().refreshed == 0, "nothing of this touched the grant");
    assert_eq!(send(office.post(&[&pairs[..], &secret].concat())).await.unwrap().status, 200, "in the form");

    office.admin().set_client_secret("other", "50%off").unwrap();
    for (header, status) in [(as_is("other", "50%off"), 401), (basic("other", "50%off"), 400)] {
        let answer = send(office.post(&pairs).header("authorization", header)).await.unwrap();
        assert_eq!(answer.status, status, "a lenient decoder would take both");
    }
    office.admin().set_client_secret(CLIENT, "new").unwrap();
    assert_eq!(office.refresh("made-up").await.status, 401);
}

#[tokio::test]
async fn the_token_request_is_a_form_posted_once() {
    let office = Office::new().await;
    let token = office.grant();
    let url = office.admin().token_url();
    let authorized = |request: RequestBuilder| send(request.header("authorization", basic(CLIENT, SECRET)));
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let json = json!({"grant_type": "refresh_token", "refresh_token": token});
    let cases = [
        ("JSON", office.0.http.post(&url).json(&json)),
        ("no type", office.0.http.post(&url).body(format!("grant_type=refresh_token&refresh_token={token}"))),
        ("a query", form(office.0.http.post(format!("{url}?a=b")), &pairs)),
        ("twice", form(office.0.http.post(&url), &[&pairs[..], &pairs[..1]].concat())),
        ("no grant type", form(office.0.http.post(&url), &pairs[1..])),
        ("no token", form(office.0.http.post(&url), &pairs[..1])),
    ];
    for (why, request) in cases {
        let answer = authorized(request).await.unwrap();
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_request")), "{why}");
    }
    let password = authorized(form(office.0.http.post(&url), &[("grant_type", "password")])).await.unwrap();
    assert_eq!(password.json()["error"], "unsupported_grant_type");
    let got = authorized(office.0.http.get(&url)).await.unwrap();
    assert_eq!((got.status, got.headers["allow"].to_str().unwrap()), (405, "POST"));
    assert!(got.headers.contains_key("intuit_tid"));
    assert_eq!(office.family().refreshed, 0);
}

#[tokio::test]
async fn every_refresh_rotates_and_an_old_value_ends_the_family() {
    let office = Office::new().await;
    let first = office.grant();
    let body = office.refresh(&first).await.json();
    let second = text(&body, "refresh_token");
    assert_ne!(first, second);
    let before = office.family();
    assert_eq!((before.live, before.refreshed, before.rotated, before.reuses), (true, 1, 1, 0));
    let again = office.refresh(&first).await;
    assert_eq!((again.status, again.json()), (400, json!({"error": "invalid_grant"})), "no description");
    let after = office.family();
    assert_eq!((after.live, after.ended, after.reuses), (false, Some(Ending::TokenReused), 1));
    assert_eq!(office.refresh(second).await.status, 400, "the winner's value is dead as well");
    assert_eq!(office.company_info(REALM, text(&body, "access_token")).await.status, 401);
    assert_eq!(after.refresh_token_sha256.unwrap().len(), 64);
}

#[tokio::test]
async fn a_days_rotation_keeps_the_value_for_a_day() {
    let office = Office::new().await;
    office.set(Settings { rotate_after_seconds: 86_400, ..Settings::default() });
    let first = office.grant();
    office.0.clock.advance(SignedDuration::from_secs(86_399));
    assert_eq!(office.refresh(&first).await.json()["refresh_token"], first);
    assert_eq!(office.refresh(&first).await.json()["refresh_token"], first);
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_ne!(office.refresh(&first).await.json()["refresh_token"], first);
    let family = office.family();
    assert_eq!((family.refreshed, family.rotated, family.live), (3, 1, true));
}

#[tokio::test]
async fn a_grace_gives_the_current_value_again() {
    let office = Office::new().await;
    office.set(Settings { refresh_grace_seconds: 30, ..Settings::default() });
    let first = office.grant();
    let second = office.refresh(&first).await.json()["refresh_token"].clone();
    office.0.clock.advance(SignedDuration::from_secs(29));
    assert_eq!(office.refresh(&first).await.json()["refresh_token"], second);
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.refresh(&first).await.status, 400);
    assert_eq!(office.family().ended, Some(Ending::TokenReused));
}

#[tokio::test]
async fn both_expiries_count() {
    const DAY: i64 = 86_400;
    let office = Office::new().await;
    let mut token = office.grant();
    let hard = |request: RequestBuilder| {
        send(
            request
                .header("authorization", basic(CLIENT, SECRET))
                .header("x-include-refresh-token-hard-expires-in", "true"),
        )
    };
    let renew = |token: String| office.post(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
    let mut elapsed = 0;
    while elapsed + 99 * DAY < 5 * 365 * DAY {
        office.0.clock.advance(SignedDuration::from_secs(99 * DAY));
        elapsed += 99 * DAY;
        let body = hard(renew(token)).await.unwrap().json();
        assert_eq!(body["x_refresh_token_expires_in"], 100 * DAY, "each use starts it anew");
        assert_eq!(body["x_refresh_token_hard_expires_in"], 5 * 365 * DAY - elapsed, "no use moves this");
        token = text(&body, "refresh_token").to_owned();
    }
    office.0.clock.advance(SignedDuration::from_secs(5 * 365 * DAY - elapsed - 1));
    let body = office.refresh(&token).await.json();
    assert!(body.get("x_refresh_token_hard_expires_in").is_none(), "not unless asked for");
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.refresh(text(&body, "refresh_token")).await.status, 400, "five years");

    let token = office.grant();
    office.0.clock.advance(SignedDuration::from_secs(100 * DAY));
    assert_eq!(office.refresh(&token).await.status, 400, "100 days without use");
    let family = office.family();
    assert_eq!((family.live, family.ended, family.reuses), (false, None, 0));
}

#[tokio::test]
async fn another_apps_grant_is_refused_and_lives() {
    let office = Office::new().await;
    let token = office.grant();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let answer = office.token("other", &pairs).await;
    let body = json!({"error": "invalid_grant", "error_description": "Incorrect Token type or clientID"});
    assert_eq!((answer.status, answer.json()), (400, body));
    let body = office.refresh(&token).await.json();
    let access = text(&body, "access_token");
    assert_eq!(office.refresh(access).await.json()["error"], "invalid_grant", "the wrong type of token");
    assert!(office.family().live);
}

#[tokio::test]
async fn connecting_again_replaces_the_grant() {
    let office = Office::new().await;
    let first = office.grant();
    let second = office.grant();
    assert_eq!(office.refresh(&first).await.status, 400);
    assert_eq!(office.refresh(&second).await.status, 200);
    let ended: Vec<_> = office.admin().families().iter().map(|family| family.ended).collect();
    assert_eq!(ended, [Some(Ending::Replaced), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_refreshes_at_once_one_wins_and_nobody_keeps_anything() {
    let office = Office::new().await;
    let token = office.grant();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let request = office.post(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
        let request = request.header("authorization", basic(CLIENT, SECRET));
        tasks.spawn(async move { send(request).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.json()["error"] == "invalid_grant"));
    let family = office.family();
    assert_eq!((family.refreshed, family.reuses, family.ended), (1, 63, Some(Ending::TokenReused)));
    let body = winners[0].json();
    assert_eq!(office.refresh(text(&body, "refresh_token")).await.status, 400);
    let control = office.0.simulator.control();
    assert_eq!(control.calls_of(Vendor::Quickbooks, REALM, Endpoint::Token), 65);
}

#[tokio::test]
async fn revoking_is_json_and_says_400() {
    let office = Office::new().await;
    let token = office.grant();
    let body = office.refresh(&token).await.json();
    let current = text(&body, "refresh_token");
    let of = |token: &str| json!({"token": token}).to_string();
    for (client, sent, error) in [
        (CLIENT, of("unknown"), "invalid_grant"),
        (CLIENT, of(&token), "invalid_grant"),
        (CLIENT, "{}".to_owned(), "invalid_request"),
        (CLIENT, format!("token={current}"), "invalid_request"),
        ("other", of(current), "invalid_grant"),
    ] {
        let answer = office.revoke(client, &sent).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{sent}");
    }
    let url = office.admin().revoke_url();
    let as_form = form(office.0.http.post(&url), &[("token", current)]);
    let as_form = send(as_form.header("authorization", basic(CLIENT, SECRET))).await.unwrap();
    assert_eq!(as_form.status, 400);
    assert_eq!(office.revoke("nobody", &of(current)).await.status, 401);
    assert!(office.family().live);

    assert_eq!(
        office.revoke(CLIENT, &of(text(&body, "access_token"))).await.status,
        200,
        "either token will do"
    );
    assert_eq!(office.family().ended, Some(Ending::Revoked));
    assert_eq!(office.refresh(current).await.status, 400);
    assert_eq!(office.company_info(REALM, text(&body, "access_token")).await.status, 401);
    assert_eq!(office.revoke(CLIENT, &of(current)).await.status, 400, "a second time");
    let other = office.grant();
    assert_eq!(office.revoke(CLIENT, &of(&other)).await.status, 200);
}
