//! R19: malformed input for the parsers, at the library's boundary and at the program's: no panic, no hang.
//!
//! Identity files, pins, recipients, audit lines, trailers, stored JSON and token answers have their properties beside
//! their code; the seeds of the fuzz targets are replayed by `seeds`; here is the rest.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokenctl::app::config::Config;
use tokenctl::cli;
use tokenctl::clock::Clock;
use tokenctl::commands::Exit;
use tokenctl::domain::certificate::{self, CertificateRequest, self_signed};
use tokenctl::domain::connection::{AccountId, Provider};
use tokenctl::domain::ids::{CertificateId, ConnectionId, ConnectionName};
use tokenctl::domain::jwk::public_jwk;
use tokenctl::domain::key::KeyAlgorithm;
use tokenctl::domain::keypair::KeyPair;
use tokenctl::oauth::ClockSkew;
use tokenctl::providers::{descriptor, vendor_expiry};
use tokenctl::secret::Secret;
use tokenctl::sim::faults;

use crate::common::proof::reached;
use crate::common::{Place, Ran};
use crate::office::NOW;

/// A damage to bytes that were well-formed.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Repeat(Index, Index),
}

pub(crate) fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, to)| Damage::Flip(at, to)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

pub(crate) fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        let length = bytes.len().max(1);
        match damage {
            Damage::Flip(at, to) => {
                if let Some(byte) = bytes.get_mut(at.index(length)) {
                    *byte = *to;
                }
            }
            Damage::Cut(at) => bytes.truncate(at.index(length)),
            Damage::Insert(at, piece) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Repeat(from, to) => {
                let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(piece);
            }
        }
    }
    bytes
}

/// A certificate and its private key of each kind, as PEM; RSA keys from elsewhere would be too slow to make.
static PAIRS: LazyLock<Vec<(Vec<u8>, Vec<u8>)>> = LazyLock::new(|| {
    [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa3072]
        .map(|algorithm| {
            let pair = KeyPair::generate(algorithm).unwrap();
            let request = CertificateRequest {
                common_name: "acme",
                days: 30,
                max_days: 730,
                now: NOW.parse().unwrap(),
            };
            let certificate = self_signed(&pair, &request).unwrap();
            let private = rcgen::KeyPair::try_from(pair.pkcs8().expose().as_slice()).unwrap();
            (certificate.pem.into_bytes(), private.serialize_pem().into_bytes())
        })
        .to_vec()
});

/// Reads a certificate and does with it whatever is done with one that is taken over.
fn use_certificate(bytes: &[u8]) {
    let Ok((certificate, algorithm)) = certificate::read(bytes) else { return };
    let _ = certificate::der(&certificate.pem);
    let _ = vendor_expiry(Provider::Netsuite, &certificate.facts);
    for algorithm in [algorithm, KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa4096] {
        let _ = public_jwk(&certificate.pem, algorithm).map(|jwk| serde_json::to_string(&jwk).unwrap());
    }
    let pair = KeyPair::from_pem(&Secret::new(PAIRS[0].1.clone())).unwrap();
    let _ = certificate::belongs_to(&certificate, &pair);
}

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    fn collect(command: &clap::Command, words: &mut Vec<String>) {
        words.push(command.get_name().to_owned());
        for argument in command.get_arguments() {
            words.extend(argument.get_long().map(|long| format!("--{long}")));
            words.extend(argument.get_long().map(|long| format!("--{long}=")));
            words.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        command.get_subcommands().for_each(|command| collect(command, words));
    }
    let mut words =
        vec!["--".to_owned(), "-".to_owned(), String::new(), "acme".to_owned(), "json".to_owned()];
    collect(&cli::tree(), &mut words);
    words
});

/// A word of ours, something attached to one, or any bytes that a process can be given.
fn argument() -> impl Strategy<Value = OsString> {
    let bytes = || vec(1_u8.., 0..20);
    prop_oneof![
        4 => select(WORDS.as_slice()).prop_map(OsString::from),
        1 => (select(WORDS.as_slice()), bytes()).prop_map(|(word, tail)| {
            OsString::from_vec([word.as_bytes(), &tail].concat())
        }),
        1 => bytes().prop_map(OsString::from_vec),
    ]
}

proptest! {
    #[test]
    fn no_certificate_or_key_can_cause_a_panic(which in 0_usize..3, damages in vec(damage(), 0..4)) {
        let (certificate, private) = &PAIRS[which];
        use_certificate(&damaged(certificate, &damages));
        let (read, _) = certificate::read(certificate).unwrap();
        use_certificate(&damaged(&certificate::der(&read.pem).unwrap(), &damages));
        let _ = KeyPair::from_pem(&Secret::new(damaged(private, &damages)));
    }

    #[test]
    fn no_der_behind_a_label_can_cause_a_panic(
        label in select(&["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "CERTIFICATE"][..]),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        use base64::Engine as _;
        let body = base64::prelude::BASE64_STANDARD.encode(&bytes);
        let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes();
        use_certificate(&pem);
        use_certificate(&[&[0x30], bytes.as_slice()].concat());
        prop_assert!(KeyPair::from_pem(&Secret::new(pem)).is_err());
    }

    #[test]
    fn no_config_can_cause_a_panic(text in "(timeout|output|''|[a-z]{0,8}|\\PC{0,3}) ?(=|\\.|\\[|\n){0,2} ?\\PC{0,40}") {
        if let Err(error) = Config::parse(&text) {
            prop_assert_eq!(error.exit(), Exit::Usage);
        }
    }

    #[test]
    fn no_arguments_can_cause_a_panic(words in vec(argument(), 0..7)) {
        let argv: Vec<OsString> = std::iter::once("tokenctl".into()).chain(words).collect();
        let _ = cli::parse(&argv);
        let _ = cli::runs_a_program(&argv);
    }

    #[test]
    fn no_name_can_cause_a_panic(text in "\\PC{0,300}") {
        let _ = (text.parse::<ConnectionName>(), text.parse::<CertificateId>(), text.parse::<ConnectionId>());
        if let Ok(account) = text.parse::<AccountId>() {
            prop_assert!(account.host_label().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        }
    }

    #[test]
    fn no_fault_file_can_cause_a_panic(text in "[\\[{]{0,3}(\"fault\"|\"kind\"|rules|kind|times|:|=|,|\"|[0-9-]{0,30}|\\PC){0,20}[\\]}]{0,3}") {
        let _ = faults::parse(&text);
    }

    #[test]
    fn no_access_token_can_cause_a_panic(payload in "\\PC{0,80}", raw in "\\PC{0,80}") {
        use base64::Engine as _;
        let encode = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
        let claims = format!("{{\"sub\":\"{payload}\",\"aud\":[\"{raw}\"],\"scope\":{payload}}}");
        for token in [raw.clone(), format!("a.{raw}.b"), format!("a.{}.b", encode(&payload)), format!("a.{}.b", encode(&claims))] {
            let _ = descriptor(Provider::Netsuite).granted(&token);
        }
    }

    #[test]
    fn no_date_can_cause_a_panic(text in "([A-Z][a-z]{2}, )?[0-9]{0,3} ?[A-Za-z]{0,4} ?[0-9]{0,6} ?[0-9:]{0,9} ?(GMT)?\\PC{0,4}") {
        let now = Clock::system().now();
        let _ = ClockSkew::from_date_header(&text, now, now).map(|skew| skew.to_string());
    }
}

/// Runs a command that must end by itself.
fn ends(command: &mut Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let clock = Clock::system();
    let start = clock.instant();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(2)); // between two glances at a process that may hang
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code() }
}

/// Contents that no reader expects.
fn contents() -> Vec<Vec<u8>> {
    vec![
        vec![],
        vec![0; 1000],
        vec![0xff; 1000],
        b"\xff\xfen\0a\0m\0e\0".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        "[".repeat(50_000).into_bytes(),
        "{\"a\":".repeat(50_000).into_bytes(),
        "a.b.c.".repeat(20_000).into_bytes(),
        format!("name,account,client_id\n\"{}", "x\n".repeat(50_000)).into_bytes(),
        format!("{{\"name\":\"a\",\"account\":\"1\",\"client_id\":\"{}\"}}", "x".repeat(1_000_000))
            .into_bytes(),
        b"-----BEGIN PRIVATE KEY-----".repeat(5000),
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".repeat(2000),
        b"age-encryption.org/v1\n-> X25519 x\ny\n--- z\n".to_vec(),
    ]
}

/// Whether the program bore a file whose content it did not expect.
fn is_well(ran: &Ran, arguments: &[&str]) -> bool {
    // An empty config is none, and a row can be all right; nothing else is.
    let fine = ran.code == Some(0) && ["--config", "connection"].contains(&arguments[0]);
    fine || matches!(ran.code, Some(2 | 5 | 8 | 9 | 13)) && ran.stderr.contains("error: ")
}

#[test]
fn a_parser_that_panics_is_found() {
    let place = Place::new();
    let file = place.put("config", "[[").display().to_string();
    let arguments = ["--config", &file, "status"];
    assert!(is_well(&ends(&mut place.command(&arguments)), &arguments));
    let mut command = place.command(&arguments);
    assert!(!is_well(&ends(command.env("TOKENCTL_TEST_MUTANTS", "panic-on-malformed")), &arguments));
}

/// Every file that a user can name, with every content.
#[test]
fn no_file_makes_the_program_panic_or_hang() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let add = ["connection", "add", "netsuite", "acme", "--account=1", "--client-id=c"];
    assert_eq!(place.run(&add).code, Some(0));
    std::fs::create_dir(place.home().join("folder")).unwrap();
    let good = place.put("good", "x").display().to_string();
    let mut files =
        vec!["missing".to_owned(), "folder".to_owned(), "/dev/zero".to_owned(), "/dev/full".to_owned()];
    for (number, content) in contents().into_iter().enumerate() {
        let path = place.put(&format!("content-{number}"), "");
        std::fs::write(&path, content).unwrap();
        files.push(path.display().to_string());
    }
    let mut runs = 0;
    for file in &files {
        for arguments in [
            &["--config", file, "status"][..],
            &["--identity-file", file, "status"],
            &["--vault", file, "status"],
            &["connection", "import", file, "--dry-run"],
            &[
                "key",
                "import",
                "acme",
                "--certificate-id=x",
                "--dry-run",
                "--key-file",
                file,
                "--cert-file",
                &good,
            ],
            &[
                "key",
                "import",
                "acme",
                "--certificate-id=x",
                "--dry-run",
                "--key-file",
                &good,
                "--cert-file",
                file,
            ],
            &["sim", "--faults", file, "--listen=192.0.2.1:1"],
        ] {
            let ran = ends(&mut place.command(arguments));
            assert!(is_well(&ran, arguments), "{arguments:?}\n{ran}");
            runs += 1;
        }
    }
    reached("R19", format!("{runs} runs with malformed files"), 0);
}

/// What is not UTF-8 reaches us by arguments and by the environment.
#[test]
fn no_bytes_make_the_program_panic() {
    let place = Place::new();
    let bytes = OsString::from_vec(b"\xff\xfe\x1b[31m=1".to_vec());
    for words in
        [&["status"][..], &["connection", "show"], &["help"], &["-o"], &["verify", "--tag"], &["--vault"]]
    {
        let ran = ends(place.command(words).arg(&bytes));
        assert!(matches!(ran.code, Some(2 | 8)), "{words:?}\n{ran}");
    }
    for variable in [
        "TOKENCTL_VAULT",
        "TOKENCTL_OUTPUT",
        "TOKENCTL_TIMEOUT",
        "TOKENCTL_IDENTITY",
        "XDG_STATE_HOME",
        "HOME",
    ] {
        let ran = ends(place.command(&["status"]).env(variable, &bytes));
        assert!(matches!(ran.code, Some(2 | 8 | 9)), "{variable}\n{ran}");
    }
}
