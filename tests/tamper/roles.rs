//! What a viewer may do, what changes of roles mean for everybody.

use crate::message::{assert_none, data, fault, fault_json};
use crate::snapshot::Snapshot;
use crate::world::World;

/// What a viewer gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Viewer {
    /// An answer.
    May,
    /// Exit 9, and the role is named.
    MayNot,
    /// It has nothing to do with the vault that is there.
    Other,
}
use Viewer::{May, MayNot, Other};

/// Every command that there is, as a viewer types it.
const TABLE: &[(&[&str], Viewer, &[&str])] = &[
    (&["init"], Other, &[]),
    (&["demo"], Other, &[]),
    (&["sim"], Other, &[]),
    (&["help"], Other, &[]),
    (&["completion"], Other, &[]),
    (&["man"], Other, &[]),
    (&["status"], May, &[]),
    (&["doctor"], May, &["--offline"]),
    (&["doctor"], May, &["acme"]),
    // Its failures have a code of their own, 125, as those of env(1).
    (&["exec"], Other, &[]),
    (&["app", "list"], May, &[]),
    (&["company", "list"], May, &[]),
    (&["company", "show"], May, &["acme"]),
    (&["company", "rename"], MayNot, &["Widgets", "Gadgets"]),
    (&["company", "disconnect"], MayNot, &["--connection=acme", "--yes"]),
    (&["login"], MayNot, &["books", "--no-browser"]),
    (&["token", "revoke"], MayNot, &["q", "--yes"]),
    (&["connection", "add", "quickbooks"], MayNot, &["new", "--app=books", "--realm=1"]),
    (&["connection", "add", "pax8"], MayNot, &["new", "--app=reseller"]),
    (&["connection", "add", "oauth2"], MayNot, &["new", "--app=idp"]),
    (&["app", "show"], May, &["books"]),
    (&["connection", "list"], May, &[]),
    (&["connection", "show"], May, &["acme"]),
    (&["cert", "list"], May, &[]),
    (&["cert", "show"], May, &["acme"]),
    (&["cert", "export"], May, &["acme"]),
    (&["rotate", "status"], May, &["acme"]),
    (&["audit", "list"], May, &[]),
    (&["audit", "verify"], May, &[]),
    (&["audit", "export"], May, &[]),
    (&["vault", "info"], May, &[]),
    (&["vault", "check"], May, &[]),
    (&["vault", "backup"], May, &["another.age", "--dry-run"]),
    (&["vault", "restore"], MayNot, &["copy.age", "--yes"]),
    (&["vault", "rekey"], MayNot, &[]),
    (&["vault", "move-home"], MayNot, &["--yes"]),
    (&["vault", "move-home"], MayNot, &["--release"]),
    (&["vault", "recipient", "list"], May, &[]),
    (&["invite", "list"], May, &[]),
    (&["invite", "show"], May, &["--state=created"]),
    (&["invite", "check"], May, &["one.token"]),
    (&["invite", "alerts"], May, &[]),
    (&["invite", "jwks"], May, &[]),
    (&["invite", "key", "list"], May, &[]),
    (&["invite", "issuer", "show"], May, &[]),
    (&["invite", "issuer", "set"], MayNot, &["--ttl=1d"]),
    (&["invite", "mint"], MayNot, &["--email=bob@supplier.example", "--company=X"]),
    (&["invite", "sent"], MayNot, &["--state=created"]),
    (&["invite", "revoke"], MayNot, &["--state=created", "--yes"]),
    (&["invite", "access"], MayNot, &["one.token"]),
    (&["invite", "start"], MayNot, &["one.token"]),
    (&["invite", "submit"], MayNot, &["one.token"]),
    (&["invite", "redeem"], MayNot, &["one.token"]),
    (&["invite", "cleanup"], MayNot, &[]),
    (&["invite", "key", "rotate"], MayNot, &["--now"]),
    (&["invite", "key", "revoke"], MayNot, &["any", "--yes"]),
    (&["connection", "add", "netsuite"], MayNot, &["new", "--account=7654321", "--client-id=x"]),
    (&["connection", "import"], MayNot, &["import.csv"]),
    (&["app", "add", "quickbooks"], MayNot, &["new", "--client-id=x", "--client-secret-file=app.secret"]),
    (&["app", "add", "pax8"], MayNot, &["new", "--client-id=x", "--client-secret-file=app.secret"]),
    (
        &["app", "add", "oauth2"],
        MayNot,
        &["new", "--client-id=x", "--token-url=https://idp.example/t", "--auth=none"],
    ),
    (&["app", "set"], MayNot, &["books", "--client-secret-file=app.secret"]),
    (&["app", "set"], MayNot, &["books", "--rename=b"]),
    (&["app", "remove"], MayNot, &["spare"]),
    (&["token", "refresh"], MayNot, &["acme"]),
    (&["token", "refresh"], MayNot, &["--all", "--due"]),
    (&["token", "import"], MayNot, &["q", "--app=books", "--realm=1", "--refresh-token-file=app.secret"]),
    (&["connection", "set"], MayNot, &["acme", "--company=X"]),
    (&["connection", "set"], MayNot, &["acme", "--entity=7"]),
    (&["connection", "set"], MayNot, &["acme", "--entity=7", "--unproven"]),
    (&["connection", "enable"], MayNot, &["acme"]),
    (&["connection", "disable"], MayNot, &["acme"]),
    (&["connection", "remove"], MayNot, &["acme", "--yes"]),
    (&["keygen"], MayNot, &["fresh"]),
    (&["keygen"], MayNot, &["--all-missing"]),
    (
        &["key", "import"],
        MayNot,
        &["fresh", "--key-file=key.pem", "--cert-file=cert.pem", "--certificate-id=x"],
    ),
    (&["cert", "activate"], MayNot, &["acme", "--certificate-id=x"]),
    (&["rotate", "initiate"], MayNot, &["acme"]),
    (&["rotate", "confirm"], MayNot, &["globex", "--certificate-id=x"]),
    (&["rotate", "abort"], MayNot, &["globex"]),
    (&["rotate", "rollback"], MayNot, &["initech"]),
    (&["rotate", "retire"], MayNot, &["initech"]),
    (&["verify"], MayNot, &["acme"]),
    (&["verify"], MayNot, &["--all"]),
    (&["verify"], MayNot, &["globex", "--key=pending", "--certificate-id=x"]),
    (&["token", "get"], MayNot, &["acme"]),
    (&["token", "get"], MayNot, &["acme", "--refresh"]),
    (&["token", "get"], MayNot, &["initech"]),
    (
        &["vault", "recipient", "add"],
        MayNot,
        &["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "--role=operator"],
    ),
    (&["vault", "recipient", "set-role"], MayNot, &["support", "--role=operator"]),
    (&["vault", "recipient", "remove"], MayNot, &["support"]),
];

/// Connections in every state that a step begins in: `fresh` has no key, `globex` a rotation under way, `initech` a
/// previous key.
fn stage(world: &World) {
    world.ok(&["connection", "add", "netsuite", "fresh", "--account=7654321", "--client-id=y"]);
    world.ok(&["rotate", "initiate", "globex", "--algorithm=ec-p256"]);
    world.connect("initech", "44");
    world.ok(&["rotate", "initiate", "initech", "--algorithm=ec-p256"]);
    let id = world.upload("initech", "44");
    world.ok(&["rotate", "confirm", "initech", &format!("--certificate-id={id}")]);
    world.ok(&[
        "invite",
        "issuer",
        "set",
        "--issuer=https://invite.example",
        "--audience=app",
        "--link-base=https://app.example/",
    ]);
    let mint = ["invite", "mint", "--email=ann@supplier.example", "--company=X", "--format=token"];
    world.place.put("one.token", &world.ok(&mint).stdout);
    world.place.put("app.secret", "a secret\n");
    for name in ["books", "spare"] {
        world.ok(&["app", "add", "quickbooks", name, "--client-id=x", "--client-secret-file=app.secret"]);
    }
    world.ok(&["app", "add", "pax8", "reseller", "--client-id=x", "--client-secret-file=app.secret"]);
    let server = ["--client-id=x", "--token-url=https://idp.example/t", "--auth=none"];
    world.ok(&[&["app", "add", "oauth2", "idp"][..], &server].concat());
    world.ok(&["vault", "backup", "copy.age"]);
    world.place.put("import.csv", "provider,name,account,client_id\nnetsuite,bulk,7654322,z\n");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    world.place.put("key.pem", &pair.serialize_pem());
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&pair).unwrap();
    world.place.put("cert.pem", &certificate.pem());
}

fn leaves(command: &clap::Command, path: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    if command.get_subcommands().next().is_none() {
        all.push(path.clone());
    }
    for below in command.get_subcommands() {
        path.push(below.get_name().to_owned());
        leaves(below, path, all);
        path.pop();
    }
}

#[test]
fn the_table_has_every_command() {
    let mut all = Vec::new();
    leaves(&tokenctl::cli::tree(), &mut Vec::new(), &mut all);
    all.retain(|command| !TABLE.iter().any(|(words, ..)| *words == command));
    assert!(all.is_empty(), "not in the table: {all:?}");
}

/// Runs the table as a viewer; returns the violations.
fn run_table(world: &World) -> Vec<String> {
    stage(world);
    // Reading writes nothing; what a refused deed may leave are notes in lock files.
    let state = |world: &World| Snapshot::of(world.home()).without(&[".locks/"]);
    let before = (state(world), world.exchanges());
    let mut violations = Vec::new();
    for (words, expected, arguments) in TABLE {
        let line = [*words, arguments].concat();
        if *expected == Other {
            continue;
        }
        let ran = world.run_as("support", &[&line, &["-o", "json"][..]].concat());
        let problem = match expected {
            May => (ran.code != Some(0)).then(|| format!("it was refused:\n{ran}")),
            _ => fault_json(&ran, 9).or_else(|| {
                (!ran.stderr.contains("viewer")).then(|| format!("the role is not named:\n{ran}"))
            }),
        };
        violations.extend(problem.map(|problem| format!("{line:?}: {problem}")));
        if state(world) != before.0 || world.exchanges() != before.1 {
            violations.push(format!("{line:?}: something happened"));
            world.restore(&before.0);
        }
    }
    violations
}

#[test]
fn a_viewer_sees_everything_but_secrets_and_changes_nothing() {
    let world = World::new();
    assert_none(&run_table(&world));
    println!("{} command lines as a viewer", TABLE.len());
    // What they see is the whole of it.
    let list = world.run_as("support", &["connection", "list", "-o", "plain", "--fields", "name"]).stdout;
    assert_eq!(list.lines().collect::<Vec<_>>(), ["acme", "fresh", "globex", "initech"]);
    let info = data(&world.run_as("support", &["vault", "info", "-o", "json"]));
    assert_eq!((&info["role"], &info["at_home"]), (&"viewer".into(), &true.into()));
    assert_eq!(
        world.run_as("support", &["cert", "export", "acme"]).stdout,
        world.ok(&["cert", "export", "acme"]).stdout
    );
    let check = data(&world.run_as("support", &["vault", "check", "-o", "json"]));
    assert!(check["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true), "{check}");
}

/// The refusal does not hang on one check: without it there are no keys to sign or open anything with.
#[test]
fn the_role_is_cryptographic() {
    let mut world = World::new();
    world.mutants = "viewer-passes".to_owned();
    let before = Snapshot::of(world.home()).without(&[".locks/", ".audit/"]);
    let (mut refused, mut asked) = (0, 0);
    for (words, expected, arguments) in TABLE.iter().filter(|(words, ..)| words[0] != "rotate") {
        let staged = arguments.contains(&"fresh") || words.contains(&"import") || words[0] == "invite";
        if *expected != MayNot || staged {
            continue;
        }
        asked += 1;
        let ran = world.run_as("support", &[*words, arguments].concat());
        refused += usize::from(ran.code == Some(9));
        assert!(Snapshot::of(world.home()).without(&[".locks/", ".audit/"]) == before, "{words:?}\n{ran}");
    }
    assert!(asked > 10 && refused > 10, "{refused} of {asked}");
}

#[test]
fn the_harness_finds_a_viewer_who_gets_too_far() {
    let violations = run_table(&World::with_mutants("viewer-passes"));
    assert!(!violations.is_empty());
}

/// Whoever loses the role operator loses the secrets; the vault is rekeyed, and everybody else needs the new pin.
#[test]
fn a_demotion_rekeys() {
    let world = World::new();
    let second = world.let_in("second", "operator");
    let third = world.let_in("third", "operator");
    assert_eq!(world.run_as("second", &["token", "get", "acme"]).code, Some(0));
    let kept = std::fs::read(world.vault()).unwrap();

    let changed = world.ok(&["vault", "recipient", "set-role", &second, "--role=viewer", "-o", "json"]);
    let pin = data(&changed)["pin"].as_str().unwrap().to_owned();
    assert_ne!(pin, world.pin);
    assert!(changed.stderr.contains(&format!("# tokenctl-vault-pin: {pin}")), "{changed}");
    // The operator who did it goes on; the identity file was brought up to date.
    world.ok(&["token", "get", "acme"]);
    let own = std::fs::read_to_string(world.file(".config/tokenctl/identity.txt")).unwrap();
    assert!(own.contains(&pin) && !own.contains(&world.pin), "one pin: the new one");
    // Everybody else is told that the pin changed, and the printed one helps: given, or in the file.
    for name in ["second", "third", "support"] {
        let refused = world.run_elsewhere(name, &["connection", "list", "-o", "json"]);
        assert_eq!(fault_json(&refused, 8), None, "{name}");
        assert!(refused.stderr.contains("pin"), "{refused}");
        assert_eq!(
            world.run_elsewhere(name, &["connection", "list", "--vault-pin", &pin]).code,
            Some(0),
            "{name}"
        );
        let file = world.file(&format!("{name}.txt"));
        let text = std::fs::read_to_string(&file).unwrap().replace(&world.pin, &pin);
        std::fs::write(&file, text).unwrap();
        assert_eq!(world.run_elsewhere(name, &["connection", "list"]).code, Some(0), "{name}");
    }
    // Who was demoted reads names and opens no secret, with the old vault's keys neither.
    assert_eq!(fault(&world.run_as("second", &["token", "get", "acme"]), 9), None);
    assert_eq!(fault(&world.run_as("second", &["connection", "disable", "acme"]), 9), None);
    assert_eq!(world.run_as("third", &["token", "get", "acme"]).code, Some(0));
    old_keys_open_nothing(&world, &kept, "second");
    // What that person saw is marked.
    assert!(data(&changed)["exposed_keys"].as_u64().unwrap() >= 2, "{changed}");

    // Out altogether.
    let removed = data(&world.ok(&["vault", "recipient", "remove", &third, "-o", "json"]));
    assert_eq!(removed["rekeyed"], true);
    let out = world.run_as("third", &["connection", "list"]);
    assert_eq!(fault(&out, 8), None);
    assert!(out.stderr.contains("none of the 1 identities opens the vault"), "{out}");
    let gone = world.ok(&["vault", "recipient", "remove", "support", "-o", "json"]);
    assert_eq!(data(&gone)["rekeyed"], false, "a viewer never had a secret");
    assert_eq!(fault(&world.run_as("support", &["status"]), 8), None);
    world.ok(&["vault", "check"]);
}

/// Takes the secrets identity out of the vault as the old operator could, and tries it on the new one.
fn old_keys_open_nothing(world: &World, kept: &[u8], name: &str) {
    use crate::forge::{Plain, identity};
    use crate::snapshot::put;
    let operator = identity(&world.file(&format!("{name}.txt")));
    put(&world.file("kept.age"), kept);
    let old = Plain::open(&world.file("kept.age"), &operator).secrets(&operator);
    let secrets: age::x25519::Identity = std::str::from_utf8(&old[0].1).unwrap().parse().unwrap();
    let new = Plain::open(&world.vault(), &operator);
    let (identities, sealed): (Vec<u8>, Vec<Vec<u8>>) = new.with(|database| {
        let wrapped =
            database.query_row("SELECT wrapped_secrets_identity FROM keyring", [], |row| row.get(0));
        let mut statement = database.prepare("SELECT sealed_private_key FROM keys").unwrap();
        let sealed = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>();
        (wrapped.unwrap(), sealed.unwrap())
    });
    let opens = |bytes: &[u8], identity: &age::x25519::Identity| {
        age::Decryptor::new(bytes).unwrap().decrypt(std::iter::once(identity as &dyn age::Identity)).is_ok()
    };
    assert!(!opens(&identities, &operator), "the new keys are not wrapped for who was demoted");
    assert!(!sealed.is_empty());
    for value in &sealed {
        assert!(!opens(value, &secrets) && !opens(value, &operator));
    }
    // What is gone is gone from the previous generation, too.
    let previous = Plain::open(&world.beside("prev"), &operator);
    let wrapped: Vec<u8> = previous.with(|database| {
        database.query_row("SELECT wrapped_secrets_identity FROM keyring", [], |row| row.get(0)).unwrap()
    });
    assert!(!opens(&wrapped, &operator), "the previous generation is rekeyed, too");
}

#[test]
fn the_last_operator_stays() {
    let world = World::new();
    let me = data(&world.ok(&["vault", "recipient", "list", "-o", "json"]))["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .find(|recipient| recipient["role"] == "operator")
        .unwrap()["public_key"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = Snapshot::of(world.home()).without(&[".locks/", ".audit/"]);
    for line in [
        &["vault", "recipient", "remove", &me][..],
        &["vault", "recipient", "set-role", &me, "--role=viewer"],
    ] {
        let ran = world.run(line);
        assert_eq!(fault(&ran, 9), None);
        assert!(ran.stderr.contains("last operator"), "{ran}");
    }
    assert!(Snapshot::of(world.home()).without(&[".locks/", ".audit/"]) == before);
    // A viewer can be promoted, and then the first may go: themselves included.
    world.ok(&["vault", "recipient", "set-role", "support", "--role=operator"]);
    assert_eq!(world.run_as("support", &["token", "get", "acme"]).code, Some(0));
    let gone = world.ok(&["vault", "recipient", "remove", &me, "-o", "json"]);
    assert_eq!(data(&gone)["rekeyed"], true);
    assert_eq!(fault(&world.run(&["status"]), 8), None);
    let pin = data(&gone)["pin"].as_str().unwrap().to_owned();
    assert_eq!(world.run_as("support", &["token", "get", "acme", "--vault-pin", &pin]).code, Some(0));
}
