//! A home folder with a vault in it, and the binary that is measured.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use tokenctl::clock::Clock;
use tokenctl::vault::identity::{Credentials, IdentityFile};
use tokenctl::vault::{Stop, Vault};

use crate::measure;

/// The release binary.
#[derive(Clone)]
pub struct Binary(PathBuf);

impl Binary {
    /// Builds it from the sources beside this package; `TOKENCTL_BIN` names one that is there already.
    pub fn build() -> Self {
        if let Some(path) = std::env::var_os("TOKENCTL_BIN") {
            return Self(PathBuf::from(path).canonicalize().expect("TOKENCTL_BIN is a program"));
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is in a folder");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "--release", "--locked", "--bin", "tokenctl", "--target-dir", "target"];
        let status = Command::new(cargo).args(build).current_dir(root).status();
        assert!(status.is_ok_and(|status| status.success()), "the program does not build");
        Self(root.join("target/release/tokenctl"))
    }

    /// It, with nothing but a home in its environment.
    pub fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(arguments).env_clear().env("HOME", home).current_dir(home);
        command
    }
}

/// A home folder that goes away with this.
pub struct Place {
    home: tempfile::TempDir,
    /// What is measured.
    pub binary: Binary,
}

impl Place {
    /// A folder with a fresh vault.
    pub fn new(binary: &Binary) -> Self {
        let keep = std::env::args().any(|word| word == "keep");
        let home = tempfile::Builder::new().prefix("tokenctl-bench-").disable_cleanup(keep).tempdir();
        let home = home.expect("a temporary folder");
        let place = Self { home, binary: binary.clone() };
        place.run(&["init"]);
        place
    }

    /// A file below the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file that only its owner can read.
    pub fn put(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file in the temporary folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
        path.display().to_string()
    }

    /// The vault file.
    pub fn vault(&self) -> PathBuf {
        self.path(".local/share/tokenctl/vault.age")
    }

    /// The identity file.
    pub fn identity(&self) -> PathBuf {
        self.path(".config/tokenctl/identity.txt")
    }

    /// The binary in this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.binary.command(self.home.path(), arguments)
    }

    /// Runs it; panics with its words if it fails.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().expect("the program starts");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}\n{words}", output.status);
        output
    }

    /// Returns how long it runs.
    pub fn time(&self, arguments: &[&str]) -> Duration {
        measure::once(&mut self.command(arguments))
    }

    /// Whether it knows this command.
    pub fn knows(&self, command: &[&str]) -> bool {
        let asked = self.command(&[command, &["--help"]].concat()).output();
        asked.is_ok_and(|output| output.status.success())
    }

    /// Opens the vault in this process.
    pub fn open(&self) -> Vault {
        let place = tokenctl::vault::Place {
            vault: self.vault(),
            state_dir: self.path(".local/state/tokenctl"),
            home_id: None,
            lock_timeout: Duration::from_secs(10),
            command: "tokenctl benchmark".to_owned(),
            stop: Stop::default(),
        };
        let file = IdentityFile::load(&self.identity(), &|_| None).expect("`init` wrote it");
        Vault::open(place, Credentials { files: vec![file], pin: None }, Clock::system()).expect("it opens")
    }

    /// The public key of the identity.
    pub fn recipient(&self) -> String {
        let text = fs::read_to_string(self.identity()).expect("`init` wrote it");
        let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
        line.expect("`init` wrote it").to_owned()
    }
}
