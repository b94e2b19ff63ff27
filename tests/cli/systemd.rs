//! The units in `contrib/systemd`.

use std::path::Path;
use std::process::Command;

use crate::formats::has;

fn unit(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd").join(name)).unwrap()
}

/// `systemd-analyze verify` accepts both units without a word, and finds the service well shut in.
#[test]
fn systemd_understands_the_units() {
    if !has("systemd-analyze", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["tokenctl-refresh.service", "tokenctl-refresh.timer"] {
        // It wants the program to be there.
        let text = unit(name).replace("/usr/local/bin/tokenctl", env!("CARGO_BIN_EXE_tokenctl"));
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for name in ["tokenctl-refresh.service", "tokenctl-refresh.timer"] {
        let path = folder.path().join(name);
        let output =
            Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }
    let service = folder.path().join("tokenctl-refresh.service");
    let security = ["security", "--offline=true", "--threshold=20"]; // tenths: 2.0 is "OK", 10.0 is not shut in
    let output = Command::new("systemd-analyze").args(security).arg(service).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The command line of the unit parses, and asks nothing.
#[test]
fn the_service_runs_a_command_of_ours() {
    let service = unit("tokenctl-refresh.service");
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<String> = line.split(' ').skip(1).map(str::to_owned).collect();
    assert_eq!(tokenctl::cli::check(&words), Ok(()));
    assert!(words.contains(&"--no-input".to_owned()));
}
