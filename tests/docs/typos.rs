//! Whoever mistypes is told what there is.

use std::process::Output;

use crate::tokenctl;

fn said(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = tokenctl(arguments).output().unwrap();
    assert_eq!((status.code(), stdout.as_slice()), (Some(2), &[][..]), "{arguments:?}");
    String::from_utf8(stderr).unwrap()
}

/// Commands, flags, words of flags, topics, actions.
#[test]
fn the_nearest_word_is_suggested() {
    let mut wrong = Vec::new();
    for (line, meant) in [
        ("conection list", "connection"),
        ("connection lst", "list"),
        ("rotate inititate acme", "initiate"),
        ("vault recipient ad", "add"),
        ("invite isuer show", "issuer"),
        ("verify --al", "--all"),
        ("connection list --ouput json", "--output"),
        ("token get acme --min-tll 5m", "--min-ttl"),
        ("-o jsno status", "json"),
        ("--color nevr status", "never"),
        ("--log-format txt status", "text"),
        ("keygen acme --algorithm rsa4096", "rsa-4096"),
        ("cert export acme --format pen", "pem"),
        ("cert show acme --key pendign", "pending"),
        ("company list --status reconect", "reconnect"),
        ("company list --columns statsu", "status"),
        ("company list --provider quickboks", "quickbooks"),
        ("vault recipient set-role x --role operater", "operator"),
        ("completion bsh", "bash"),
        ("audit list --action rotaton", "rotation"),
        ("audit list --action keys", "key"),
        ("help exit-code", "exit-codes"),
        ("help secrity", "security"),
        ("help rotate confrim", "confirm"),
        ("man rotate confrim", "confirm"),
        ("sim --vendor netsute", "netsuite"),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let said = said(&arguments);
        let suggestion = format!("hint: did you mean `{meant}");
        if !said.lines().any(|line| line.starts_with(&suggestion)) {
            wrong.push(format!("{line}:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "what was meant is not suggested:\n{}", wrong.join("\n"));
}

/// What is like nothing suggests nothing.
#[test]
fn nothing_is_suggested_for_nonsense() {
    for line in ["xyzzy", "connection xyzzy", "help xyzzy", "verify --xyzzy"] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let said = said(&arguments);
        assert!(!said.contains("did you mean"), "{line}:\n{said}");
        assert!(said.contains("hint: "), "{line}:\n{said}");
    }
}
