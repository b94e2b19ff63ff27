use crate::common::Place;

#[test]
fn a_panic_is_an_error_without_values() {
    let place = Place::new();
    for format in ["table", "json"] {
        let mut command = place.command(&["help", "-o", format]);
        let ran = place.finish(command.env("TOKENCTL_TEST_MUTANTS", "panic-in-command"));
        assert_eq!(ran.code, Some(1));
        assert!(ran.stderr.starts_with("error: tokenctl has a bug and stopped\n  cause: "), "{ran}");
        assert!(!ran.to_string().contains("hunter2"), "{ran}");
        if format == "json" {
            let envelope: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(envelope["error"]["kind"], "failure");
        }
    }
}

#[test]
fn the_log_is_one_harmless_line_per_event() {
    let place = Place::new();
    let text = place.run(&["-vv", "help", "exit-codes"]).stderr;
    assert!(text.starts_with("2027-03-01T12:00:00Z  INFO "), "{text}");
    let json = place.run(&["-v", "--log-format", "json", "help", "exit-codes"]).stderr;
    for line in json.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["timestamp"], "2027-03-01T12:00:00Z");
    }
    assert_eq!(place.run(&["help", "exit-codes"]).stderr, "");
}
