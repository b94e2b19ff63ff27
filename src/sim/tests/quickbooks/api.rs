//! CompanyInfo and its limits.

use super::*;

#[tokio::test]
async fn company_info_in_all_its_spellings() {
    let office = Office::new().await;
    let token = office.refresh(&office.grant()).await.json()["access_token"].as_str().unwrap().to_owned();
    let url = office.admin().company_info_url(REALM);
    let xml = send(office.0.http.get(format!("{url}?minorversion=75")).bearer_auth(&token)).await.unwrap();
    assert!(xml.headers["content-type"].to_str().unwrap().starts_with("application/xml"));
    assert!(xml.text.contains("<CompanyName>Ärger &amp; Söhne &lt;GmbH&gt;</CompanyName>"), "{}", xml.text);
    let any = send(office.0.http.get(&url).bearer_auth(&token).header("accept", "*/*")).await.unwrap();
    assert!(any.text.starts_with("<?xml"), "only JSON by name is JSON");
    office.admin().rename_company(REALM, "New").unwrap();
    assert_eq!(office.company_info(REALM, &token).await.json()["CompanyInfo"]["CompanyName"], "New");

    let lower = office.company_info(REALM, "wrong").await;
    assert_eq!((lower.status, &lower.json()["fault"]["error"][0]["code"]), (401, &json!("3200")));
    office.set(Settings { capital_faults: true, ..Settings::default() });
    let capital = office.company_info(REALM, "wrong").await;
    assert_eq!((capital.status, &capital.json()["Fault"]["Error"][0]["code"]), (401, &json!("3200")));
    let wrong = send(office.0.http.get(&url).bearer_auth("wrong")).await.unwrap();
    assert!(wrong.status == 401 && wrong.text.contains("<Error code=\"3200\">"));
    assert!(wrong.headers.contains_key("intuit_tid") && wrong.headers.contains_key("www-authenticate"));

    assert_eq!(office.company_info("22", &token).await.status, 403, "another company's");
    let mixed = url.replace(&format!("companyinfo/{REALM}"), "companyinfo/22");
    assert_eq!(send(office.0.http.get(mixed).bearer_auth(&token)).await.unwrap().status, 400);
    office.0.clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(office.company_info(REALM, &token).await.status, 200);
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.company_info(REALM, &token).await.status, 401);

    let scopes = Some(vec!["openid".to_owned()]);
    let new = NewGrant { client_id: CLIENT.into(), realm: "22".into(), scopes };
    let openid = office.admin().issue_grant(new).unwrap().access_token;
    assert_eq!(office.company_info("22", &openid).await.status, 403, "without the accounting scope");
    let user = office.admin().base_url() + "/v1/openid_connect/userinfo";
    assert_eq!(send(office.0.http.get(&user).bearer_auth(openid)).await.unwrap().status, 200);
    assert_eq!(send(office.0.http.get(&user)).await.unwrap().status, 401);
}

#[tokio::test]
async fn the_api_counts_by_the_second_and_by_the_minute() {
    let office = Office::new().await;
    let token = office.refresh(&office.grant()).await.json()["access_token"].as_str().unwrap().to_owned();
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(office.company_info(REALM, &token).await.status);
    }
    assert_eq!(statuses, [[200; 10].as_slice(), &[429]].concat());
    let limited = office.company_info(REALM, &token).await;
    assert!(limited.headers.get("retry-after").is_none());
    for second in 1..50 {
        office.0.clock.advance(SignedDuration::from_secs(1));
        for _ in 0..10 {
            assert_eq!(office.company_info(REALM, &token).await.status, 200, "second {second}");
        }
    }
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.company_info(REALM, &token).await.status, 429, "500 in this minute");
    office.set(Settings { rate_limited: false, ..Settings::default() });
    assert_eq!(office.company_info(REALM, &token).await.status, 200);
    office.set(Settings::default());
    office.0.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(office.company_info(REALM, &token).await.status, 200);
}
