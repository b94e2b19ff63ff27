//! The vectors of `tests/vectors/tokens` at the program's boundary, and that no header makes it look elsewhere.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::desk::Desk;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tokens")
}

fn vectors() -> Vec<(String, Value)> {
    let mut found: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| name != "keys")
        .map(|(name, path)| (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()))
        .collect();
    found.sort_by(|(left, _): &(String, Value), (right, _)| left.cmp(right));
    found
}

fn arguments(vector: &Value) -> Vec<String> {
    let keys = format!("--jwks={}", folder().join("keys.json").display());
    let profile = format!("--profile={}", vector["profile"].as_str().unwrap());
    ["invite", "check", "token", "--offline", "--issuer=https://invite.example", "--audience=supplier-app"]
        .into_iter()
        .map(str::to_owned)
        .chain(["--audience=sb-app!t123".to_owned(), "-ojson".to_owned(), keys, profile])
        .collect()
}

#[test]
fn every_vector_ends_as_it_should() {
    let place = crate::common::Place::new();
    let mut run = 0;
    for (name, vector) in vectors() {
        // A file's white space at the ends is not the token's; an empty file holds none.
        if ["shape-empty", "shape-space-before", "shape-newline-behind"].contains(&name.as_str()) {
            continue;
        }
        place.put("token", vector["token"].as_str().unwrap());
        let words = arguments(&vector);
        let ran = place.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let expect = vector["expect"].as_str().unwrap();
        let code = match expect {
            "ok" => 0,
            "expired" => 12,
            _ => 4,
        };
        assert_eq!(ran.code, Some(code), "{name}\n{ran}");
        let envelope: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(envelope["data"]["verdict"], if expect == "ok" { "valid" } else { expect }, "{name}");
        run += 1;
    }
    assert!(run > 150, "{run}");
}

/// What a token says of where its key is leads to no file and to no connection.
#[test]
fn no_header_causes_an_access() {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "strace is not installed");
        println!("skipped: strace is not installed");
        return;
    }
    let desk = Desk::new();
    let mut looked = 0;
    for (name, vector) in vectors() {
        if !["foreign-key-", "kid-", "critical-"].iter().any(|start| name.starts_with(start)) {
            continue;
        }
        desk.place.put("token", vector["token"].as_str().unwrap());
        let words = arguments(&vector);
        let with_vault = ["invite".to_owned(), "check".to_owned(), "token".to_owned()];
        for line in [&words[..], &with_vault] {
            let program = desk.command(&[]);
            let mut command = Command::new("strace");
            command
                .args(["-f", "-qq", "-e", "trace=%file,%network", "-o", "trace"])
                .arg(program.get_program())
                .args(line)
                .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))))
                .current_dir(desk.place.home());
            let ran = desk.place.finish(&mut command);
            assert_eq!(ran.code, Some(4), "{name}\n{ran}");
            let trace = std::fs::read_to_string(desk.place.home().join("trace")).unwrap();
            assert!(trace.contains("\"token\""), "the trace is not empty");
            for hint in
                ["connect(", "AF_INET", "attacker", "/etc/passwd", "/proc/self/environ", "/dev/null\", O_RD"]
            {
                assert!(!trace.contains(hint), "{name}: {hint}");
            }
        }
        looked += 1;
    }
    assert!(looked >= 20, "{looked}");
}
