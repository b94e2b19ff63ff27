//! `init`, `vault info`, `vault check` and `vault recipient …`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::domain::counted::counted;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::{Cell, Tone, View};

/// `init`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Init {
    /// The vault file.
    pub vault: String,
    /// The vault's id; none with `--dry-run`.
    pub vault_id: Option<String>,
    /// What readers need to trust the vault: its id and the key that signs it.
    pub pin: Option<String>,
    /// The identity file that was made.
    pub identity: Option<String>,
    /// Who can open the vault.
    pub recipients: Vec<RecipientRow>,
    /// What only exists here and must be kept elsewhere, too.
    pub back_up: Vec<String>,
    /// Whether anything was created; not with `--dry-run`.
    pub created: bool,
}

impl Init {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&["vault", "vault_id", "pin", "identity", "created"]);
}

impl Report for Init {
    fn schema(&self) -> &'static str {
        "init/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&str, Cell)> = vec![("vault", self.vault.as_str().into())];
        if let Some(identity) = &self.identity {
            facts.push(("identity", identity.as_str().into()));
        }
        if let Some(pin) = &self.pin {
            facts.push(("pin", pin.as_str().into()));
        }
        for recipient in &self.recipients {
            facts.push((recipient.role, recipient.public_key.as_str().into()));
        }
        let mut view = View::new().line(if self.created { "created" } else { "would create" }).facts(facts);
        if !self.back_up.is_empty() {
            view = view.line("Back up, apart from each other:");
        }
        for what in &self.back_up {
            view = view.line(format!("  {what}"));
        }
        view
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// Somebody who can open the vault.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecipientRow {
    /// The age or ssh public key.
    pub public_key: String,
    /// SHA-256 of the key, as the audit log names it.
    pub fingerprint: String,
    /// viewer or operator.
    pub role: &'static str,
    /// Whose it is.
    pub label: Option<String>,
    /// Since when.
    pub added_at: Option<Timestamp>,
    /// Whether it is the one that opened the vault now.
    pub you: bool,
}

/// Two lines each: who it is, and the public key, which is there to be copied and never cut.
pub(super) fn with_recipients(view: View, recipients: &[RecipientRow]) -> View {
    let facts = recipients.iter().flat_map(|recipient| {
        let you = recipient.you.then(|| "you".to_owned());
        let since = recipient.added_at.map(|at| format!("since {}", at.strftime("%Y-%m-%d")));
        let who: Vec<_> = recipient.label.iter().cloned().chain(since).chain(you).collect();
        [(recipient.role, Cell::from(who.join(", "))), ("", recipient.public_key.as_str().into())]
    });
    view.facts(facts)
}

/// `vault recipient list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecipientList {
    /// Operators first.
    pub recipients: Vec<RecipientRow>,
}

impl RecipientList {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::of("recipients", &["public_key", "fingerprint", "role", "label", "added_at", "you"]);
}

impl Report for RecipientList {
    fn schema(&self) -> &'static str {
        "recipient-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        with_recipients(View::new(), &self.recipients)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `vault recipient add`, `set-role` and `remove`
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecipientChange {
    /// added, changed or removed; planned with `--dry-run`.
    pub action: &'static str,
    /// Who.
    pub recipient: RecipientRow,
    /// Whether the secrets identity and the signing key were replaced.
    pub rekeyed: bool,
    /// The pin that counts from now on.
    pub pin: String,
    /// How many keys the former operator may hold copies of.
    pub exposed_keys: u32,
}

impl RecipientChange {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "recipient.public_key",
        "recipient.role",
        "rekeyed",
        "pin",
        "exposed_keys",
    ]);
}

impl Report for RecipientChange {
    fn schema(&self) -> &'static str {
        "recipient/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let who = self.recipient.label.as_deref().unwrap_or(&self.recipient.public_key);
        let view = View::new().line(format!("{}: {} {who}", self.action, self.recipient.role));
        let mut facts: Vec<(&str, Cell)> = vec![("pin", self.pin.as_str().into())];
        if self.rekeyed {
            facts.push((
                "rekeyed",
                Cell::toned("every secret was sealed anew; the pin changed", Tone::Warning),
            ));
            facts.push(("exposed keys", self.exposed_keys.to_string().into()));
        }
        view.facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `vault info`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Info {
    /// The vault file.
    pub path: String,
    /// Its id.
    pub vault_id: String,
    /// What readers need to trust it.
    pub pin: String,
    /// The role of the identity that opened it.
    pub role: &'static str,
    /// How often it was written.
    pub generation: u64,
    /// Version of the tables.
    pub schema: u32,
    /// Bytes on disk.
    pub size: u64,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Where it may be written.
    pub home: String,
    /// Whether that is here.
    pub at_home: bool,
    /// Whether its home gave it up, so that nobody writes it until somebody takes it over.
    pub home_released: bool,
    /// How many connections it holds.
    pub connections: u32,
    /// How many keys it holds.
    pub keys: u32,
    /// Who can open it.
    pub recipients: Vec<RecipientRow>,
    /// Whether there is only one operator: if that identity is lost, so is everything.
    pub single_operator: bool,
    /// Entries in the journal that the next commit folds in.
    pub journal_entries: Option<usize>,
}

impl Info {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "path",
        "vault_id",
        "pin",
        "role",
        "generation",
        "schema",
        "size",
        "created_at",
        "home",
        "at_home",
        "home_released",
        "connections",
        "keys",
        "single_operator",
        "journal_entries",
    ]);
}

impl Report for Info {
    fn schema(&self) -> &'static str {
        "vault/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let home = if self.at_home {
            Cell::toned(format!("here ({})", self.home), Tone::Good)
        } else if self.home_released {
            Cell::toned(format!("nowhere (given up at {}): read-only everywhere", self.home), Tone::Warning)
        } else {
            Cell::toned(format!("elsewhere ({}): read-only here", self.home), Tone::Warning)
        };
        let facts: Vec<(&str, Cell)> = vec![
            ("vault", self.path.as_str().into()),
            ("id", Cell::dim(self.vault_id.as_str())),
            ("pin", self.pin.as_str().into()),
            ("home", home),
            ("your role", self.role.into()),
            ("generation", self.generation.to_string().into()),
            ("schema", self.schema.to_string().into()),
            ("size", format!("{} KiB", self.size.div_ceil(1024)).into()),
            ("created", self.created_at.map(moment).into()),
            (
                "holds",
                format!("{}, {}", counted(self.connections, "connection"), counted(self.keys, "key")).into(),
            ),
            (
                "journal",
                match self.journal_entries {
                    Some(entries) => counted(entries, "entry").into(),
                    None => "only the owner of the vault can read it".into(),
                },
            ),
        ];
        with_recipients(View::new().facts(facts), &self.recipients)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// One thing that `vault check` looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckRow {
    /// What was looked at.
    pub check: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What was found, or what is wrong.
    pub found: String,
}

/// `vault check`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Check {
    /// Everything that was looked at.
    pub checks: Vec<CheckRow>,
}

impl Check {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("checks", &["check", "ok", "found"]);
}

impl Report for Check {
    fn schema(&self) -> &'static str {
        "vault-check/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let tone = |row: &CheckRow| if row.ok { Tone::Good } else { Tone::Bad };
        // The word, too: not everybody sees the colour.
        let found =
            |row: &CheckRow| if row.ok { row.found.clone() } else { format!("failed: {}", row.found) };
        let facts = self.checks.iter().map(|row| (row.check, Cell::toned(found(row), tone(row))));
        let view = View::new().facts(facts);
        if self.checks.iter().all(|row| row.ok) {
            view.line(Cell::toned("the vault holds together", Tone::Good))
        } else {
            view
        }
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
