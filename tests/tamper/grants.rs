//! R13 for apps and grants: client secrets, refresh tokens and what they bring come out nowhere.

use tokenctl::sim::quickbooks::{Keys, NewApp, NewCompany, NewGrant};
use tokenctl::sim::{Fault, FaultRule, Vendor};

use crate::canary::Canaries;
use crate::common::Ran;
use crate::common::proof::reached;
use crate::forge::{Plain, identity};
use crate::message::assert_none;
use crate::world::World;

/// Odd characters, so that every way of escaping it is another spelling.
const CLIENT_SECRET: &str = "S3cret%41+/=&\"'<x y>\\9";
const TALK: [&[&str]; 2] = [&["-vv"], &["-vv", "--log-format=json"]];

struct Scene {
    world: World,
    canaries: Canaries,
    hits: Vec<String>,
    runs: usize,
}

impl Scene {
    fn run(&mut self, arguments: &[&str], allowed: &str) -> Ran {
        // Far enough apart that nobody is served by what the run before got.
        self.world.clock.advance(jiff::SignedDuration::from_secs(31));
        let line = [arguments, TALK[self.runs % 2]].concat();
        let ran = self.world.run(&line);
        self.runs += 1;
        let shown = line.join(" ");
        let stdout = self.canaries.search(&format!("stdout of `{shown}`"), ran.stdout.as_bytes(), allowed);
        let stderr = self.canaries.search(&format!("stderr of `{shown}`"), ran.stderr.as_bytes(), "");
        self.hits.extend(stdout.into_iter().chain(stderr));
        ran
    }

    fn ok(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments, "");
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran
    }

    fn fails(&mut self, arguments: &[&str]) {
        let ran = self.run(arguments, "");
        assert_ne!(ran.code, Some(0), "{arguments:?}\n{ran}");
    }

    /// Everything that is sealed in the vault becomes a canary, the tokens under a name of their own.
    fn learn(&mut self) {
        // A commit folds the journal in.
        self.ok(&["connection", "set", "globex", "--tag=touched=now"]);
        let operator = identity(&self.world.file(".config/tokenctl/identity.txt"));
        for (what, secret) in Plain::open(&self.world.vault(), &operator).secrets(&operator) {
            let is_ours = what.starts_with("apps.") || what.starts_with("grants.") || what == "token";
            if is_ours && secret.len() >= 16 {
                self.canaries.add(what, &secret);
            }
        }
    }

    fn search_disk(&mut self) {
        self.hits.extend(self.canaries.search_files(self.world.home(), &["/inputs/"]));
        let viewer = identity(&self.world.file("support.txt"));
        for path in [self.world.vault(), self.world.beside("prev")] {
            let plain = Plain::open(&path, &viewer);
            let place = format!("{}, decrypted by a viewer", path.display());
            self.hits.extend(self.canaries.search(&place, &plain.image, ""));
        }
    }
}

#[test]
fn no_secret_of_an_app_or_a_grant_comes_out() {
    let world = World::new();
    let admin = world.simulator.control().quickbooks();
    let app = admin
        .register_app(NewApp {
            client_id: Some("client-of-books".to_owned()),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            keys: Keys::Development,
            redirect_uris: Vec::new(),
        })
        .unwrap();
    let mut canaries = Canaries::default();
    canaries.add("the client secret", CLIENT_SECRET.as_bytes());
    let mut rows = "name,app,realm,refresh_token\n".to_owned();
    for realm in ["1", "2"] {
        admin.add_company(NewCompany { realm: Some(realm.to_owned()), name: "Acme".to_owned() }).unwrap();
        let (client_id, realm) = (app.client_id.clone(), realm.to_owned());
        let issued = admin.issue_grant(NewGrant { client_id, realm: realm.clone(), scopes: None }).unwrap();
        canaries.add("an imported refresh token", issued.refresh_token.as_bytes());
        rows += &[&format!("q{realm},books,{realm},"), issued.refresh_token.as_str(), "\n"].concat();
    }
    world.place.put("inputs/app.secret", CLIENT_SECRET);
    world.place.put("inputs/wrong.secret", "another secret of many letters");
    canaries.add("a wrong client secret", b"another secret of many letters");
    world.place.put("inputs/grants.csv", &rows);
    world
        .place
        .put("inputs/spoilt.csv", &rows.replace("q1,books", "-,books").replace("q2,books", "q2,nobody"));
    let mut scene = Scene { world, canaries, hits: Vec::new(), runs: 0 };

    let token_url = format!("--token-url={}", admin.token_url());
    let add = ["app", "add", "quickbooks", "books", "--client-id=client-of-books", "--environment=simulator"];
    scene.ok(&[&add[..], &["--client-secret-file=inputs/app.secret", &token_url]].concat());
    scene.fails(&["token", "import", "--from=inputs/spoilt.csv"]);
    scene.fails(&[
        "token",
        "import",
        "q9",
        "--app=books",
        "--realm=1",
        "--refresh-token-file=inputs/grants.csv",
    ]);
    scene.fails(&["connection", "import", "inputs/grants.csv"]);
    scene.ok(&["token", "import", "--from=inputs/grants.csv"]);
    scene.learn();
    for format in ["raw", "header", "env", "json", "exec-credential"] {
        assert_eq!(scene.run(&["token", "get", "q1", "--format", format], "token").code, Some(0));
    }
    scene.ok(&["token", "refresh", "--all"]);
    scene.learn();
    scene.ok(&["verify", "--all"]);

    // A vendor that repeats what it was told, or breaks off.
    for fault in [
        Fault::Refuse { status: 400, error: "invalid_grant".to_owned() },
        Fault::AnswerLost {},
        Fault::TruncatedJson {},
        Fault::MissingToken {},
    ] {
        let rule = scene.world.simulator.control().arm(FaultRule::always(fault).of(Vendor::Quickbooks, "2"));
        scene.fails(&["token", "refresh", "q2"]);
        scene.fails(&["token", "refresh", "q2", "-o", "json"]);
        scene.world.simulator.control().disarm(rule).unwrap();
        scene.ok(&["connection", "show", "q2", "-o", "json"]);
    }
    scene.fails(&["app", "set", "books", "--client-secret-file=inputs/wrong.secret"]);
    scene.ok(&["app", "set", "books", "--client-secret-file=inputs/wrong.secret", "--unproven"]);
    scene.fails(&["token", "refresh", "q1"]);
    scene.ok(&["app", "set", "books", "--revert"]);
    for line in [&["app", "list"][..], &["app", "show", "books"], &["connection", "list"], &["audit", "list"]]
    {
        for format in ["table", "json", "jsonl", "csv", "plain"] {
            scene.ok(&[line, &["-o", format]].concat());
        }
    }
    scene.learn();
    scene.search_disk();
    let Scene { mut hits, runs, canaries, .. } = scene;
    hits.sort();
    hits.dedup();
    assert_none(&hits);
    reached("R13", format!("apps and grants: {runs} runs, {} canaries", canaries.len()), 0);
}
