//! R13: known secrets go in, every command runs as talkatively as it can, and nothing of them comes out.

use std::process::Stdio;

use crate::canary::Canaries;
use crate::common::proof::reached;
use crate::common::{Place, Ran};
use crate::forge::{Plain, identity};
use crate::message::assert_none;
use crate::parrot::Parrot;
use crate::world::World;

/// What a run is asked to say, too.
const TALK: [&[&str]; 2] = [&["-vv"], &["-vv", "--log-format=json"]];
const FORMATS: [&str; 5] = ["table", "json", "jsonl", "csv", "plain"];

/// A vault whose secrets are known, beside a vendor that repeats everything.
struct Scene {
    place: Place,
    parrot: Parrot,
    canaries: Canaries,
    mutants: String,
    hits: Vec<String>,
    runs: usize,
    tokens: usize,
    assertions: usize,
}

impl Scene {
    fn new(mutants: &str) -> Self {
        let scene = Self {
            place: Place::new(),
            parrot: Parrot::start(),
            canaries: Canaries::default(),
            mutants: mutants.to_owned(),
            hits: Vec::new(),
            runs: 0,
            tokens: 0,
            assertions: 0,
        };
        std::fs::create_dir(scene.place.home().join("tmp")).unwrap();
        scene
    }

    /// Runs it, and searches what it said for everything that is secret by then; `allowed` was asked for.
    fn run_allowing(&mut self, arguments: &[&str], allowed: &str, input: Option<&[u8]>) -> Ran {
        let mut command = self.place.command(arguments);
        command
            .env("TOKENCTL_TEST_MUTANTS", &self.mutants)
            .env("TMPDIR", self.place.home().join("tmp"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ran = match input {
            None => self.place.finish(&mut command),
            Some(bytes) => {
                let path = self.place.put("inputs/stdin", &String::from_utf8_lossy(bytes));
                self.place.finish(command.stdin(std::fs::File::open(path).unwrap()))
            }
        };
        for token in &self.parrot.tokens()[self.tokens..] {
            self.canaries.add("a token", token.as_bytes());
            // A part of it is a part too much.
            self.canaries.add("a token's end", &token.as_bytes()[token.len() - 40..]);
        }
        // A request that only asks whether somebody is there has none.
        let assertions = self.parrot.assertions();
        for assertion in
            assertions[self.assertions..].iter().filter(|assertion| assertion.matches('.').count() == 2)
        {
            self.canaries.add("an assertion", assertion.as_bytes());
            self.canaries.add("an assertion's signature", assertion.rsplit('.').next().unwrap().as_bytes());
        }
        (self.tokens, self.assertions) = (self.parrot.tokens().len(), self.parrot.assertions().len());
        let line = arguments.join(" ");
        let stdout = self.canaries.search(&format!("stdout of `{line}`"), ran.stdout.as_bytes(), allowed);
        let stderr = self.canaries.search(&format!("stderr of `{line}`"), ran.stderr.as_bytes(), "");
        self.hits.extend(stdout.into_iter().chain(stderr));
        self.runs += 1;
        ran
    }

    /// Runs it in both kinds of log; the first must succeed.
    fn ok(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run_allowing(&[arguments, TALK[self.runs % 2]].concat(), "", None);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    /// Runs what must fail.
    fn fails(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run_allowing(&[arguments, TALK[self.runs % 2]].concat(), "", None);
        assert_ne!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    /// Searches everything that is on disk, and the vault as a viewer can read it.
    fn search_disk(&mut self) {
        let home = self.place.home().to_owned();
        self.hits.extend(self.canaries.search_files(&home, &["/identity.txt", "/viewer.txt", "/inputs/"]));
        let viewer = identity(&home.join("viewer.txt"));
        for name in ["vault.age", "vault.age.prev"] {
            let path = home.join(".local/share/tokenctl").join(name);
            if path.exists() {
                let plain = Plain::open(&path, &viewer);
                self.hits.extend(self.canaries.search(
                    &format!("{name}, decrypted by a viewer"),
                    &plain.image,
                    "",
                ));
            }
        }
    }

    /// Everything that is sealed now becomes a canary.
    fn learn_sealed(&mut self) {
        let home = self.place.home().to_owned();
        let operator = identity(&home.join(".config/tokenctl/identity.txt"));
        let vault = home.join(".local/share/tokenctl/vault.age");
        for (what, secret) in Plain::open(&vault, &operator).secrets(&operator) {
            match what.as_str() {
                // The tokens are known from the parrot.
                "token" => {}
                // PKCS#8 of P-256: the private number, without what everybody may know.
                "private key" => self.canaries.add(what, &secret[36..68]),
                _ => self.canaries.add(what, &secret),
            }
        }
    }
}

/// The whole story; the short one ends where the seeded bugs have shown themselves.
fn story(scene: &mut Scene, whole: bool) {
    let url = format!("--token-url={}", scene.parrot.url);
    scene.ok(&["init"]);
    let home = scene.place.home().to_owned();
    let own = std::fs::read_to_string(home.join(".config/tokenctl/identity.txt")).unwrap();
    let secret = own.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap().to_owned();
    scene.canaries.add("the identity", secret.as_bytes());
    let viewer = {
        use age::secrecy::ExposeSecret as _;
        let identity = age::x25519::Identity::generate();
        let pin = own.lines().find(|line| line.contains("tkpin1")).unwrap();
        scene.place.put("viewer.txt", &format!("{pin}\n{}\n", identity.to_string().expose_secret()));
        identity.to_public().to_string()
    };
    scene.ok(&["vault", "recipient", "add", &viewer, "--role=viewer", "--label=viewer"]);

    // A key that is known from the start.
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    scene.canaries.add("the imported key", &pair.serialize_der()[36..68]);
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.not_before = time::OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    params.not_after = time::OffsetDateTime::from_unix_timestamp(1_850_000_000).unwrap();
    scene.place.put("inputs/key.pem", &pair.serialize_pem());
    scene.place.put("inputs/cert.pem", &params.self_signed(&pair).unwrap().pem());
    let add = ["connection", "add", "netsuite", "--account=1234567", "--environment=simulator", &url];
    scene.ok(&[&add[..], &["acme", "--client-id=a"]].concat());
    let import = [
        "key",
        "import",
        "acme",
        "--key-file=inputs/key.pem",
        "--cert-file=inputs/cert.pem",
        "--certificate-id=one",
    ];
    scene.ok(&[&import[..], &["-n"]].concat());
    scene.ok(&import);
    scene.ok(&[&add[..], &["globex", "--client-id=b"]].concat());
    scene.ok(&["keygen", "globex", "--algorithm=ec-p256"]);
    scene.learn_sealed();
    scene.ok(&["cert", "activate", "globex", "--certificate-id=two"]);

    for format in ["raw", "header", "env", "json"] {
        for talk in TALK {
            let line = [&["token", "get", "acme", "--format", format][..], talk].concat();
            assert_eq!(scene.run_allowing(&line, "a token", None).code, Some(0));
        }
    }
    scene.ok(&["verify", "--all"]);
    if !whole {
        return scene.search_disk();
    }
    scene.ok(&["rotate", "initiate", "acme"]);
    scene.learn_sealed();
    scene.ok(&["verify", "acme", "--key=pending", "--certificate-id=three"]);
    scene.ok(&["rotate", "confirm", "acme", "--certificate-id=three"]);
    scene.ok(&["rotate", "rollback", "acme"]);
    scene.ok(&["connection", "set", "acme", "--entity=7"]);
    scene.search_disk();
    refusals(scene);
    scene.ok(&["rotate", "retire", "acme"]);
    scene.ok(&["rotate", "initiate", "acme"]);
    scene.ok(&["rotate", "abort", "acme"]);
    scene.ok(&["connection", "disable", "globex"]);
    scene.ok(&["connection", "enable", "globex"]);
    scene.place.put(
        "inputs/rows.jsonl",
        "{\"provider\":\"netsuite\",\"name\":\"bulk\",\"account\":\"1234568\",\"client_id\":\"c\"}\n",
    );
    scene.ok(&["connection", "import", "inputs/rows.jsonl"]);
    scene.ok(&["keygen", "--all-missing", "--algorithm=ec-p256"]);
    scene.ok(&["vault", "recipient", "set-role", "viewer", "--role=operator"]);
    scene.ok(&["vault", "recipient", "set-role", "viewer", "--role=viewer"]);
    scene.learn_sealed();
    reports(scene);
    mistakes(scene, &secret, &pair.serialize_pem());
    scene.ok(&["vault", "backup", "copy.age"]);
    scene.ok(&["connection", "remove", "globex", "--yes"]);
    scene.ok(&["vault", "restore", "copy.age", "--yes"]);
    scene.ok(&["vault", "rekey"]);
    scene.ok(&["vault", "move-home", "--release"]);
    scene.ok(&["vault", "move-home", "--yes"]);
    scene.search_disk();
}

/// Every way in which the vendor can repeat what it was told.
fn refusals(scene: &mut Scene) {
    for mode in Parrot::modes().filter(|mode| *mode != "grants") {
        scene.parrot.set(mode);
        // A short deadline: nobody waits for a vendor that will say the same again.
        scene.fails(&["verify", "acme", "-o", "json", "--deadline=500ms"]);
        scene.fails(&["rotate", "rollback", "acme", "--deadline=500ms"]);
        let bundle = ["--bundle=doctor.json", "--with-names", "--force"];
        scene.fails(&[&["doctor", "acme", "-o", "json", "--deadline=2s"][..], &bundle].concat());
        // The kept result is shown later, too.
        scene.ok(&["connection", "show", "acme", "-o", "json"]);
        scene.ok(&["status"]);
    }
    scene.parrot.set("grants");
    scene.search_disk();
}

/// Everything that shows something, in every format.
fn reports(scene: &mut Scene) {
    for line in [
        &["connection", "list"][..],
        &["connection", "show", "acme"],
        &["cert", "list"],
        &["cert", "show", "acme"],
        &["rotate", "status", "acme"],
        &["audit", "list"],
        &["audit", "verify"],
        &["vault", "info"],
        &["vault", "check"],
        &["vault", "recipient", "list"],
        &["status"],
        &["verify", "acme"],
        &["doctor", "acme"],
        &["help", "environment"],
    ] {
        for format in FORMATS {
            scene.ok(&[line, &["-o", format]].concat());
        }
    }
    for format in ["pem", "der", "jwk"] {
        let out = format!("--out=exported.{format}");
        scene.ok(&["cert", "export", "acme", "--format", format, &out]);
    }
    scene.ok(&["audit", "export"]);
}

/// What people do by mistake with secrets in their hands.
fn mistakes(scene: &mut Scene, secret: &str, pem: &str) {
    scene.fails(&["vault", "recipient", "add", secret, "--role=viewer"]);
    scene.fails(&["--identity-file", secret, "status"]);
    scene.fails(&["--vault-pin", secret, "status"]);
    scene.fails(&["init", "--recipient", secret, "--vault", "other.age"]);
    let spoilt = format!("{}X\n", &secret[..secret.len() - 1]);
    scene.place.put("inputs/spoilt.txt", &spoilt);
    scene.fails(&["--identity-file=inputs/spoilt.txt", "status"]);
    let half: String = pem.split_inclusive('\n').take(3).collect();
    for (name, text) in
        [("half.pem", half.as_str()), ("two.pem", &format!("{pem}{pem}")), ("age.pem", secret)]
    {
        scene.place.put(&format!("inputs/{name}"), text);
        let file = format!("--key-file=inputs/{name}");
        scene.fails(&["key", "import", "bulk", &file, "--cert-file=inputs/cert.pem", "--certificate-id=x"]);
        let file = format!("--cert-file=inputs/{name}");
        scene.fails(&["key", "import", "bulk", "--key-file=inputs/key.pem", &file, "--certificate-id=x"]);
        scene.fails(&["connection", "import", &format!("inputs/{name}")]);
        scene.fails(&["--config", &format!("inputs/{name}"), "status"]);
        scene.fails(&["--identity-file", &format!("inputs/{name}.pem"), "status"]);
    }
    let stdin =
        ["key", "import", "bulk", "--key-file=-", "--cert-file=inputs/cert.pem", "--certificate-id=x", "-vv"];
    let ran = scene.run_allowing(&stdin, "", Some(half.as_bytes()));
    assert_ne!(ran.code, Some(0));
}

#[test]
fn no_secret_comes_out() {
    let mut scene = Scene::new("");
    story(&mut scene, true);
    scene.hits.sort();
    scene.hits.dedup();
    assert_none(&scene.hits);
    reached("R13", format!("{} runs, {} canaries", scene.runs, scene.canaries.len()), 0);
}

#[test]
fn the_harness_finds_a_secret_in_the_log() {
    let mut scene = Scene::new("log-secrets");
    story(&mut scene, false);
    assert!(
        scene.hits.iter().any(|hit| hit.starts_with("an assertion") && hit.contains("stderr")),
        "{:?}",
        scene.hits
    );
}

#[test]
fn the_harness_finds_a_token_in_the_audit_log() {
    let mut scene = Scene::new("token-for-its-hash");
    story(&mut scene, false);
    assert!(
        scene.hits.iter().any(|hit| hit.starts_with("a token") && hit.contains(".audit/")),
        "{:?}",
        scene.hits
    );
}

/// An identity in a variable stays there: none of it reaches a file, and the variable no child.
#[test]
fn an_identity_in_a_variable_leaves_no_trace() {
    let world = World::new();
    let own = world.file(".config/tokenctl/identity.txt");
    let text = std::fs::read_to_string(&own).unwrap();
    let secret = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap().to_owned();
    std::fs::remove_file(own).unwrap();
    let mut canaries = Canaries::default();
    canaries.add("the identity", secret.as_bytes());
    for line in
        [&["status", "-vv"][..], &["token", "get", "acme", "-vv"], &["connection", "disable", "acme", "-vv"]]
    {
        let ran = world.place.finish(world.command(line).env("TOKENCTL_IDENTITY", &secret));
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_none(&canaries.search("the output", ran.to_string().as_bytes(), ""));
    }
    assert_none(&canaries.search_files(world.home(), &[]));
}
