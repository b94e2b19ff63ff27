//! How the log names failures.

/// A failure that the audit log can name.
pub trait AuditKind {
    /// The name of the exit code that it leads to, such as `rejected`: an interface, so it never changes.
    fn audit_kind(&self) -> &'static str;
}
