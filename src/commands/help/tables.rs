//! Tables of the topics that manual pages show, too.

/// A file or a folder that is read or written.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct FileEntry {
    /// Where it is.
    pub(in crate::commands) path: &'static str,
    /// What it is for.
    pub(in crate::commands) meaning: &'static str,
    /// Whether most commands touch it.
    pub(in crate::commands) usual: bool,
}

const fn file(path: &'static str, usual: bool, meaning: &'static str) -> FileEntry {
    FileEntry { path, meaning, usual }
}

/// Every file, in the order of the help.
pub(in crate::commands) const FILES: &[FileEntry] = &[
    file(
        "$XDG_DATA_HOME/tokenctl/vault.age",
        true,
        "the vault: a standard age file around a signed SQLite database",
    ),
    file("…/vault.age.prev", false, "the generation before"),
    file("…/vault.age.replaced-…", false, "what `vault restore` found in place and could not keep as that"),
    file("…/vault.age.unread/", false, "journal entries that opened to nobody when a backup was restored"),
    file("…/vault.age.audit-…", false, "a log that was not this vault's"),
    file("…/vault.age.journal/", false, "token state since the last commit"),
    file("…/vault.age.audit/", false, "the audit log, one file per month"),
    file("…/vault.age.locks/", false, "one lock per connection; left in place"),
    file(
        "$XDG_CONFIG_HOME/tokenctl/identity.txt",
        true,
        "the age identity, and the vault's pin as a comment line",
    ),
    file(
        "$XDG_CONFIG_HOME/tokenctl/config.toml",
        true,
        "settings (`tokenctl help environment` has the keys)",
    ),
    file("$XDG_STATE_HOME/tokenctl/vaults/", true, "the newest generation seen here"),
    file("$XDG_STATE_HOME/tokenctl/backups/", false, "the last backup made here"),
    file(
        "$XDG_RUNTIME_DIR/tokenctl/exec-…/",
        false,
        "the socket of one `exec --live`; in the folder above if there is no such variable",
    ),
];

/// Variables that are no settings.
pub(in crate::commands) const VARIABLES: &[(&str, &str)] = &[
    (
        "TOKENCTL_IDENTITY",
        "the age identity itself, for CI stores that only know variables; never passed on to a child",
    ),
    (
        "TOKENCTL_HOME_ID",
        "what this machine is called as a vault's home, instead of its machine id; for containers, which have none that lasts",
    ),
    (
        "CREDENTIALS_DIRECTORY",
        "where systemd puts credentials; `tokenctl-identity` in it is an identity file",
    ),
    ("XDG_DATA_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME, HOME", "where files are looked for"),
    (
        "XDG_RUNTIME_DIR",
        "where the socket of `exec --live` is, if it is a folder that nobody else can write to",
    ),
    ("NO_COLOR", "no colour, if it is not empty"),
    ("CLICOLOR_FORCE", "colour even without a terminal, if it is not 0"),
    ("TERM=dumb", "no colour"),
    ("LC_ALL, LC_CTYPE, LANG", "whether the terminal shows UTF-8, for the timeline of `status`"),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "the way to vendors, in either case"),
    ("COMPLETE", "set by the shells' completion scripts"),
];
