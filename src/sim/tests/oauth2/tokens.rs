//! The token endpoint, and what can be done with a token.

use super::*;

#[tokio::test]
async fn each_client_authenticates_in_its_one_way() {
    let server = Server::new().await;
    let pairs = [("grant_type", "client_credentials"), ("scope", "write")];
    let as_form = |id: &'static str| [&pairs[..], &[("client_id", id), ("client_secret", SECRET)]].concat();
    let json_body = |id: &str| json!({"grant_type": "client_credentials", "scope": "write", "client_id": id, "client_secret": SECRET});
    let by_basic = |id: &str| send(server.post("token", &pairs).header("authorization", basic(id, SECRET)));
    let by_post = |id: &'static str| send(server.post("token", &as_form(id)));
    let by_json = |id: &str| send(server.0.http.post(server.at("token")).json(&json_body(id)));
    for (id, accepted) in [("basic app", 0), ("post", 1), ("json", 2), ("public", 3)] {
        let answers = [by_basic(id).await.unwrap(), by_post(id).await.unwrap(), by_json(id).await.unwrap()];
        for (way, answer) in answers.iter().enumerate() {
            if way == accepted {
                let body = answer.json();
                assert_eq!((answer.status, text(&body, "scope")), (200, "write"), "{id}");
                assert!(body.get("refresh_token").is_none(), "RFC 6749 section 4.4.3");
            } else {
                assert_eq!(error(answer), is(401, "invalid_client"), "{id} by way {way}");
            }
        }
    }
    let none = server.public("token", &pairs).await;
    assert_eq!(error(&none), is(400, "unauthorized_client"), "public clients have no credentials");
    let wrong = [&pairs[..], &[("client_id", "post"), ("client_secret", "wrong")]].concat();
    assert_eq!(error(&send(server.post("token", &wrong)).await.unwrap()), is(401, "invalid_client"));
    let both = send(server.post("token", &as_form("post")).header("authorization", basic("post", SECRET)));
    assert_eq!(error(&both.await.unwrap()), is(400, "invalid_request"), "two ways at once");
    let two_ids = [&pairs[..], &[("client_id", "post")]].concat();
    assert_eq!(error(&server.basic("token", &two_ids).await), is(400, "invalid_request"));
    let doubled = format!("{}\"scope\":\"read\"}}", json_body("json").to_string().replace('}', ","));
    let doubled =
        server.0.http.post(server.at("token")).body(doubled).header("content-type", "application/json");
    assert_eq!(error(&send(doubled).await.unwrap()), is(400, "invalid_request"), "a member twice");
    let number = json!({"grant_type": 1, "client_id": "json", "client_secret": SECRET});
    let number = send(server.0.http.post(server.at("token")).json(&number)).await.unwrap();
    assert_eq!(error(&number), is(400, "invalid_request"));
    let query = send(form(server.0.http.post(server.at("token?a=b")), &as_form("post"))).await.unwrap();
    assert_eq!(error(&query), is(400, "invalid_request"), "nothing in the URI");
    server.admin().set_client_secret("post", "new").unwrap();
    assert_eq!(by_post("post").await.unwrap().status, 401);
}

#[tokio::test]
async fn clients_get_what_they_are_registered_for() {
    let server = Server::new().await;
    server.register(NewClient {
        client_secret: Some(SECRET.to_owned()),
        grant_types: Some(vec![GrantType::ClientCredentials]),
        audience: Some("https://api.example.com".to_owned()),
        ..client("machine", Authentication::ClientSecretPost)
    });
    let ask = |more: Vec<(&'static str, &'static str)>| {
        let pairs = [vec![("client_id", "machine"), ("client_secret", SECRET)], more].concat();
        send(server.post("token", &pairs))
    };
    let audience = ("audience", "https://api.example.com");
    let credentials = ("grant_type", "client_credentials");
    assert_eq!(ask(vec![credentials, audience]).await.unwrap().json()["scope"], "openid read write");
    assert_eq!(error(&ask(vec![credentials]).await.unwrap()), is(400, "invalid_request"));
    assert_eq!(
        error(&ask(vec![credentials, ("audience", "other")]).await.unwrap()),
        is(400, "invalid_request")
    );
    assert_eq!(
        error(&ask(vec![credentials, audience, ("scope", "x")]).await.unwrap()),
        is(400, "invalid_scope")
    );
    assert_eq!(
        error(&ask(vec![("grant_type", "refresh_token")]).await.unwrap()),
        is(400, "unauthorized_client")
    );
    assert_eq!(
        error(&ask(vec![("grant_type", "password")]).await.unwrap()),
        is(400, "unsupported_grant_type")
    );
    assert_eq!(error(&ask(vec![]).await.unwrap()), is(400, "invalid_request"));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_family() {
    let server = Server::new().await;
    let first = server.grant();
    let widened = [("grant_type", "refresh_token"), ("refresh_token", &first), ("scope", "read admin")];
    assert_eq!(error(&server.basic("token", &widened).await), is(400, "invalid_scope"));
    let narrowed = [("grant_type", "refresh_token"), ("refresh_token", &first), ("scope", "read")];
    let body = server.basic("token", &narrowed).await.json();
    assert_eq!(text(&body, "scope"), "read");
    let second = text(&body, "refresh_token");
    let foreign = server.public("token", &[("grant_type", "refresh_token"), ("refresh_token", second)]).await;
    assert_eq!(error(&foreign), is(400, "invalid_grant"));
    assert!(server.family().live);
    assert_eq!(error(&server.refresh(&first).await), is(400, "invalid_grant"));
    assert_eq!(server.family().ended, Some(Ending::TokenReused));
    assert_eq!(error(&server.refresh(second).await), is(400, "invalid_grant"));

    let earlier = server.grant();
    let later = server.grant();
    assert_eq!(server.refresh(&earlier).await.status, 200, "grants of one user stand side by side");
    server.set(Settings { rotate_after_seconds: None, ..Settings::default() });
    assert_eq!(server.refresh(&later).await.json()["refresh_token"], later);
    server.0.clock.advance(SignedDuration::from_secs(30 * 86_400));
    assert_eq!(server.refresh(&later).await.status, 400, "unused for too long");
    server.set(Settings {
        refresh_token_lifetime_seconds: None,
        refresh_token_hard_lifetime_seconds: Some(60),
        ..Settings::default()
    });
    let token = server.grant();
    server.0.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(server.refresh(&token).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_refreshes_at_once_one_wins_and_nobody_keeps_anything() {
    let server = Server::new().await;
    let token = server.grant();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let request = server.post("token", &pairs).header("authorization", basic("basic app", SECRET));
        tasks.spawn(async move { send(request).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let family = server.family();
    assert_eq!((family.refreshed, family.reuses, family.live), (1, 63, false));
}

#[tokio::test]
async fn introspection_tells_confidential_clients_only() {
    let server = Server::new().await;
    let body = server.refresh(&server.grant()).await.json();
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    let seen = server.basic("introspect", &[("token", access)]).await.json();
    let now = server.0.clock.now().as_second();
    assert_eq!(
        seen,
        json!({"active": true, "client_id": "basic app", "sub": USER, "scope": "openid read write",
               "token_type": "Bearer", "exp": now + 3600, "iss": server.admin().issuer()})
    );
    let seen = server.basic("introspect", &[("token", refresh)]).await.json();
    assert_eq!((&seen["active"], seen.get("token_type")), (&json!(true), None));
    assert_eq!(error(&server.basic("introspect", &[]).await), is(400, "invalid_request"));
    assert_eq!(error(&server.public("introspect", &[("token", access)]).await), is(401, "invalid_client"));
    assert_eq!(send(server.post("introspect", &[("token", access)])).await.unwrap().status, 401);
    server.0.clock.advance(SignedDuration::from_secs(3600));
    for token in [access, "made-up"] {
        let seen = server.basic("introspect", &[("token", token)]).await;
        assert_eq!((seen.status, seen.json()), (200, json!({"active": false})));
    }
}

#[tokio::test]
async fn revocation_is_a_form_and_always_well() {
    let server = Server::new().await;
    let body = server.refresh(&server.grant()).await.json();
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    assert_eq!(server.basic("revoke", &[("token", "made-up")]).await.status, 200, "RFC 7009 section 2.2");
    assert_eq!(error(&server.basic("revoke", &[]).await), is(400, "invalid_request"));
    assert_eq!(error(&server.public("revoke", &[("token", refresh)]).await), is(400, "unauthorized_client"));
    let json = server.0.http.post(server.at("revoke")).header("authorization", basic("basic app", SECRET));
    assert_eq!(send(json.json(&json!({"token": refresh}))).await.unwrap().status, 400);
    assert_eq!(send(server.post("revoke", &[("token", refresh)])).await.unwrap().status, 401);
    assert_eq!(server.userinfo(access).await.status, 200);
    assert_eq!(server.basic("revoke", &[("token", access)]).await.status, 200);
    assert_eq!(server.userinfo(access).await.status, 401);
    let body = server.refresh(refresh).await.json();
    let hinted = [("token", text(&body, "refresh_token")), ("token_type_hint", "refresh_token")];
    assert_eq!(server.basic("revoke", &hinted).await.status, 200);
    assert_eq!(server.basic("revoke", &hinted).await.status, 200, "as often as one likes");
    assert_eq!(server.userinfo(text(&body, "access_token")).await.status, 401, "its access tokens, too");
    assert_eq!(server.family().ended, Some(Ending::Revoked));
}

#[tokio::test]
async fn bearer_tokens_are_challenged_for() {
    let server = Server::new().await;
    let bare = send(server.0.http.get(server.at("userinfo"))).await.unwrap();
    assert_eq!((bare.status, bare.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    let wrong = server.userinfo("made-up").await;
    assert_eq!(wrong.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    let token = server.refresh(&server.grant()).await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(server.userinfo(&token).await.status, 200);
    let query = format!("{}?access_token={token}", server.at("userinfo"));
    assert_eq!(send(server.0.http.get(query)).await.unwrap().status, 401, "never in the URL");
    server.admin().expire_access_tokens("basic app", USER).unwrap();
    assert_eq!(server.userinfo(&token).await.status, 401);
}
