//! Finds the identity that opens the vault. What its text means is the vault's business.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::input::open_regular;
use super::settings::IdentityChoice;
use super::{Environment, Paths};
use crate::cli::values::IdentityFile;
use crate::commands::{CommandError, Exit};
use crate::ops::IdentityText;
use crate::output::Hint;
use crate::output::sink::check_mode;
use crate::secret::{Secret, SecretBytes};

/// An identity file is a few lines; an encrypted one a few more. More than 64 KiB is something else.
const LIMIT: u64 = 64 * 1024;

/// Returns the first identity of the search: flag and variable, the key itself in `TOKENCTL_IDENTITY`, systemd's
/// credential, the config file, the user's own file; `None` if there is none.
///
/// What the user named must exist; a file that others can read is refused (exit 9).
pub fn find(
    choice: Option<&IdentityChoice>,
    environment: &Environment,
    paths: &Paths,
) -> Result<Option<IdentityText>, CommandError> {
    if let Some(IdentityChoice::First(file)) = choice {
        return named(file, true).map(Some);
    }
    if environment.has_broken_identity() {
        return Err(CommandError::usage("TOKENCTL_IDENTITY does not hold text")
            .hinted(Hint::command("what it may hold is explained by", ["help", "security"])));
    }
    if let Some(key) = environment.identity() {
        let text = Secret::new(key.expose().as_bytes().to_vec());
        return Ok(Some(IdentityText { origin: "TOKENCTL_IDENTITY".to_owned(), text, path: None }));
    }
    if let Some(folder) = environment.path("CREDENTIALS_DIRECTORY")
        && let Some(identity) = existing(&folder.join("tokenctl-identity"), credential)?
    {
        // systemd keeps the original: what is written to this copy is lost with the unit.
        return Ok(Some(IdentityText { path: None, ..identity }));
    }
    if let Some(IdentityChoice::Later(file)) = choice {
        return named(file, false).map(Some);
    }
    existing(&paths.config.join("identity.txt"), checked)
}

/// As [`find`], where nobody may be kept waiting and nothing may be consumed: a file alone, no pipe.
pub fn find_at_rest(
    choice: Option<&IdentityChoice>,
    environment: &Environment,
    paths: &Paths,
) -> Option<IdentityText> {
    match choice {
        Some(IdentityChoice::First(file @ IdentityFile::Path(_))) => named(file, false).ok(),
        Some(IdentityChoice::Later(IdentityFile::Path(_))) | None => {
            find(choice, environment, paths).ok().flatten()
        }
        Some(_) => None,
    }
}

/// Reads what the user named; only what was named for this very command (`now`) may be a pipe, which can make it
/// wait: a shell's process substitution is one.
fn named(file: &IdentityFile, now: bool) -> Result<IdentityText, CommandError> {
    let origin = file.to_string();
    let result = match file {
        IdentityFile::Path(path) => {
            let opened = if now { File::open(path) } else { open_regular(path) };
            opened.map_err(Failure::Io).and_then(|file| checked(path, file))
        }
        IdentityFile::Stdin => read(io::stdin().lock()).map_err(Failure::Io),
        // Why: a number becomes a descriptor without unsafe code only by opening it again; the kernel lets a
        // process do that to its own descriptors even when it is not dumpable (proc_fd_permission).
        IdentityFile::Descriptor(number) => {
            File::open(format!("/proc/self/fd/{number}")).and_then(read).map_err(Failure::Io)
        }
    };
    match result {
        Ok(text) => {
            let path = match file {
                IdentityFile::Path(path) => Some(path.clone()),
                IdentityFile::Stdin | IdentityFile::Descriptor(_) => None,
            };
            Ok(IdentityText { origin, text, path })
        }
        Err(failure) => Err(failure.on(&origin)),
    }
}

type Read = fn(&Path, File) -> Result<SecretBytes, Failure>;

fn existing(path: &Path, read: Read) -> Result<Option<IdentityText>, CommandError> {
    let origin = path.display().to_string();
    match open_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Io(error).on(&origin)),
        Ok(file) => match read(path, file) {
            Ok(text) => Ok(Some(IdentityText { origin, text, path: Some(path.to_owned()) })),
            Err(failure) => Err(failure.on(&origin)),
        },
    }
}

/// Why: from version 254 on, systemd lets a service's account read root's file by an access control list, whose mask is
/// what the group's bits show. Nobody else gets into the folder. (systemd issue 29435)
fn credential(path: &Path, file: File) -> Result<SecretBytes, Failure> {
    let found = file.metadata().map_err(Failure::Io)?;
    if found.uid() == 0 && found.mode() & 0o777 == 0o440 {
        return read(file).map_err(Failure::Io);
    }
    checked(path, file)
}

fn checked(path: &Path, file: File) -> Result<SecretBytes, Failure> {
    match check_mode(path, &file, true).map_err(Failure::Io)? {
        Ok(()) => read(file).map_err(Failure::Io),
        Err(unsafe_mode) => Err(Failure::Refused(unsafe_mode.into())),
    }
}

/// Reads into one allocation of the full size: a vector that grows would leave copies behind.
fn read(source: impl io::Read) -> io::Result<SecretBytes> {
    let capacity = usize::try_from(LIMIT).unwrap_or(usize::MAX) + 1;
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(capacity));
    source.take(LIMIT + 1).read_to_end(&mut text)?;
    if text.len() >= capacity {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 KiB"));
    }
    Ok(Secret::new(std::mem::take(&mut *text)))
}

enum Failure {
    Io(io::Error),
    Refused(CommandError),
}

impl Failure {
    fn on(self, origin: &str) -> CommandError {
        match self {
            Self::Refused(error) => error.doing("cannot use the identity"),
            Self::Io(error) => {
                CommandError::new(Exit::Vault, format!("cannot read the identity from {origin}"))
                    .because(error.to_string())
                    .hinted(Hint::command(
                        "where identities are looked for is explained by",
                        ["help", "security"],
                    ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::output::sink::{Audience, Export, write_file};

    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap() }
        }

        fn put(&self, path: &str, text: &str) -> std::path::PathBuf {
            let path = self.dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            write_file(&Export { path: &path, audience: Audience::Owner, replace: false }, text.as_bytes())
                .unwrap();
            path
        }

        fn find(
            &self,
            choice: Option<&IdentityChoice>,
            variables: &[(&str, &str)],
        ) -> Result<Option<String>, Exit> {
            let home = self.dir.path().display().to_string();
            let variables = variables.iter().copied().chain([("HOME", home.as_str())]);
            let environment = Environment::new(variables.map(|(name, value)| (name.into(), value.into())));
            let paths = Paths::new(&environment).unwrap();
            let found = find(choice, &environment, &paths).map_err(|error| error.exit())?;
            Ok(found.map(|identity| identity.text.into_text().unwrap().expose().clone()))
        }
    }

    #[test]
    fn the_order_of_the_search() {
        let place = Place::new();
        assert_eq!(place.find(None, &[]), Ok(None));
        place.put(".config/tokenctl/identity.txt", "own");
        assert_eq!(place.find(None, &[]), Ok(Some("own".into())));
        let later = IdentityChoice::Later(IdentityFile::Path(place.put("config", "config")));
        assert_eq!(place.find(Some(&later), &[]), Ok(Some("config".into())));
        let credential = place.put("credentials/tokenctl-identity", "credential");
        let folder = credential.parent().unwrap().display().to_string();
        let credentials = ("CREDENTIALS_DIRECTORY", folder.as_str());
        assert_eq!(place.find(Some(&later), &[credentials]), Ok(Some("credential".into())));
        let key = ("TOKENCTL_IDENTITY", "key");
        assert_eq!(place.find(Some(&later), &[credentials, key]), Ok(Some("key".into())));
        let first = IdentityChoice::First(IdentityFile::Path(place.put("flag", "flag")));
        assert_eq!(place.find(Some(&first), &[credentials, key]), Ok(Some("flag".into())));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_fix() {
        let place = Place::new();
        let path = place.put(".config/tokenctl/identity.txt", "own");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(place.find(None, &[]), Err(Exit::Refused));
        let Err(error) = named(&IdentityFile::Path(path.clone()), true) else { panic!("refused") };
        assert_eq!(error.hints()[0].to_string(), format!("to mend it, run `chmod 600 {}`", path.display()));
    }

    /// As systemd leaves it for a service with an account of its own.
    #[test]
    fn a_credential_of_root_with_an_access_control_list_is_read() {
        let place = Place::new();
        let credential = place.put("credentials/tokenctl-identity", "credential");
        let folder = credential.parent().unwrap().display().to_string();
        let found = |mode| {
            std::fs::set_permissions(&credential, std::fs::Permissions::from_mode(mode)).unwrap();
            place.find(None, &[("CREDENTIALS_DIRECTORY", &folder)])
        };
        assert_eq!(found(0o400), Ok(Some("credential".into())));
        if rustix::process::geteuid().is_root() {
            assert_eq!(found(0o440), Ok(Some("credential".into())));
        } else {
            assert_eq!(found(0o440), Err(Exit::Refused), "ours, so systemd did not make it");
        }
        for mode in [0o444, 0o460, 0o640] {
            assert_eq!(found(mode), Err(Exit::Refused), "{mode:o}");
        }
    }

    #[test]
    fn what_was_named_must_be_there_and_small() {
        let place = Place::new();
        let missing = IdentityChoice::First(IdentityFile::Path(place.dir.path().join("missing")));
        assert_eq!(place.find(Some(&missing), &[]), Err(Exit::Vault));
        let huge = IdentityChoice::First(IdentityFile::Path(place.put("huge", &"x".repeat(70_000))));
        assert_eq!(place.find(Some(&huge), &[]), Err(Exit::Vault));
        assert_eq!(
            place.find(Some(&IdentityChoice::First(IdentityFile::Descriptor(9999))), &[]),
            Err(Exit::Vault)
        );
    }

    #[test]
    fn a_descriptor_is_read() {
        use std::os::fd::AsRawFd as _;
        let place = Place::new();
        let file = File::open(place.put("inherited", "from a descriptor")).unwrap();
        let number = u32::try_from(file.as_raw_fd()).unwrap();
        let choice = IdentityChoice::First(IdentityFile::Descriptor(number));
        assert_eq!(place.find(Some(&choice), &[]), Ok(Some("from a descriptor".into())));
    }
}
