use proptest::prelude::*;

use super::*;
use crate::oauth::fuzzing::holds;

fn token_of(body: &str) -> Result<(String, Option<i64>), Malformed> {
    match read(200, body.as_bytes(), Wanted::AccessToken) {
        Reading::Token(Tokens { value, lifetime, refresh, .. }) => {
            assert!(refresh.is_none(), "{body}");
            Ok((value.expose().clone(), lifetime.map(|lifetime| lifetime.as_secs())))
        }
        Reading::Error { .. } | Reading::Half { .. } => panic!("an error, or half: {body}"),
        Reading::Unusable(reason) => Err(reason),
    }
}

#[test]
fn sloppy_answers_are_read() {
    for (body, seconds) in [
        (r#"{"access_token":"a.b-c_~+/=","token_type":"Bearer","expires_in":3600}"#, Some(3600)),
        (r#" {"token_type":"BEARER","access_token":"a.b-c_~+/=","expires_in":"3600"} "#, Some(3600)),
        (r#"{"access_token":"a.b-c_~+/=","token_type":"bearer"}"#, None),
        (r#"{"access_token":"a.b-c_~+/=","token_type":"bearer","expires_in":null,"error":null}"#, None),
        (r#"{"access_token":"a.b-c_~+\/=","token_type":"bearer","expires_in":59.9}"#, Some(59)),
        (r#"{"access_token":"a.b-c_~+/=","token_type":"bearer","expires_in":1e300}"#, Some(31_622_400)),
        (r#"{"access_token":"a.b-c_~+/=","token_type":"bearer","new":[{"a":[1,{}]}],"scope":7}"#, None),
    ] {
        assert_eq!(token_of(body), Ok(("a.b-c_~+/=".to_owned(), seconds)), "{body}");
    }
}

#[test]
fn answers_that_only_look_like_tokens_are_refused() {
    let long = format!(r#"{{"access_token":"{}","token_type":"bearer"}}"#, "a".repeat(LONGEST_TOKEN + 1));
    let member = |name| Err(Malformed::Member(name));
    for (body, expected) in [
        ("{}", member("access_token")),
        (r#"{"token_type":"bearer","expires_in":3600}"#, member("access_token")),
        (r#"{"access_token":null,"token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":"","token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":7,"token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":["a"],"token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":"a b","token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":"a\r\nx: y","token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":"a\u0000","token_type":"bearer"}"#, member("access_token")),
        (r#"{"access_token":"ä","token_type":"bearer"}"#, member("access_token")),
        (&long, member("access_token")),
        (r#"{"access_token":"a"}"#, member("token_type")),
        (r#"{"access_token":"a","token_type":"mac"}"#, Err(Malformed::TokenType)),
        (r#"{"access_token":"a","token_type":1}"#, Err(Malformed::TokenType)),
        (r#"{"access_token":"a","token_type":"bearer","expires_in":-1}"#, member("expires_in")),
        (r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#, member("expires_in")),
        (r#"{"access_token":"a","token_type":"bearer","expires_in":"soon"}"#, member("expires_in")),
        (r#"{"access_token":"a","token_type":"bearer","expires_in":"NaN"}"#, member("expires_in")),
        (r#"{"access_token":"a","token_type":"bearer","expires_in":"inf"}"#, member("expires_in")),
        (r#"{"access_token":"a","token_type":"bearer","expires_in":true}"#, member("expires_in")),
        (r#"{"access_token":"a","access_token":"b","token_type":"bearer"}"#, Err(Malformed::NotJson(200))),
        (r#"{"access_token":"a","token_type":"bearer""#, Err(Malformed::NotJson(200))),
        (r#"{"access_token":"a","token_type":"bearer"}{}"#, Err(Malformed::NotJson(200))),
        (r#"[{"access_token":"a","token_type":"bearer"}]"#, Err(Malformed::NotJson(200))),
        (r#"["a","bearer"]"#, Err(Malformed::NotJson(200))),
        (r#""token""#, Err(Malformed::NotJson(200))),
        ("", Err(Malformed::NotJson(200))),
        ("access_token=a&token_type=bearer", Err(Malformed::NotJson(200))),
        ("\n <!doctype html><title>Sign in</title>", Err(Malformed::Html(200))),
    ] {
        assert_eq!(token_of(body), expected, "{}", &body[..body.len().min(80)]);
    }
}

#[test]
fn deep_json_does_not_overflow_the_stack() {
    for open in ["[", r#"{"a":"#] {
        let deep = open.repeat(1_000_000 / open.len());
        for body in [deep.clone(), format!(r#"{{"access_token":{deep}"#), format!(r#"{{"error":{deep}"#)] {
            assert!(matches!(read(200, body.as_bytes(), Wanted::AccessToken), Reading::Unusable(_)));
        }
    }
}

#[test]
fn an_error_counts_before_anything_else() {
    let body = r#"{"access_token":"a","token_type":"bearer","error":"invalid_grant","error_description":"x\u001b[31m\ny"}"#;
    let Reading::Error { code, description } = read(200, body.as_bytes(), Wanted::AccessToken) else {
        panic!()
    };
    assert_eq!(code.as_deref(), Some("invalid_grant"));
    assert_eq!(description.as_deref(), Some("x [31m y"));
    for strange in [r#"{"error":{"code":7}}"#, r#"{"error":401}"#, r#"{"error":""}"#, r#"{"error":false}"#] {
        assert!(
            matches!(read(400, strange.as_bytes(), Wanted::Grant), Reading::Error { code: None, .. }),
            "{strange}"
        );
    }
}

#[test]
fn an_assertion_quoted_back_is_not_kept() {
    let body = r#"{"error":"invalid_grant","error_description":"bad assertion 'eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln' for kid 5f3a"}"#;
    let Reading::Error { description, .. } = read(400, body.as_bytes(), Wanted::Grant) else { panic!() };
    assert_eq!(description.as_deref(), Some("bad assertion [redacted] for kid 5f3a"));
}

#[test]
fn an_opaque_token_quoted_back_is_not_kept() {
    let token = "tok'en\\\"/+%41=0123456789abcdef0123456789abcdef0123456789abcdef";
    let padding = "x ".repeat(LONGEST_TEXT / 2 - 10);
    let body = format!(
        r#"{{"error":"e","error_description":"{padding}for <{token}>, request 123e4567-e89b-12d3-a456-426614174000"}}"#
    );
    let Reading::Error { description: Some(description), .. } = read(400, body.as_bytes(), Wanted::Grant)
    else {
        panic!()
    };
    assert!(description.ends_with("x for [redacted] reque"), "{description}");
    let body = r#"{"error":"e","error_description":"see request 123e4567-e89b-12d3-a456-426614174000"}"#;
    let Reading::Error { description, .. } = read(400, body.as_bytes(), Wanted::Grant) else { panic!() };
    assert_eq!(description.as_deref(), Some("see request 123e4567-e89b-12d3-a456-426614174000"));
}

/// A refresh token with its rolling and its hard lifetime in seconds.
type Lifetimes = (String, Option<i64>, Option<i64>);

fn refresh_of(members: &str) -> Result<Option<Lifetimes>, Malformed> {
    let body = format!(r#"{{"access_token":"a","token_type":"bearer",{members}}}"#);
    match read(200, body.as_bytes(), Wanted::Grant) {
        Reading::Token(Tokens { refresh, .. }) => Ok(refresh.map(|refresh| {
            let seconds = |lifetime: Option<SignedDuration>| lifetime.map(|lifetime| lifetime.as_secs());
            (refresh.value.expose().clone(), seconds(refresh.lifetime), seconds(refresh.hard_lifetime))
        })),
        Reading::Error { .. } | Reading::Half { .. } => panic!("an error, or half: {body}"),
        Reading::Unusable(reason) => Err(reason),
    }
}

#[test]
fn a_refresh_token_beside_an_unusable_access_token_is_read() {
    for rest in
        [r#""token_type":"bearer""#, r#""access_token":"a""#, r#""access_token":"a","token_type":"mac""#]
    {
        let body = format!(r#"{{"refresh_token":"r",{rest}}}"#);
        let Reading::Half { refresh, .. } = read(200, body.as_bytes(), Wanted::Grant) else {
            panic!("{body}")
        };
        assert_eq!(refresh.value.expose(), "r");
        assert!(matches!(read(200, body.as_bytes(), Wanted::AccessToken), Reading::Unusable(_)), "{body}");
    }
}

#[test]
fn refresh_tokens_are_read_with_whatever_is_said_of_them() {
    for (members, rolling, hard) in [
        (r#""refresh_token":"r""#, None, None),
        (r#""refresh_token":"r","x_refresh_token_expires_in":8726400"#, Some(8_726_400), None),
        (r#""refresh_token":"r","x_refresh_token_expires_in":"8640000""#, Some(8_640_000), None),
        (
            r#""refresh_token":"r","x_refresh_token_expires_in":8640000,"x_refresh_token_hard_expires_in":157680000"#,
            Some(8_640_000),
            Some(157_680_000),
        ),
        (r#""refresh_token":"r","refresh_token_expires_in":86400"#, Some(86_400), None),
        (r#""refresh_token":"r","refresh_expires_in":1800"#, Some(1_800), None),
        (r#""refresh_token":"r","refresh_expires_in":0"#, None, None),
        (
            r#""refresh_token":"r","refresh_expires_in":-5,"x_refresh_token_hard_expires_in":"soon""#,
            None,
            None,
        ),
        (r#""refresh_token":"r","x_refresh_token_expires_in":1e300"#, Some(i64::MAX), None),
        // What cannot be read of the access token's life does not cost the grant.
        (r#""refresh_token":"r","expires_in":"soon""#, None, None),
        (r#""refresh_token":"r","expires_in":0,"scope":["a"]"#, None, None),
    ] {
        assert_eq!(refresh_of(members), Ok(Some(("r".to_owned(), rolling, hard))), "{members}");
    }
    for none in [r#""expires_in":1"#, r#""refresh_token":null"#] {
        assert_eq!(refresh_of(none), Ok(None), "{none}");
    }
    for (unusable, name) in [
        (r#""refresh_token":"""#, "refresh_token"),
        (r#""refresh_token":7"#, "refresh_token"),
        (r#""refresh_token":["r"]"#, "refresh_token"),
        (r#""refresh_token":"a\nb""#, "refresh_token"),
        (r#""refresh_token":"ä""#, "refresh_token"),
    ] {
        assert_eq!(refresh_of(unusable), Err(Malformed::Member(name)), "{unusable}");
    }
    let twice = refresh_of(r#""refresh_token":"r","refresh_token":"s""#);
    assert_eq!(twice, Err(Malformed::NotJson(200)), "which of them counts, nobody can say");
}

#[test]
fn scopes_are_text_between_spaces() {
    for (member, expected) in [
        (r#""scope":"a  b""#, Some(vec!["a", "b"])),
        (r#""scope":"""#, Some(vec![])),
        (r#""scope":["a"]"#, None),
        (r#""x":1"#, None),
    ] {
        let body = format!(r#"{{"access_token":"a","token_type":"bearer",{member}}}"#);
        let Reading::Token(Tokens { scopes, .. }) = read(200, body.as_bytes(), Wanted::AccessToken) else {
            panic!("{body}")
        };
        assert_eq!(scopes, expected.map(|all| all.into_iter().map(str::to_owned).collect()), "{body}");
    }
}

/// JSON-like text around the members that matter.
fn near_answers() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("\"bearer\"".to_owned()),
        Just("null".to_owned()),
        Just("[[{}]]".to_owned()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        "[ -~]{0,20}".prop_map(|text| format!("\"{text}\"")),
    ];
    let name = prop_oneof![
        Just("access_token"),
        Just("token_type"),
        Just("expires_in"),
        Just("error"),
        Just("error_description"),
        Just("scope"),
        Just("refresh_token"),
        Just("x_refresh_token_expires_in"),
        Just("x_refresh_token_hard_expires_in"),
    ];
    proptest::collection::vec((name, value), 0..7).prop_map(|members| {
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_safely(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(holds(&read(200, &body, Wanted::Grant), Wanted::Grant));
    }

    #[test]
    fn near_answers_are_read_safely(body in near_answers(), cut in 0_usize..200) {
        prop_assert!(holds(&read(200, body.as_bytes(), Wanted::AccessToken), Wanted::AccessToken));
        prop_assert!(holds(&read(200, body.as_bytes(), Wanted::Grant), Wanted::Grant));
        prop_assert!(holds(&read(200, &body.as_bytes()[..cut.min(body.len())], Wanted::Grant), Wanted::Grant));
    }
}
