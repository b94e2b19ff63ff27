use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::fixture::{Fixture, connection, instant};
use super::*;
use crate::domain::connection::{Environment, Provider};
use crate::domain::settings::{NetsuiteSettings, SigningAlgorithm};

/// The settings of a connection of the fixture, to be changed.
fn own(connection: &mut Connection) -> &mut NetsuiteSettings {
    connection.settings.netsuite_mut().unwrap()
}

fn names(found: &[Connection]) -> Vec<&str> {
    found.iter().map(|connection| connection.name.as_str()).collect()
}

#[test]
fn everything_comes_back() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let mut acme = connection("Acme");
    acme.company = Some(rows.ensure_company("Äcme \u{1f980}").unwrap());
    acme.environment = Environment::ReleasePreview;
    acme.enabled = false;
    own(&mut acme).entity = Some("12".to_owned());
    own(&mut acme).role = Some("1000".to_owned());
    own(&mut acme).token_url = Some("https://token.example/x?y=z".parse().unwrap());
    own(&mut acme).signing_algorithm = Some(SigningAlgorithm::PS512);
    own(&mut acme).trusted_hosts = vec!["token.example".to_owned()];
    acme.previous_settings = Some(connection("other").settings);
    acme.previous_environment = Some(Environment::Sandbox);
    acme.tags = BTreeMap::from([("tier".to_owned(), "\"gold\"".to_owned())]);
    rows.insert_connection(&acme).unwrap();

    assert_eq!(rows.connection(&"aCME".parse().unwrap()).unwrap(), Some(acme.clone()));
    assert_eq!(fixture.viewer().connection_by_id(&acme.id).unwrap(), Some(acme.clone()));

    acme.name = "renamed".parse().unwrap();
    acme.previous_settings = None;
    acme.updated_at = instant(9);
    rows.update_connection(&acme).unwrap();
    assert_eq!(rows.connection_by_id(&acme.id).unwrap(), Some(acme.clone()));
    assert_eq!(rows.connection(&"acme".parse().unwrap()).unwrap(), None);

    rows.remove_connection(&acme.id, instant(10)).unwrap();
    assert_eq!(rows.connections(&Selection::all()).unwrap(), []);
    assert!(matches!(rows.remove_connection(&acme.id, instant(10)), Err(VaultError::Gone(_))));
    assert!(matches!(rows.update_connection(&acme), Err(VaultError::Gone(_))));
}

#[test]
fn names_and_identities_are_unique() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let acme = connection("acme");
    rows.insert_connection(&acme).unwrap();

    let taken = |result: Result<(), VaultError>| match result {
        Err(VaultError::Taken(message)) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(taken(rows.insert_connection(&connection("ACME"))), "connection `ACME` exists already");

    let mut twin = connection("twin");
    twin.settings = acme.settings.clone();
    assert_eq!(
        taken(rows.insert_connection(&twin)),
        "connection `acme` has the same account, client id, entity and role"
    );
    own(&mut twin).role = Some("7".to_owned());
    rows.insert_connection(&twin).unwrap();
    own(&mut twin).role = None;
    taken(rows.update_connection(&twin));
    rows.update_connection(&acme).unwrap();
}

/// The check before an insert is for the message; the indexes hold without it.
#[test]
fn the_indexes_hold_by_themselves() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    rows.insert_connection(&connection("acme")).unwrap();
    rows.insert_connection(&connection("other")).unwrap();
    for change in ["name = 'ACME'", "settings = (SELECT settings FROM connections WHERE name = 'acme')"] {
        let update = format!("UPDATE connections SET {change} WHERE name = 'other'");
        let failure = taken(rows.change(&update, []).unwrap_err(), String::new);
        assert!(matches!(failure, VaultError::Taken(_)), "{change}: {failure:?}");
    }
}

#[test]
fn looking_for_a_twin_uses_the_index() {
    let fixture = Fixture::new();
    let plan: Vec<String> = fixture
        .rows()
        .all(
            "EXPLAIN QUERY PLAN SELECT name FROM connections WHERE provider = 'netsuite' \
             AND settings ->> '$.account' = 'a' AND settings ->> '$.client_id' = 'b' \
             AND coalesce(settings ->> '$.entity', '') = '' AND coalesce(settings ->> '$.role', '') = ''",
            [],
            |columns| {
                let _: (i64, i64, i64) = (columns.value()?, columns.value()?, columns.value()?);
                columns.value()
            },
        )
        .unwrap();
    assert!(plan.iter().any(|step| step.contains("connections_by_identity")), "{plan:?}");
}

#[test]
fn selects_by_every_part() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let mut acme = connection("acme");
    acme.company = Some(rows.ensure_company("Acme Ltd").unwrap());
    acme.tags = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    let mut zulu = connection("Zulu");
    zulu.enabled = false;
    own(&mut zulu).account = "7654321_SB1".parse().unwrap();
    zulu.tags =
        BTreeMap::from([("tier".to_owned(), "silver".to_owned()), ("a.b".to_owned(), "c".to_owned())]);
    for connection in [&zulu, &acme, &connection("beta")] {
        rows.insert_connection(connection).unwrap();
    }
    let company = acme.company.as_ref().map(|company| company.id.to_string());
    let tag = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
    let all = Selection::all;
    for (selection, expected) in [
        (all(), vec!["acme", "beta", "Zulu"]),
        (Selection::named(["ZULU".parse().unwrap(), "nobody".parse().unwrap()]), vec!["Zulu"]),
        (Selection { company: Some("acme ltd".to_owned()), ..all() }, vec!["acme"]),
        (Selection { company, ..all() }, vec!["acme"]),
        (Selection { company: Some("%".to_owned()), ..all() }, vec![]),
        (Selection { tag: tag("tier", "gold"), ..all() }, vec!["acme"]),
        (Selection { tag: tag("a.b", "c"), ..all() }, vec!["Zulu"]),
        (Selection { tag: tag("tier", "c"), ..all() }, vec![]),
        (Selection { provider: Some(Provider::Netsuite), ..all() }, vec!["acme", "beta", "Zulu"]),
        (Selection { enabled: Some(false), ..all() }, vec!["Zulu"]),
        (Selection { enabled: Some(true), tag: tag("tier", "silver"), ..all() }, vec![]),
        (Selection { search: Some("LTD".to_owned()), ..all() }, vec!["acme"]),
        (Selection { search: Some("sb1".to_owned()), ..all() }, vec!["Zulu"]),
    ] {
        assert_eq!(names(&rows.connections(&selection).unwrap()), expected, "{selection:?}");
    }
}

#[test]
fn damaged_rows_are_told_and_never_skipped() {
    for change in [
        "id = 'x'",
        "name = 'not a name'",
        "provider = 'nobody'",
        "environment = ''",
        "settings = '{}'",
        "settings = json_set(settings, '$.account', '../evil')",
        "previous_settings = '{}'",
        "tags = '{\"a\":1}'",
        "created_at = 'yesterday'",
        "name = CAST(x'ff' AS TEXT)",
    ] {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        rows.insert_connection(&connection("acme")).unwrap();
        rows.change(&format!("UPDATE connections SET {change}"), []).unwrap();
        let result = rows.connections(&Selection::all());
        assert!(matches!(result, Err(VaultError::Damaged(_))), "{change}: {result:?}");
    }
}

/// JSON objects that look like settings or tags, with values of every kind.
fn object() -> impl Strategy<Value = String> {
    let member =
        prop::sample::select(vec!["account", "client_id", "scopes", "subject", "token_url", "role", "x"]);
    let value = prop_oneof![
        any::<String>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::json!(null)),
        Just(serde_json::json!(["a", 1])),
        Just(serde_json::json!("1234567")),
    ];
    prop::collection::btree_map(member, value, 0..7)
        .prop_map(|members| serde_json::json!(members).to_string())
}

proptest! {
    #[test]
    fn no_stored_json_can_cause_a_panic(settings in object(), tags in object()) {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        rows.insert_connection(&connection("acme")).unwrap();
        rows.change("UPDATE connections SET settings = ?1, tags = ?2", [settings, tags]).unwrap();
        let result = rows.connections(&Selection::all());
        prop_assert!(matches!(result, Ok(_) | Err(VaultError::Damaged(_))), "{:?}", result);
    }

    #[test]
    fn any_text_survives_in_names_and_tags(company in any::<String>(), tag in any::<String>(), value in any::<String>()) {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let mut acme = connection("acme");
        acme.company = Some(rows.ensure_company(&company).unwrap());
        acme.tags.insert(tag.clone(), value.clone());
        rows.insert_connection(&acme).unwrap();
        prop_assert_eq!(rows.connections(&Selection::all()).unwrap(), std::slice::from_ref(&acme));
        let selection = Selection { company: Some(company), ..Selection::all() };
        prop_assert_eq!(rows.connections(&selection).unwrap().len(), 1);
    }
}
