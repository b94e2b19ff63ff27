use std::io::Write as _;

use super::*;

// Made for these tests with ssh-keygen(1); they open nothing.
const SSH: &str = include_str!("ssh-ed25519");
const SSH_PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILdLkzpFc2okd9ktftzXoLgLUmF9QNcRLL9Wd1APBBAN";
const SSH_RSA: &str = include_str!("ssh-rsa");
/// Protected by "passphrase".
const SSH_LOCKED: &str = include_str!("ssh-ed25519-locked");
const SSH_LOCKED_PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCjF/52aKu+2gCsLUNEIM6eizKNM/Zu/YyCzsTACkhC";

fn secret(text: &str) -> SecretString {
    Secret::new(text.to_owned())
}

fn load(text: &[u8], passphrase: Option<&str>) -> Result<IdentityFile, VaultError> {
    IdentityFile::from_bytes("identity.txt", &Secret::new(text.to_vec()), &|_| passphrase.map(secret))
}

fn public_keys(file: &IdentityFile) -> Vec<String> {
    file.identities.iter().map(|identity| identity.recipient().to_string()).collect()
}

/// An identity file as `age --passphrase` writes it, with little work.
fn protect(text: &str, armored: bool) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new("passphrase".to_owned().into());
    recipient.set_work_factor(2);
    let format = if armored { age::armor::Format::AsciiArmor } else { age::armor::Format::Binary };
    let encryptor =
        age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
    let output = age::armor::ArmoredWriter::wrap_output(Vec::new(), format).unwrap();
    let mut writer = encryptor.wrap_output(output).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().and_then(age::armor::ArmoredWriter::finish).unwrap()
}

fn identity_file(identities: &[&Identity], pin: &Pin) -> String {
    let mut text = format!("# a comment\n\n{}{pin}\r\n", pin::COMMENT);
    for identity in identities {
        text.push_str(secret_text(identity).unwrap().expose());
        text.push('\n');
    }
    text
}

fn pin() -> Pin {
    Pin { vault: crate::domain::ids::VaultId::new(), verify_key: [1; 32] }
}

#[test]
fn native_identities_come_with_their_pins() {
    let (one, two, pin) = (Identity::generate(), Identity::generate(), pin());
    let file = load(identity_file(&[&one, &two], &pin).as_bytes(), None).unwrap();
    assert_eq!(public_keys(&file), [one.recipient().to_string(), two.recipient().to_string()]);
    assert_eq!(file.pins, [pin]);
}

#[test]
fn protected_files_open_with_their_passphrase() {
    let (one, pin) = (Identity::generate(), pin());
    for armored in [true, false] {
        let protected = protect(&identity_file(&[&one], &pin), armored);
        let file = load(&protected, Some("passphrase")).unwrap();
        assert_eq!((public_keys(&file), file.pins), (vec![one.recipient().to_string()], vec![pin.clone()]));
        for (passphrase, why) in [(Some("wrong"), "does not open"), (None, "protected by a passphrase")] {
            let error = load(&protected, passphrase).map(drop).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}

#[test]
fn ssh_ed25519_keys_work() {
    assert_eq!(public_keys(&load(SSH.as_bytes(), None).unwrap()), [SSH_PUBLIC]);
    let unlocked = load(SSH_LOCKED.as_bytes(), Some("passphrase")).unwrap();
    assert_eq!(public_keys(&unlocked), [SSH_LOCKED_PUBLIC]);
    for (passphrase, why) in [(Some("wrong"), "does not open"), (None, "protected by a passphrase")] {
        let error = load(SSH_LOCKED.as_bytes(), passphrase).map(drop).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let pin = pin();
    let with_pin = format!("{SSH}{}{pin}\n", pin::COMMENT);
    assert_eq!(load(with_pin.as_bytes(), None).unwrap().pins, std::slice::from_ref(&pin));
    let pin_first = format!("\n# mine\r\n\n{}{pin}\n{SSH}", pin::COMMENT);
    let file = load(pin_first.as_bytes(), None).unwrap();
    assert_eq!((public_keys(&file), file.pins), (vec![SSH_PUBLIC.to_owned()], vec![pin]));
}

/// What is read as a pin is rewritten as one, however it is laid out.
#[test]
fn every_line_that_counts_is_edited() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.txt");
    let (identity, old) = (Identity::generate(), pin());
    let new = Pin { verify_key: [9; 32], ..old.clone() };
    let key = secret_text(&identity).unwrap();
    let key = key.expose();
    for (text, expected) in [
        (format!("{key}\n#PIN {old}\n"), format!("{key}\n#PIN {new}\n")),
        (format!("#PIN{old}\n{key}\n"), format!("#PIN {new}\n{key}\n")),
        (format!("#PIN  {old} \n{key}\n"), format!("#PIN {new}\n{key}\n")),
        (format!("{key}\r\n#PIN {old}\r\n"), format!("{key}\r\n#PIN {new}\r\n")),
        (format!("{key}\n#PIN {old}"), format!("{key}\n#PIN {new}\n")),
        (format!("#PIN {old}\n#PIN {old}\n{key}\n"), format!("#PIN {new}\n{key}\n")),
    ] {
        let [text, expected] = [text, expected].map(|text| text.replace("#PIN", pin::COMMENT.trim_end()));
        file::replace(&path, text.as_bytes()).unwrap();
        let mut file = IdentityFile::load(&path, &|_| None).unwrap();
        assert_eq!(file.add_pin(&old, &new).unwrap(), None, "{text}");
        let pins = IdentityFile::load(&path, &|_| None).unwrap().pins;
        assert!(pins.contains(&old) && pins.contains(&new), "{text}");
        assert_eq!(file.settle(&new).unwrap(), Some(path.clone()), "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }
}

#[test]
fn a_file_that_was_changed_meanwhile_stops_the_rekey() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.txt");
    let (identity, old, new) = (Identity::generate(), pin(), pin());
    IdentityFile::create(&path, &identity, &old, crate::clock::Clock::system().now()).unwrap();
    let mut file = IdentityFile::load(&path, &|_| None).unwrap();
    file::replace(&path, b"# nothing\n").unwrap();
    assert!(matches!(file.add_pin(&old, &new), Err(VaultError::Identity(_))));
}

#[test]
fn refusals_say_why_and_never_what() {
    let mistyped = secret_text(&Identity::generate()).unwrap().expose().replace("1Q", "1B") + "X";
    for (text, why) in [
        ("", "holds no identity"),
        ("# only a comment\n", "holds no identity"),
        (mistyped.as_str(), "line 1 is not an age identity"),
        ("AGE-PLUGIN-YUBIKEY-1QQQ", "line 1 is not an age identity"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", "ssh-rsa"),
        (SSH_RSA, "ssh-rsa"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "neither"),
        ("-----BEGIN PGP MESSAGE-----\n", "neither"),
        ("age-encryption.org/v1\nnonsense", "damaged"),
        ("\u{0}\u{1}", "line 1"),
    ] {
        let error = load(text.as_bytes(), None).map(drop).unwrap_err();
        assert!(matches!(error, VaultError::Identity(_)), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains(&mistyped));
    }
    assert!(load(&[0xff, 0xfe], None).is_err());
}

#[test]
fn what_is_created_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.txt");
    let (identity, old) = (Identity::generate(), pin());
    let new = Pin { verify_key: [9; 32], ..old.clone() };
    let now = crate::clock::Clock::system().now();
    IdentityFile::create(&path, &identity, &old, now).unwrap();
    assert!(IdentityFile::create(&path, &identity, &old, now).is_err(), "never overwritten");
    let mut file = IdentityFile::load(&path, &|_| None).unwrap();
    assert_eq!(public_keys(&file), [identity.recipient().to_string()]);
    file.add_pin(&old, &new).unwrap();
    assert_eq!(IdentityFile::load(&path, &|_| None).unwrap().pins, [old.clone(), new.clone()]);
    assert_eq!(file.settle(&new).unwrap(), Some(path.clone()));
    let again = IdentityFile::load(&path, &|_| None).unwrap();
    assert_eq!((public_keys(&again), again.pins), (vec![identity.recipient().to_string()], vec![new]));
}

proptest::proptest! {
    #[test]
    fn no_identity_file_can_cause_a_panic(
        head in "(|# tokenctl-vault-pin: |-----BEGIN OPENSSH PRIVATE KEY-----\n|age-encryption.org/v1\n-> scrypt )",
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
    ) {
        let _ = load(&[head.as_bytes(), &body].concat(), Some("passphrase"));
    }

    #[test]
    fn no_ssh_key_can_cause_a_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        use base64::Engine as _;
        let body = [b"openssh-key-v1\0".as_slice(), &body].concat();
        let body = base64::prelude::BASE64_STANDARD.encode(body);
        let text = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n"
        );
        let _ = load(text.as_bytes(), Some("passphrase"));
    }

    #[test]
    fn no_text_can_cause_a_panic(text in "\\PC*") {
        let _ = text.parse::<RecipientKey>();
        let _ = format!("ssh-ed25519 {text}").parse::<RecipientKey>();
        let _ = format!("tkpin1{text}").parse::<Pin>();
    }
}
