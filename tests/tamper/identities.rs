//! Every kind of identity that may open a vault, every way to hand it over, and a vault away from its home.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::audit::has;
use crate::common::Ran;
use crate::message::{data, fault, fault_json};
use crate::snapshot::{Snapshot, put};
use crate::world::World;

fn viewer_text(world: &World) -> String {
    std::fs::read_to_string(world.file("support.txt")).unwrap()
}

/// `connection list` with an identity that comes from somewhere else than the usual file.
fn lists(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("acme"), "{ran}");
}

#[test]
fn every_way_to_hand_over_an_identity() {
    let world = World::new();
    let text = viewer_text(&world);
    let key = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    std::fs::remove_file(world.file(".config/tokenctl/identity.txt")).unwrap();
    let list = ["connection", "list"];
    assert_eq!(fault(&world.run(&list), 8), None);
    lists(&world.place.finish(world.command(&list).env("TOKENCTL_IDENTITY_FILE", world.file("support.txt"))));
    // The key alone has no pin line: this machine remembers it, or it is given.
    lists(&world.place.finish(world.command(&list).env("TOKENCTL_IDENTITY", key)));
    let stranger = |pin: Option<&str>| {
        let mut command = world.command(&list);
        command.env("TOKENCTL_IDENTITY", key).env("XDG_STATE_HOME", world.file("fresh"));
        pin.map(|pin| command.env("TOKENCTL_VAULT_PIN", pin));
        world.place.finish(&mut command)
    };
    let unpinned = stranger(None);
    assert_eq!(fault(&unpinned, 8), None);
    assert!(unpinned.stderr.contains("nothing says which key must have signed the vault"), "{unpinned}");
    lists(&stranger(Some(&world.pin)));
    // The whole file in the variable, as CI stores hold it.
    lists(&world.place.finish(world.command(&list).env("TOKENCTL_IDENTITY", &text)));
    // systemd's credential.
    world.place.put("credentials/tokenctl-identity", &text);
    lists(&world.place.finish(world.command(&list).env("CREDENTIALS_DIRECTORY", world.file("credentials"))));
    // Standard input.
    let mut child = world.command(&["--identity-file=-", "connection", "list"]);
    let mut child =
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    // An inherited descriptor: a shell gives one.
    let binary = world.command(&[]).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" --identity-file=fd:7 connection list 7<support.txt"]).arg(binary);
    shell.env_clear().env("HOME", world.home()).env("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z");
    lists(&world.place.finish(shell.current_dir(world.home()).stdin(Stdio::null())));
    // One that is not there.
    let file = std::fs::File::open("/dev/null").unwrap();
    let unused = format!("--identity-file=fd:{}", file.as_raw_fd() + 100);
    let ran = world.run(&[&unused, "connection", "list"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.starts_with("error: "), "{ran}");
}

#[test]
fn an_identity_that_others_can_read_is_refused() {
    let world = World::new();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(world.file("support.txt"), mode).unwrap();
    let ran = world.run_as("support", &["connection", "list", "-o", "json"]);
    assert_eq!(fault_json(&ran, 9), None);
    assert!(ran.stderr.contains("chmod 600"), "{ran}");
}

/// Encrypts the viewer's identity file with a passphrase, as `age -p` does; the tool itself asks on a terminal only.
fn protected(world: &World, passphrase: &str) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.to_owned().into());
    recipient.set_work_factor(10);
    crate::forge::encrypt(viewer_text(world).as_bytes(), &[&recipient])
}

#[test]
fn a_passphrase_is_asked_for_only_where_somebody_can_answer() {
    let world = World::new();
    put(&world.file("protected.txt"), &protected(&world, "correct horse"));
    let ran = world.run_as("protected", &["connection", "list", "--no-input"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stderr.contains("nobody can be asked for the passphrase"), "{ran}");
    let damaged = [&protected(&world, "x")[..60], b"x"].concat();
    put(&world.file("damaged.txt"), &damaged);
    assert_eq!(fault(&world.run_as("damaged", &["status"]), 8), None);
    // On a terminal: script(1) makes one.
    if !has("script") {
        return;
    }
    for (answer, code) in [("correct horse", 0), ("wrong", 8)] {
        let (text, found) = type_in(&world, answer);
        assert_eq!(found, Some(code), "{text}");
        assert_eq!(text.contains("acme"), code == 0, "{text}");
        assert!(!text.contains(answer), "the passphrase is not echoed: {text}");
    }
}

/// Runs `connection list` with the protected identity on a terminal, and answers its question.
fn type_in(world: &World, answer: &str) -> (String, Option<i32>) {
    let terminal = world.file("terminal");
    let _ = std::fs::remove_file(&terminal);
    let binary = env!("CARGO_BIN_EXE_tokenctl");
    let line = format!("tty >tty; mv tty terminal; {binary} --identity-file protected.txt connection list");
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("HOME", world.home())
        .env("PATH", "/usr/bin:/bin");
    script.env("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z").env("TERM", "dumb").current_dir(world.home());
    let mut child =
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // What is typed before the echo is switched off would be shown, and then thrown away.
    let asks = || {
        let name = std::fs::read_to_string(&terminal).ok()?;
        let tty = std::fs::File::open(name.trim()).ok()?;
        let modes = rustix::termios::tcgetattr(tty).ok()?.local_modes;
        (!modes.contains(rustix::termios::LocalModes::ECHO)).then_some(())
    };
    while asks().is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it ended without a question");
        std::thread::yield_now();
    }
    child.stdin.as_mut().unwrap().write_all(format!("{answer}\n").as_bytes()).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut text).unwrap();
    (text, child.wait().unwrap().code())
}

#[test]
fn ssh_keys() {
    if !has("ssh-keygen") {
        return;
    }
    let world = World::new();
    let generate = |kind: &str, name: &str| {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", kind, "-N", "", "-C", "somebody@host", "-f"]).arg(world.file(name));
        assert!(command.status().unwrap().success());
        std::fs::read_to_string(world.file(&format!("{name}.pub"))).unwrap().trim().to_owned()
    };
    let public = generate("ed25519", "ed.txt");
    world.ok(&["vault", "recipient", "add", &public, "--role=operator", "--label=ed"]);
    lists(&world.run_as("ed", &["connection", "list"]));
    let info = data(&world.run_as("ed", &["vault", "info", "-o", "json"]));
    assert_eq!(info["role"], "operator");
    assert_eq!(world.run_as("ed", &["token", "get", "acme"]).code, Some(0));
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(world.run_as("ed", &["token", "get", "acme", "--refresh"]).code, Some(0));
    assert_eq!(world.run_as("ed", &["connection", "disable", "acme"]).code, Some(0));
    // A pin has no place in an ssh key: elsewhere it is given.
    let fresh = |pin: Option<&str>| {
        let mut command = world.command(&["connection", "list"]);
        command
            .env("TOKENCTL_IDENTITY_FILE", world.file("ed.txt"))
            .env("XDG_STATE_HOME", world.file("fresh"));
        pin.map(|pin| command.env("TOKENCTL_VAULT_PIN", pin));
        world.place.finish(&mut command)
    };
    assert_eq!(fault(&fresh(None), 8), None);
    lists(&fresh(Some(&world.pin)));
    // RSA, as a recipient and as an identity.
    let public = generate("rsa", "rsa.txt");
    let ran = world.run(&["vault", "recipient", "add", &public, "--role=viewer"]);
    assert_eq!(fault(&ran, 2), None);
    assert!(ran.stderr.contains("ssh-rsa"), "{ran}");
    let ran = world.run_as("rsa", &["status"]);
    assert_eq!(fault(&ran, 8), None);
    assert!(ran.stderr.contains("ssh-rsa"), "{ran}");
}

/// Away from home: everything can be read, exchanges work and are not kept, nothing is written.
fn away(world: &World, arguments: &[&str], other_machine: bool, moved: bool) -> Ran {
    let mut command = world.command(arguments);
    if other_machine {
        command.env("TOKENCTL_HOME_ID", "another machine");
    }
    if moved {
        command.env("TOKENCTL_VAULT", world.file("moved/vault.age"));
    }
    world.place.finish(&mut command)
}

#[test]
fn away_from_home_nothing_is_written() {
    let world = World::new();
    world.ok(&["connection", "add", "netsuite", "fresh", "--account=7654321", "--client-id=y"]);
    for name in ["acme", "globex"] {
        world.ok(&["token", "get", name]);
    }
    world.clock.advance(jiff::SignedDuration::from_hours(2)); // the cached tokens are over
    let moved = world.file("moved");
    for (path, bytes) in &Snapshot::of(world.vault().parent().unwrap()).0 {
        put(&moved.join(path.strip_prefix(world.vault().parent().unwrap()).unwrap()), bytes);
    }
    let state = || Snapshot::of(world.home()).without(&[".locks/"]);
    let before = state();
    for (machine, elsewhere) in [(true, false), (false, true), (true, true)] {
        let run = |arguments: &[&str]| away(&world, arguments, machine, elsewhere);
        for read in [
            &["connection", "list"][..],
            &["cert", "list"],
            &["audit", "list"],
            &["audit", "verify"],
            &["vault", "check"],
            &["status"],
        ] {
            let ran = run(read);
            assert_eq!(ran.code, Some(0), "{read:?}\n{ran}");
        }
        let info = data(&run(&["vault", "info", "-o", "json"]));
        assert_eq!(info["at_home"], false);
        for write in [
            &["connection", "disable", "acme"][..],
            &["connection", "remove", "acme", "--yes"],
            &["rotate", "initiate", "acme"],
            &["keygen", "fresh"],
            &["keygen", "--all-missing"],
            &["cert", "activate", "acme", "--certificate-id=x"],
            &["vault", "recipient", "remove", "support"],
        ] {
            let exchanges = world.exchanges();
            let ran = run(&[write, &["-o", "json"]].concat());
            assert_eq!(fault_json(&ran, 9), None, "{write:?}");
            assert!(ran.stderr.contains("home"), "{ran}");
            assert_eq!(world.exchanges(), exchanges, "{write:?}: nothing was asked for");
        }
        let exchanges = world.exchanges();
        let (first, second) = (run(&["token", "get", "acme"]), run(&["token", "get", "acme"]));
        assert_eq!((first.code, second.code), (Some(0), Some(0)), "{first}\n{second}");
        assert!(first.stdout.trim().len() > 100 && first.stdout != second.stdout, "each is a new one");
        assert!(first.stderr.contains("warning: the token was neither cached nor recorded"), "{first}");
        assert_eq!(world.exchanges(), exchanges + 2);
        let verified = run(&["verify", "acme", "globex", "-o", "json"]);
        assert!(verified.stderr.contains("not recorded"), "{verified}");
        data(&verified);
        assert_eq!(state().differences(&before), [""; 0].map(PathBuf::from), "written away from home");
    }
    world.ok(&["connection", "disable", "acme"]);
}
