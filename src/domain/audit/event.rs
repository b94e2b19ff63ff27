//! Audit events: what is recorded before and after every mutation and release (`architecture.md` section 8).

use std::collections::BTreeMap;

use super::subject::{Subject, SubjectKind};
use crate::domain::ids::ConnectionId;

/// Something that is worth a record: the action, what it happens to, and harmless details.
///
/// Details hold ids, fingerprints and hashes; never a name, a secret or an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// What is about to happen.
    pub action: Action,
    /// What it happens to: everything that somebody may later ask "what became of this?" about.
    pub subjects: Vec<Subject>,
    /// Ids, fingerprints and hashes that identify the rest.
    pub details: BTreeMap<&'static str, String>,
}

impl AuditEvent {
    /// An event with nothing but its action.
    pub fn new(action: Action) -> Self {
        Self { action, subjects: Vec::new(), details: BTreeMap::new() }
    }

    /// Names a connection that it happens to.
    #[must_use]
    pub fn on(self, connection: &ConnectionId) -> Self {
        self.about(SubjectKind::Connection, connection)
    }

    /// Names every connection that it happens to.
    #[must_use]
    pub fn on_all<'a>(self, connections: impl IntoIterator<Item = &'a ConnectionId>) -> Self {
        connections.into_iter().fold(self, Self::on)
    }

    /// Names something that it happens to, by its id or, for a recipient, its fingerprint.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "`.about(kind, id)` takes ids and text alike")]
    pub fn about(mut self, kind: SubjectKind, id: impl ToString) -> Self {
        self.subjects.push(Subject { kind: kind.as_str().to_owned(), id: id.to_string() });
        self
    }

    /// Adds an id, a fingerprint or a hash.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "`.with(\"key\", id)` takes ids and text alike")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.details.insert(name, value.to_string());
        self
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// What can be recorded; the words are stored, so they never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $variant,)+ }

        impl Action {
            /// All actions, for `audit list --action` and the tests.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stored word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

actions! {
    /// A vault was created.
    VaultCreate = "vault.create",
    /// The secrets identity and the signing key were replaced.
    VaultRekey = "vault.rekey",
    /// The audit head was anchored although nothing else changed.
    VaultAnchor = "vault.anchor",
    /// A copy of the vault was made, to be kept elsewhere.
    VaultBackup = "vault.backup",
    /// What a backup holds became the vault.
    VaultRestore = "vault.restore",
    /// The vault got a new home.
    VaultMoveHome = "vault.move-home",
    /// A recipient was added.
    RecipientAdd = "recipient.add",
    /// A recipient's role was changed.
    RecipientSetRole = "recipient.set-role",
    /// A recipient was removed.
    RecipientRemove = "recipient.remove",
    /// A connection was added.
    ConnectionAdd = "connection.add",
    /// Several connections were added in one commit.
    ConnectionImport = "connection.import",
    /// A connection's settings were changed.
    ConnectionSet = "connection.set",
    /// A connection may be used again.
    ConnectionEnable = "connection.enable",
    /// A connection may not be used.
    ConnectionDisable = "connection.disable",
    /// A connection was removed with its secrets.
    ConnectionRemove = "connection.remove",
    /// An app was added.
    AppAdd = "app.add",
    /// An app's keys or settings were changed.
    AppSet = "app.set",
    /// An app was removed with its client secret.
    AppRemove = "app.remove",
    /// A person consented, and the grant is here.
    GrantLogin = "grant.login",
    /// A grant was taken over from another system.
    GrantImport = "grant.import",
    /// A refresh token was sent.
    GrantRefresh = "grant.refresh",
    /// A grant was given back.
    GrantRevoke = "grant.revoke",
    /// A grant that did not belong where it was asked for was kept apart.
    GrantQuarantine = "grant.quarantine",
    /// A quarantined grant was dropped.
    GrantDrop = "grant.drop",
    /// A company got another name.
    CompanyRename = "company.rename",
    /// A company's connections were given back and forgotten.
    CompanyDisconnect = "company.disconnect",
    /// A first key was made.
    KeyCreate = "key.create",
    /// An existing key was taken over.
    KeyImport = "key.import",
    /// A key became active, or the active key got a new certificate id.
    KeyActivate = "key.activate",
    /// A rotation began.
    RotationInitiate = "rotation.initiate",
    /// The pending key became active.
    RotationConfirm = "rotation.confirm",
    /// The pending key was dropped.
    RotationAbort = "rotation.abort",
    /// The previous key became active again.
    RotationRollback = "rotation.rollback",
    /// The previous key was destroyed.
    RotationRetire = "rotation.retire",
    /// Connections were verified by live exchanges.
    Verify = "verify",
    /// Vendors were asked why they refuse connections.
    Diagnose = "diagnose",
    /// A token was obtained from the vendor.
    TokenObtain = "token.obtain",
    /// A token was handed out.
    TokenRelease = "token.release",
    /// The issuer of invitations was set or changed.
    InvitationSetIssuer = "invitation.set-issuer",
    /// The next signing key of invitations took over.
    InvitationRotateKey = "invitation.rotate-key",
    /// A signing key of invitations leaked; its open invitations were revoked.
    InvitationRevokeKey = "invitation.revoke-key",
    /// Invitations were minted and their tokens handed out.
    InvitationMint = "invitation.mint",
    /// Invitations were delivered.
    InvitationSent = "invitation.sent",
    /// Invitations were taken back.
    InvitationRevoke = "invitation.revoke",
    /// An invitation's link was opened.
    InvitationAccess = "invitation.access",
    /// An invitation's form was begun.
    InvitationStart = "invitation.start",
    /// An invitation's form was handed in.
    InvitationSubmit = "invitation.submit",
    /// An invitation was redeemed.
    InvitationRedeem = "invitation.redeem",
    /// Invitations expired, and personal data was erased.
    InvitationCleanup = "invitation.cleanup",
    /// Something about an invitation is worth telling somebody.
    InvitationSuspicious = "invitation.suspicious",
    /// The log's last line was torn and was cut off; the log itself records this.
    AuditCut = "audit.cut",
}
