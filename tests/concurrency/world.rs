//! A vault whose connections work against a simulator in this process, and the means to run many processes on it.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokenctl::clock::Clock;
use tokenctl::sim::netsuite::{Admin, CertificateUpload, NewIntegration, Settings};
use tokenctl::sim::{Control, Simulator, SimulatorConfig};
use tokio::runtime::Runtime;

use crate::common::{Place, Ran};

/// Processes at the same time, as the bars have it.
pub(crate) const MANY: usize = 64;
/// How long one process may take on a busy machine before it counts as a deadlock.
const DEADLOCK: Duration = Duration::from_secs(150);
const ACCOUNT: &str = "1234567";

/// A home, a vault in it and a vendor. Everybody lives by one clock, which stands still until it is advanced.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) clock: Clock,
    admin: Admin,
    client_id: String,
    mutants: String,
    simulator: Simulator,
    _runtime: Runtime,
}

impl World {
    /// A vault with the connection `acme`, whose first key is active.
    pub(crate) fn new() -> Self {
        let clock = Clock::manual("2027-03-01T12:00:00Z".parse::<Timestamp>().unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let simulator = runtime.block_on(tokenctl::sim::start(SimulatorConfig::new(clock.clone()))).unwrap();
        let admin = simulator.control().netsuite(ACCOUNT);
        let client_id = admin.create_integration(NewIntegration::default()).unwrap().client_id;
        // Every assertion must be a fresh one, however many processes sign in the same millisecond.
        admin.set_settings(Settings { replay_check: true, ..Settings::default() }).unwrap();
        let world = Self {
            place: Place::new(),
            clock,
            admin,
            client_id,
            mutants: String::new(),
            simulator,
            _runtime: runtime,
        };
        world.ok(&["init"]);
        world.add("acme");
        world.ok(&["keygen", "acme", "--algorithm=ec-p256"]);
        let id = world.upload("acme");
        world.ok(&["cert", "activate", "acme", &id]);
        world.control().forget_calls();
        world
    }

    /// From now on every process has these bugs.
    pub(crate) fn seed(mut self, mutants: &str) -> Self {
        mutants.clone_into(&mut self.mutants);
        self
    }

    pub(crate) fn control(&self) -> Control {
        self.simulator.control()
    }

    pub(crate) fn admin(&self) -> &Admin {
        &self.admin
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// What stands beside the vault.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        self.place.home().join(".local/share/tokenctl").join(format!("vault.age{ending}"))
    }

    /// The file by which the connection is locked.
    pub(crate) fn connection_lock(&self, name: &str) -> PathBuf {
        let shown = self.data(&["connection", "show", name]);
        self.beside(".locks").join(shown["connection"]["id"].as_str().unwrap())
    }

    pub(crate) fn add(&self, name: &str) {
        let line = self.adding(name);
        self.ok(&line.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// The command line that adds a connection; its entity is its own, since no two may be mapped alike.
    pub(crate) fn adding(&self, name: &str) -> Vec<String> {
        let entity = if name == "acme" { "42" } else { name };
        let own = [
            format!("--entity={entity}"),
            format!("--client-id={}", self.client_id),
            format!("--token-url={}", self.admin.token_url()),
        ];
        ["connection", "add", "netsuite", name, "--account=1234567", "--environment=simulator"]
            .map(str::to_owned)
            .into_iter()
            .chain(own)
            .collect()
    }

    pub(crate) fn token_url(&self) -> String {
        self.admin.token_url()
    }

    /// Plays the administrator who uploads the pending certificate; returns the flag with its id.
    pub(crate) fn upload(&self, name: &str) -> String {
        let certificate = self.ok(&["cert", "export", name, "--key=pending"]);
        let upload = CertificateUpload { certificate, entity: "42".to_owned(), role: "1000".to_owned() };
        // One id in 64 begins with a dash; here every one does.
        self.admin.start_next_certificate_id_with_dash().unwrap();
        let id = self.admin.upload_certificate(&self.client_id, upload).unwrap();
        format!("--certificate-id={id}")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command
            .env("TOKENCTL_TEST_NOW", self.clock.now().to_string())
            .env("TOKENCTL_TEST_MUTANTS", &self.mutants)
            .env("TOKENCTL_LOCK_TIMEOUT", "2m");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(start(&mut self.command(arguments)))
    }

    /// Runs what must succeed; returns its stdout.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{ran}");
        ran.stdout
    }

    /// Runs what must succeed; returns the data of its report.
    pub(crate) fn data(&self, arguments: &[&str]) -> Value {
        let stdout = self.ok(&[arguments, &["--output=json"]].concat());
        serde_json::from_str::<Value>(&stdout).unwrap()["data"].take()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.data(&["vault", "info"])["generation"].as_u64().unwrap()
    }

    /// Runs all of `lines` at the same time; returns how each ended, in their order.
    pub(crate) fn fleet<'a>(&self, lines: impl IntoIterator<Item = Vec<&'a str>>) -> Vec<Ran> {
        let children: Vec<_> = lines.into_iter().map(|line| start(&mut self.command(&line))).collect();
        std::thread::scope(|scope| {
            let waiting: Vec<_> =
                children.into_iter().map(|child| scope.spawn(move || finish(child))).collect();
            waiting.into_iter().map(|ran| ran.join().unwrap()).collect()
        })
    }

    /// Whether the vendor lets `token` in.
    pub(crate) fn opens(&self, token: &str) -> bool {
        let mut stream = std::net::TcpStream::connect(self.simulator.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let path = format!("/netsuite/{ACCOUNT}/services/rest/record/v1/metadata-catalog");
        let host = self.simulator.address();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.starts_with("HTTP/1.1 200 ")
    }

    /// What is wrong with the vault and its audit log now that nobody works on it.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for arguments in [&["vault", "check"][..], &["audit", "verify"]] {
            let ran = self.run(arguments);
            if ran.code != Some(0) || !ran.stderr.is_empty() {
                found.push(format!("{arguments:?}: {ran}"));
            }
        }
        found
    }

    /// Requests in the audit log that have no outcome.
    pub(crate) fn open_requests(&self) -> usize {
        let mut open = std::collections::BTreeSet::new();
        let mut months: Vec<_> =
            self.beside(".audit").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        months.sort();
        for line in months.iter().flat_map(|month| {
            let text = std::fs::read_to_string(month).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        }) {
            let Ok(record) = serde_json::from_str::<Value>(&line) else { continue };
            let operation = record["operation"].as_str().unwrap().to_owned();
            match record["kind"].as_str().unwrap() {
                "request" => assert!(open.insert(operation), "two requests of one operation: {line}"),
                "outcome" => assert!(open.remove(&operation), "an outcome without its request: {line}"),
                _ => {}
            }
        }
        open.len()
    }
}

/// How often a sweep repeats itself: `times`, scaled by `SWEEP` in the environment (10 is ten times as long).
pub(crate) fn sweep(times: u32) -> usize {
    let scale: f64 = std::env::var("SWEEP").map_or(1.0, |text| text.parse().unwrap());
    let scaled = (f64::from(times) * scale).round().max(1.0);
    format!("{scaled:.0}").parse().unwrap()
}

/// Starts a process whose output is kept.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a process; one that does not end is a deadlock, and fails the test instead of hanging it.
pub(crate) fn finish(child: Child) -> Ran {
    let pid = Pid::from_child(&child);
    let (sender, done) = mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        let late = matches!(done.recv_timeout(DEADLOCK), Err(mpsc::RecvTimeoutError::Timeout));
        if late {
            // It is not reaped before this thread is told, so the id is still its own.
            kill_process(pid, Signal::KILL).unwrap();
        }
        late
    });
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    drop(sender);
    assert!(!watchdog.join().unwrap(), "deadlock: a process did not end within {DEADLOCK:?}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { stdout: text(stdout), stderr: text(stderr), code: status.code() }
}

/// Counts how many ended with each exit code; -1 stands for a signal.
pub(crate) fn codes(runs: &[Ran]) -> std::collections::BTreeMap<i32, usize> {
    let mut counted = std::collections::BTreeMap::new();
    for ran in runs {
        *counted.entry(ran.code.unwrap_or(-1)).or_default() += 1;
    }
    counted
}

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Clock::system().instant();
    while !condition() {
        assert!(start.elapsed() < DEADLOCK, "it never came to this: {what}");
        std::thread::sleep(Duration::from_millis(2)); // between two looks
    }
}

/// How many wait for the kernel lock on `path`.
///
/// Source: proc_locks(5): a blocked request is a line with `->`, the file is named by its inode.
pub(crate) fn waiters(path: &std::path::Path) -> usize {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(metadata) = path.metadata() else { return 0 };
    let inode = format!(":{} ", metadata.ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().filter(|line| line.contains("->") && line.contains(&inode)).count()
}
