//! R3 without strace: a file size limit, and a disk that is really full.

use std::process::Command;

use crate::common::{Place, Ran};
use crate::judge::{Told, Trial};
use crate::story;

/// Runs `script` with the binary as `$tokenctl` in a home.
fn shell(place: &Place, script: &str) -> Ran {
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", place.home())
        .env("tokenctl", env!("CARGO_BIN_EXE_tokenctl"))
        .current_dir(place.home());
    place.finish(&mut command)
}

/// `ulimit -f` sends SIGXFSZ, which kills whoever does not expect it.
#[test]
fn a_file_size_limit_is_an_error() {
    let trial = Trial::untraced(story::named("connection disable"));
    for blocks in [0, 1, 2, 60, 170] {
        trial.saved.restore();
        let line = trial.scene.arguments().join(" ");
        let ran = shell(&trial.scene.place, &format!("ulimit -f {blocks}; exec \"$tokenctl\" {line}"));
        assert!(matches!(ran.code, Some(8 | 9)), "{blocks}: {ran}");
        assert!(!ran.stderr.contains("has a bug"), "{ran}");
        trial.judge(Told::by(&ran)).unwrap_or_else(|what| panic!("{blocks}: {what}\n{ran}"));
    }
}

/// A tmpfs in a mount namespace of its own, filled up by commits.
#[test]
fn a_full_disk_keeps_the_vault() {
    let place = Place::new();
    let script = r#"
        mount -t tmpfs -o size=640k none "$HOME" && cd "$HOME" || exit 77
        "$tokenctl" init >/dev/null 2>&1 || exit 78
        number=0 code=0
        while [ $number -lt 400 ]; do
            number=$((number + 1))
            head -c 4096 /dev/zero >> ballast 2>/dev/null
            "$tokenctl" connection add netsuite "c$number" --account=1234567 --client-id="x$number" >out 2>err
            code=$?
            [ $code -eq 0 ] && kept=$number
            [ $code -eq 0 ] || break
        done
        echo "code=$code"; cat err
        rm -f ballast
        "$tokenctl" vault check || exit 79
        "$tokenctl" connection list -o plain --fields name | wc -l | grep -qx "$kept" || exit 80
        "$tokenctl" connection add netsuite again --account=1234567 --client-id=x >/dev/null || exit 81
        find . -name '*tmp*' | grep . && exit 82
        exit 0
    "#;
    let ran = shell(
        &place,
        &format!(
            "unshare --map-root-user --mount --propagation=private sh -c '{}'",
            script.replace('\'', "'\\''")
        ),
    );
    if ran.code == Some(77) || ran.stderr.contains("unshare") {
        // No tool is missing: most containers forbid it.
        println!("SKIPPED: no small file system can be mounted here: {}", ran.stderr);
        return;
    }
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("code=8") || ran.stdout.contains("code=9"), "{ran}");
}
