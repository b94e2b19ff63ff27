//! Other people's verifiers: npm `jose`, PyPI `PyJWT` and, for SAP's applications, `@sap/xssec`.
//!
//! `.ci/run` installs them below `target/stock`, by pinned versions and hashes (`tests/stock`). Where they are missing
//! the tests say what they skip; with `TOKENCTL_REQUIRE_STOCK` set they fail instead.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::desk::{AUDIENCE, Desk, ISSUER};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn script(name: &str) -> PathBuf {
    root().join("tests/stock").join(name)
}

/// The folder with the packages of one world, if they and their interpreter are there.
fn installed(world: &str, package: &str, interpreter: &str) -> Option<PathBuf> {
    let folder = root().join("target/stock").join(world);
    let found = folder.join(package).exists()
        && Command::new(interpreter).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(
        found || std::env::var_os("TOKENCTL_REQUIRE_STOCK").is_none(),
        "{package} is not installed below {}",
        folder.display()
    );
    if !found {
        println!("skipped: {package} is not installed below {} (see .ci/run)", folder.display());
    }
    found.then_some(folder)
}

/// Runs a script of JavaScript as a module of the folder with the packages.
fn node(folder: &Path, name: &str, arguments: &[&Path], words: &[&str]) -> Command {
    let mut command = Command::new("node");
    command
        .args(["--input-type=module", "-"])
        .args(arguments)
        .args(words)
        .current_dir(folder)
        .stdin(File::open(script(name)).unwrap());
    command
}

#[track_caller]
fn verdict(output: &Output) -> bool {
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{shown}");
    output.status.success()
}

/// These programs know what time it is.
fn at_the_real_time(desk: &Desk) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = jiff::Timestamp::from_second(i64::try_from(now.as_secs()).unwrap()).unwrap();
    desk.wait(now.duration_since(desk.now()));
}

struct Verifiable {
    desk: Desk,
    /// The token.
    good: PathBuf,
    /// Its payload with another company under the same signature.
    forged: PathBuf,
    keys: PathBuf,
}

fn verifiable(desk: Desk, flags: &[&str]) -> Verifiable {
    at_the_real_time(&desk);
    if !flags.is_empty() {
        desk.ok(&[&["invite", "issuer", "set"], flags].concat());
    }
    let (_, file) = desk.mint_for("ann@supplier.example", &["--claim=po_number=4711"]);
    let keys = desk.jwks();
    let token = desk.token(&file);
    let parts: Vec<&str> = token.split('.').collect();
    let other = desk.token(&desk.mint_for("bob@supplier.example", &[]).1);
    let forged =
        desk.place.put("forged", &format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]));
    let home = desk.place.home().to_owned();
    Verifiable { good: home.join(file), keys: home.join(keys), forged, desk }
}

#[test]
fn npm_jose_agrees() {
    let Some(folder) = installed("node", "node_modules/jose", "node") else { return };
    for (flags, algorithm) in [(&[][..], "ES256"), (&["--algorithm=PS256"], "PS256")] {
        let made = verifiable(Desk::new(), flags);
        let verify = |token: &Path, issuer, audience, kind, algorithm| {
            let words = [issuer, audience, kind, algorithm];
            verdict(&node(&folder, "jose.mjs", &[&made.keys, token], &words).output().unwrap())
        };
        let kind = "invitation+jwt";
        assert!(verify(&made.good, ISSUER, AUDIENCE, kind, algorithm));
        assert!(!verify(&made.forged, ISSUER, AUDIENCE, kind, algorithm));
        assert!(!verify(&made.good, "https://other.example", AUDIENCE, kind, algorithm));
        assert!(!verify(&made.good, ISSUER, "other-app", kind, algorithm));
        assert!(!verify(&made.good, ISSUER, AUDIENCE, "at+jwt", algorithm));
        assert!(!verify(&made.good, ISSUER, AUDIENCE, kind, "RS256"));
    }
}

#[test]
fn pypi_pyjwt_agrees() {
    let Some(folder) = installed("python", "jwt", "python3") else { return };
    for (flags, algorithm) in [(&[][..], "ES256"), (&["--algorithm=PS256"], "PS256")] {
        let made = verifiable(Desk::new(), flags);
        let verify = |token: &Path, issuer, audience, kind, algorithm| {
            let mut command = Command::new("python3");
            command.env("PYTHONPATH", &folder).arg(script("pyjwt.py")).args([&made.keys, token]);
            verdict(&command.args([issuer, audience, kind, algorithm]).output().unwrap())
        };
        let kind = "invitation+jwt";
        assert!(verify(&made.good, ISSUER, AUDIENCE, kind, algorithm));
        assert!(!verify(&made.forged, ISSUER, AUDIENCE, kind, algorithm));
        assert!(!verify(&made.good, "https://other.example", AUDIENCE, kind, algorithm));
        assert!(!verify(&made.good, ISSUER, "other-app", kind, algorithm));
        assert!(!verify(&made.good, ISSUER, AUDIENCE, kind, "RS256"));
    }
}

#[test]
fn sap_xssec_agrees() {
    let Some(folder) = installed("node", "node_modules/@sap/xssec", "node") else { return };
    let made = verifiable(Desk::sap(), &[]);
    let home = made.desk.place.home();
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
                   -subj /CN=localhost -addext subjectAltName=DNS:localhost";
    let made_certificate =
        Command::new("openssl").args(request.split_whitespace()).current_dir(home).output().unwrap();
    assert!(made_certificate.status.success());
    let (certificate, key) = (home.join("tls.pem"), home.join("tls.key"));
    let verify = |token: &Path| {
        let mut command =
            node(&folder, "xssec.mjs", &[&made.keys, token, &certificate, &key], &["supplier.onboard"]);
        command.env("NODE_EXTRA_CA_CERTS", &certificate).output().unwrap()
    };
    let output = verify(&made.good);
    assert!(verdict(&output), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        answer["asked"],
        serde_json::json!(["/token_keys?zid=zone-1"]),
        "the token leads it nowhere else"
    );
    assert_eq!(answer["payload"]["po_number"], "4711");
    assert!(!verdict(&verify(&made.forged)));
}
