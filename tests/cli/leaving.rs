use crate::common::Place;

/// Who removes themselves cannot read the vault any more, but is told that it is done.
#[test]
fn an_operator_can_leave() {
    use tokenctl::vault::identity::Identity;
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let (own, colleague) = (identity_of(&place), Identity::generate().recipient().to_string());
    let add = ["vault", "recipient", "add", &colleague, "--role=operator"];
    assert_eq!(place.run(&add).code, Some(0));
    let ran = place.run(&["vault", "recipient", "remove", &own, "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.starts_with("removed: operator "), "{ran}");
    assert_eq!(place.run(&["vault", "info"]).code, Some(8));
}

fn identity_of(place: &Place) -> String {
    let text = std::fs::read_to_string(place.home().join(".config/tokenctl/identity.txt")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}
