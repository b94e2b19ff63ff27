use serde_json::Value;

use crate::common::Place;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn exit_codes_are_generated() {
    insta::assert_snapshot!(Place::new().run(&["help", "exit-codes"]), @"
    EXIT CODES

    One table for every command and every output format. JSON answers repeat the
    code and its name in `error.code` and `error.kind`.

    CODE  NAME               RETRY  MEANING
    0     ok                 -      done; for `verify`: every selected connection positively proven
    1     failure            -      anything unclassified (seeing it often is a bug)
    2     usage              no     bad or missing arguments, input needed under `--no-input`, an empty selection
    3     not-found          no     no such connection, company, key, invitation
    4     rejected           no     the vendor refused (invalid_client, invalid_grant, access_denied …): a person must act
    5     conflict           no     wrong state: key exists, rotation already or not in progress, someone else won
    6     unreachable        yes    DNS, TLS, timeout, 5xx, 429 after the retries
    7     locked             yes    a lock was not free within `--lock-timeout` (the message names the holder)
    8     vault              no     the vault cannot be opened, read, written or trusted
    9     refused            no     local policy: unsafe file mode, unwritable audit log, weak key, overwrite, token to a terminal, role too low, not the vault's home, untrusted host
    10    expiring           no     valid but inside the warning window (only with `--fail-on expiring`)
    11    not-due            -      `rotate due`: nothing to do
    12    expired            no     credential or invitation expired, revoked or used up
    13    partial            no     a batch with mixed outcomes (all alike: that code; expiring counts as ok, and 10 only if nothing is worse); the JSON has a code per item
    125   not-started        no     `exec`: tokenctl failed before it ran the program; the JSON error has the code of this table
    126   cannot-execute     no     `exec`: the program was found and cannot be executed
    127   program-not-found  no     `exec`: the program was not found
    129   hung-up            yes    interrupted by SIGHUP, after a clean roll-back
    130   interrupted        yes    interrupted by SIGINT (Ctrl-C), after a clean roll-back
    143   terminated         yes    interrupted by SIGTERM, after a clean roll-back
    --- stderr
    --- exit 0
    ");
}

#[test]
fn the_same_rows_in_every_format() {
    let place = Place::new();
    let run = |format| place.run(&["help", "exit-codes", "-o", format, "--fields", "code,name"]).stdout;
    assert!(run("table").starts_with("CODE  NAME\n0     ok\n"), "{}", run("table"));
    assert!(run("plain").starts_with("0\tok\n1\tfailure\n"));
    assert!(run("csv").starts_with("code,name\r\n0,ok\r\n"));
    assert_eq!(json(run("jsonl").lines().next().unwrap()), serde_json::json!({ "code": 0, "name": "ok" }));
    let envelope = json(&run("json"));
    assert_eq!(envelope["schema"], "tokenctl.help/1");
    assert_eq!(envelope["data"]["rows"][3], serde_json::json!({ "code": 3, "name": "not-found" }));
}

#[test]
fn a_usage_error_comes_in_the_format_asked_for() {
    let place = Place::new();
    for arguments in [
        &["verfy", "-o", "json"][..],
        &["-ojson", "verfy"],
        &["--output=json", "--nonsense"],
        &["help", "--timeout", "x", "-o=json"],
        &["help", "nonsense", "-o", "json"],
    ] {
        let ran = place.run(arguments);
        let envelope = json(&ran.stdout);
        assert_eq!(envelope["schema"], "tokenctl.error/1", "{arguments:?}");
        assert_eq!((&envelope["ok"], &envelope["data"]), (&Value::Bool(false), &Value::Null));
        assert_eq!((&envelope["error"]["code"], &envelope["error"]["kind"]), (&2.into(), &"usage".into()));
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        assert_eq!(ran.code, Some(2));
    }
    let by_variable = place.finish(place.command(&["verfy"]).env("TOKENCTL_OUTPUT", "json"));
    assert_eq!(json(&by_variable.stdout)["error"]["kind"], "usage");
}

#[test]
fn a_failure_leaves_stdout_empty_in_the_formats_for_people_and_sheets() {
    let place = Place::new();
    for format in ["table", "csv", "plain"] {
        assert_eq!(place.run(&["-o", format, "verfy"]).stdout, "");
    }
    let lines = place.run(&["-o", "jsonl", "verfy"]).stdout;
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(json(&lines)["error"]["kind"], "usage");
}

#[test]
fn the_nearest_word() {
    insta::assert_snapshot!(Place::new().run(&["hepl"]), @"
    --- stderr
    error: there is no command `hepl`
    hint: did you mean `help`?
    hint: for the usage, run `tokenctl --help`
    --- exit 2
    ");
    insta::assert_snapshot!(Place::new().run(&["help", "exit-code"]), @"
    --- stderr
    error: there is no command or topic `exit-code`
      cause: the topics are exit-codes, environment, files, output, security, headless
    hint: did you mean `exit-codes`?
    hint: to see every command, run `tokenctl help`
    --- exit 2
    ");
    insta::assert_snapshot!(Place::new().run(&["help", "exit-codes", "--fields", "cod"]), @"
    --- stderr
    error: the command was carried out, but its report cannot be shown
      cause: there is no field `cod`
      cause: `--fields` chooses from code, name, retry, meaning
    hint: did you mean `--fields code`?
    --- exit 2
    ");
}

#[test]
fn a_config_file_counts_and_is_checked() {
    let place = Place::new();
    let config = place.put(".config/tokenctl/config.toml", "output = 'plain'\n");
    assert!(place.run(&["help", "exit-codes"]).stdout.starts_with("0\tok\t"));
    assert!(place.run(&["help", "exit-codes", "-o", "csv"]).stdout.starts_with("code,name,"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&config, mode).unwrap();
    insta::assert_snapshot!(place.run(&["help"]), @"
    --- stderr
    error: [HOME]/.config/tokenctl/config.toml can be written by others (mode 0666)
    hint: to mend it, run `chmod go-w [HOME]/.config/tokenctl/config.toml`
    --- exit 9
    ");
    place.put(".config/tokenctl/config.toml", "ouput = 'plain'\n");
    insta::assert_snapshot!(place.run(&["help"]), @"
    --- stderr
    error: the config file [HOME]/.config/tokenctl/config.toml is wrong
      cause: there is no setting `ouput`
    hint: did you mean `output`?
    --- exit 2
    ");
}

#[test]
fn no_reader_is_no_error() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = place.finish(place.command(&["help", "security"]).stdout(writer));
    assert_eq!((ran.stderr.as_str(), ran.code), ("", Some(0)));
}

#[test]
fn a_full_disk_is_an_error() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = place.finish(place.command(&["help", "security"]).stdout(full));
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with("error: cannot write to standard output\n"), "{}", ran.stderr);
}

#[test]
fn hostile_arguments_reach_no_terminal() {
    let place = Place::new();
    for format in ["table", "json"] {
        let ran = place.run(&["-o", format, "help", "\u{1b}]0;pwned\u{7}\u{202e}"]);
        let hostile = |text: &str| {
            text.chars().any(|char| char != '\n' && tokenctl::output::sanitize::is_hostile(char))
        };
        assert!(!hostile(&ran.stdout) && !hostile(&ran.stderr), "{ran}");
    }
}

#[test]
fn every_topic_and_the_help_of_every_command() {
    let place = Place::new();
    for topic in ["exit-codes", "environment", "files", "output", "security", "headless", "help"] {
        let ran = place.run(&["help", topic]);
        assert_eq!(ran.code, Some(0), "{topic}");
        assert!(ran.stdout.lines().count() > 5, "{topic}");
    }
    assert!(place.run(&["help", "--help"]).stdout.contains("$ tokenctl help exit-codes"));
    assert!(place.run(&["--version"]).stdout.starts_with("tokenctl "));
    assert_eq!(place.run(&[]).code, Some(2));
}
