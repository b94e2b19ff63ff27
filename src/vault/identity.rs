//! Identities: the private keys that open a vault, from files, variables or descriptors.
//!
//! Native age identities, passphrase-protected age identity files and ssh-ed25519 keys; ssh-rsa is refused.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::error::VaultError;
use super::file::{self, Privacy};
use super::pin::{self, Pin};
use super::recipient::RecipientKey;
use crate::secret::{Secret, SecretBytes, SecretString};

/// Asks for the passphrase of what its argument names; `None` if there is no answer.
pub type AskPassphrase<'a> = dyn Fn(&str) -> Option<SecretString> + 'a;

/// The largest identity file that is read.
const LIMIT: u64 = 1024 * 1024;

/// A private key that may open a vault.
pub struct Identity {
    key: Key,
    recipient: RecipientKey,
}

enum Key {
    Native(age::x25519::Identity),
    Ssh(age::ssh::Identity),
}

impl Identity {
    /// Returns a fresh native identity.
    pub fn generate() -> Self {
        Self::native(age::x25519::Identity::generate())
    }

    fn native(key: age::x25519::Identity) -> Self {
        Self { recipient: key.to_public().into(), key: Key::Native(key) }
    }

    /// The public key that belongs to it.
    pub fn recipient(&self) -> &RecipientKey {
        &self.recipient
    }

    /// The key as age wants it.
    pub(in crate::vault) fn as_age(&self) -> &dyn age::Identity {
        match &self.key {
            Key::Native(key) => key,
            Key::Ssh(key) => key,
        }
    }
}

/// What one source of identities held.
pub struct IdentityFile {
    /// What it is called in messages.
    name: String,
    /// The private keys.
    pub identities: Vec<Identity>,
    /// The pins in its comment lines.
    pub pins: Vec<Pin>,
    /// The file, if it is one whose comment lines can be kept up to date.
    path: Option<PathBuf>,
    /// Whether the text came out of a passphrase's protection: it cannot be rewritten in place.
    protected: bool,
}

impl IdentityFile {
    /// Reads the identity file at `path`, which nobody else may be able to read.
    pub fn load(path: &Path, ask: &AskPassphrase<'_>) -> Result<Self, VaultError> {
        let bytes = file::read(path, Privacy::OwnerOnly, LIMIT)?;
        Ok(Self::parse(&path.display().to_string(), &bytes, ask)?.kept_at(path.to_owned()))
    }

    /// Reads identities that came from elsewhere; `name` says from where.
    pub fn from_bytes(name: &str, bytes: &SecretBytes, ask: &AskPassphrase<'_>) -> Result<Self, VaultError> {
        Self::parse(name, bytes.expose(), ask)
    }

    /// Says that the text is that of the file at `path`, whose pins are then kept up to date.
    #[must_use]
    pub fn kept_at(mut self, path: PathBuf) -> Self {
        self.path = (!self.protected).then_some(path);
        self
    }

    #[cfg(test)]
    pub(in crate::vault) fn from_pins(pins: Vec<Pin>) -> Self {
        Self { name: "test".to_owned(), identities: Vec::new(), pins, path: None, protected: false }
    }

    fn parse(name: &str, bytes: &[u8], ask: &AskPassphrase<'_>) -> Result<Self, VaultError> {
        if is_age_file(bytes) {
            let plain = unlock(name, bytes, ask)?;
            return Ok(Self { protected: true, ..Self::parse_text(name, &plain, ask)? });
        }
        Self::parse_text(name, bytes, ask)
    }

    fn parse_text(name: &str, bytes: &[u8], ask: &AskPassphrase<'_>) -> Result<Self, VaultError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| VaultError::Identity(format!("{name} is not an identity file")))?;
        let pins = pin::in_comments(text)?;
        let key = after_comments(text);
        let identities =
            if key.starts_with("-----BEGIN ") { vec![ssh(name, key, ask)?] } else { native(name, text)? };
        if identities.is_empty() {
            return Err(VaultError::Identity(format!("{name} holds no identity")));
        }
        Ok(Self { name: name.to_owned(), identities, pins, path: None, protected: false })
    }

    /// Removes an identity file that [`IdentityFile::create`] just wrote and nothing needs.
    pub fn discard(path: &Path) -> Result<(), VaultError> {
        file::remove(path)
    }

    /// Writes a new identity file with mode 0600; fails if anything is at `path`.
    pub fn create(path: &Path, identity: &Identity, pin: &Pin, now: Timestamp) -> Result<(), VaultError> {
        let Key::Native(key) = &identity.key else {
            return Err(VaultError::Identity("only a native age identity is written to a file".to_owned()));
        };
        let secret = key.to_string();
        let content = Zeroizing::new(format!(
            "# created: {now}\n# public key: {}\n{}{pin}\n{}\n",
            identity.recipient,
            pin::COMMENT,
            secret.expose_secret()
        ));
        let mut created = file::create(path)?;
        let written = std::io::Write::write_all(&mut created, content.as_bytes())
            .map_err(VaultError::io("write", path))
            .and_then(|()| file::sync(&created, path))
            .and_then(|()| path.parent().map_or(Ok(()), sync_parent));
        if written.is_err() {
            let _ = file::remove(path);
        }
        written
    }

    /// Trusts `new` as well if the vault is pinned here, and says so in the file that this was read from.
    ///
    /// Returns what is left to the owner, in words, if the source names `old` and cannot be rewritten. Fails if the
    /// file was changed meanwhile and names `old` no more: what it says then is not known.
    pub(in crate::vault) fn add_pin(&mut self, old: &Pin, new: &Pin) -> Result<Option<String>, VaultError> {
        if !self.pins.iter().any(|pin| pin.vault == old.vault) {
            return Ok(None);
        }
        let left_to_do = |why: &str| {
            format!("{} still names the old pin{why}: put the line `{}{new}` there", self.name, pin::COMMENT)
        };
        let (left, path) = match (&self.path, self.edit(|text| with_pin(text, old, new))) {
            (None, _) => (Some(left_to_do("")), None),
            // It named one that was replaced before, or `--vault-pin` counts instead.
            (Some(path), Ok(false)) if !self.pins.contains(old) => (Some(left_to_do("")), Some(path.clone())),
            (Some(path), Ok(true)) => (None, Some(path.clone())),
            (Some(path), Ok(false)) => {
                let path = path.display();
                return Err(VaultError::Identity(format!(
                    "{path} was changed meanwhile and does not name the vault's pin any more"
                )));
            }
            (Some(_), Err(error @ (VaultError::Io { .. } | VaultError::UnsafeFile { .. }))) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                (Some(left_to_do(&format!(" ({error}{})", cause.unwrap_or_default()))), None)
            }
            (Some(_), Err(error)) => return Err(error),
        };
        self.path = path;
        self.pins.push(new.clone());
        Ok(left)
    }

    /// Clears up what an interrupted rekey of the vault of `current` left behind: drafts of this file and pins that
    /// `current` has replaced, which whoever was removed could still sign for. Returns the file if it lost a pin.
    ///
    /// The vault's lock must be held. Two vaults may share an identity file: a draft that is swept from under the
    /// rekey of the other one makes that fail before it changed anything, or leaves its old pin to the next commit.
    pub(in crate::vault) fn settle(&mut self, current: &Pin) -> Result<Option<PathBuf>, VaultError> {
        if !self.pins.contains(current) {
            return Ok(None);
        }
        if let Some(path) = &self.path {
            file::sweep_for(path)?;
        }
        if pin::replaced_by(current, &self.pins).is_empty() {
            return Ok(None);
        }
        let changed = self.edit(|text| {
            let pins = pin::in_comments(text).unwrap_or_default();
            let kept = Zeroizing::new(text.to_owned());
            pin::replaced_by(current, &pins).into_iter().fold(kept, |text, pin| without_pin(&text, pin))
        })?;
        let replaced: Vec<_> = pin::replaced_by(current, &self.pins).into_iter().cloned().collect();
        self.pins.retain(|pin| !replaced.contains(pin));
        Ok(self.path.clone().filter(|_| changed))
    }

    /// Rewrites the file with what `change` makes of its text; returns whether that is another text.
    fn edit(&self, change: impl FnOnce(&str) -> Zeroizing<String>) -> Result<bool, VaultError> {
        let Some(path) = &self.path else { return Ok(false) };
        let bytes = file::read(path, Privacy::OwnerOnly, LIMIT)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| VaultError::Identity(format!("{} is not an identity file", path.display())))?;
        let changed = change(text);
        if *changed == *text {
            return Ok(false);
        }
        file::replace(path, changed.as_bytes())?;
        Ok(true)
    }
}

fn names(line: &str, pin: &Pin) -> bool {
    pin::in_line(line).is_some_and(|found| found.is_ok_and(|found| found == *pin))
}

/// Returns `text` with a line for `new` after the first line that names `old`.
fn with_pin(text: &str, old: &Pin, new: &Pin) -> Zeroizing<String> {
    let added = format!("{}{new}", pin::COMMENT);
    // One allocation that is never outgrown: a reallocation would leave a copy of the secret behind.
    let mut changed = Zeroizing::new(String::with_capacity(text.len() + added.len() + 4));
    let mut is_added = false;
    for line in text.split_inclusive('\n') {
        changed.push_str(line);
        if is_added || !names(line, old) {
            continue;
        }
        let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
        if !line.ends_with('\n') {
            changed.push_str(end);
        }
        changed.push_str(&added);
        changed.push_str(end);
        is_added = true;
    }
    changed
}

/// Returns `text` without the lines that name `old`.
fn without_pin(text: &str, old: &Pin) -> Zeroizing<String> {
    let mut changed = Zeroizing::new(String::with_capacity(text.len()));
    text.split_inclusive('\n').filter(|line| !names(line, old)).for_each(|line| changed.push_str(line));
    changed
}

/// Returns what follows the comments and empty lines that `text` begins with.
fn after_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    rest
}

fn sync_parent(folder: &Path) -> Result<(), VaultError> {
    file::sync_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

fn is_age_file(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/")
        || bytes.trim_ascii_start().starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

fn unlock(name: &str, bytes: &[u8], ask: &AskPassphrase<'_>) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let refuse = |why: &str| VaultError::Identity(format!("{name} {why}"));
    let decryptor = age::Decryptor::new(age::armor::ArmoredReader::new(bytes))
        .map_err(|_| refuse("is a damaged identity file"))?;
    if !decryptor.is_scrypt() {
        return Err(refuse("is encrypted, but not with a passphrase"));
    }
    let passphrase = ask(name).ok_or_else(|| refuse("is protected by a passphrase, and none was given"))?;
    let identity = age::scrypt::Identity::new(for_age(&passphrase));
    let mut reader =
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(|error| match error {
            age::DecryptError::ExcessiveWork { .. } => refuse("needs more work to unlock than is reasonable"),
            _ => refuse("does not open with this passphrase"),
        })?;
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    reader.read_to_end(&mut plain).map_err(|_| refuse("is a damaged identity file"))?;
    Ok(plain)
}

/// Why: boxing text that was allocated exactly moves it, and age wipes the box; a longer buffer would be copied.
fn for_age(passphrase: &SecretString) -> age::secrecy::SecretString {
    passphrase.expose().as_str().into()
}

fn native(name: &str, text: &str) -> Result<Vec<Identity>, VaultError> {
    let mut identities = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The line itself is never repeated: it may be a mistyped secret.
        let key = line.parse::<age::x25519::Identity>().map_err(|_| {
            VaultError::Identity(format!("{name}: line {} is not an age identity", index + 1))
        })?;
        identities.push(Identity::native(key));
    }
    Ok(identities)
}

fn ssh(name: &str, text: &str, ask: &AskPassphrase<'_>) -> Result<Identity, VaultError> {
    let refuse = |why: &str| VaultError::Identity(format!("{name} {why}"));
    if text.starts_with("-----BEGIN RSA PRIVATE KEY-----") {
        return Err(refuse("is an ssh-rsa key; use an age key or an ssh-ed25519 key"));
    }
    let key = age::ssh::Identity::from_buffer(text.as_bytes(), None)
        .map_err(|_| refuse("is neither an age identity nor an ssh-ed25519 key"))?;
    let recipient = age::ssh::Recipient::try_from(key.clone())
        .map_err(|_| refuse("is an ssh key of a kind that cannot be used; use ssh-ed25519"))?;
    let recipient = RecipientKey::try_from(recipient)
        .map_err(|_| refuse("is an ssh-rsa key; use an age key or an ssh-ed25519 key"))?;
    let key = match key {
        age::ssh::Identity::Encrypted(encrypted) => {
            let passphrase =
                ask(name).ok_or_else(|| refuse("is protected by a passphrase, and none was given"))?;
            let unlocked = encrypted
                .decrypt(for_age(&passphrase))
                .map_err(|_| refuse("does not open with this passphrase"))?;
            age::ssh::Identity::Unencrypted(unlocked)
        }
        key => key,
    };
    Ok(Identity { key: Key::Ssh(key), recipient })
}

/// What somebody brings to open a vault.
#[derive(Default)]
pub struct Credentials {
    /// The identities, in the order in which they were found.
    pub files: Vec<IdentityFile>,
    /// The pin that was given explicitly; the pins in the files count only without it.
    pub pin: Option<Pin>,
}

impl Credentials {
    /// All identities.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> + Clone {
        self.files.iter().flat_map(|file| &file.identities)
    }
}

impl From<Identity> for Credentials {
    fn from(identity: Identity) -> Self {
        let file = IdentityFile {
            name: "the identity".to_owned(),
            identities: vec![identity],
            pins: Vec::new(),
            path: None,
            protected: false,
        };
        Self { files: vec![file], pin: None }
    }
}

/// Returns the text of a native identity, for a place that holds variables instead of files.
pub fn secret_text(identity: &Identity) -> Option<SecretString> {
    match &identity.key {
        Key::Native(key) => Some(Secret::new(key.to_string().expose_secret().to_owned())),
        Key::Ssh(_) => None,
    }
}

#[cfg(test)]
mod tests;
