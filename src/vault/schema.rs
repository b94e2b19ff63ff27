//! The schema: dated migration files, applied in order, and what marks a database as ours.

use rusqlite::Connection as Database;

use super::error::VaultError;
use crate::hooks;

/// `PRAGMA application_id` of a vault's database: `tkct`.
pub const APPLICATION_ID: i32 = 0x746b_6374;

/// Every migration, oldest first; the schema number is how many were applied. Released files never change.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/2026-11-22-spine.sql"),
    include_str!("migrations/2026-11-22-grants.sql"),
    include_str!("migrations/2026-11-22-invitations.sql"),
    include_str!("migrations/2026-11-29-listings.sql"),
];

/// The newest schema that this tokenctl knows.
#[expect(clippy::cast_possible_truncation, reason = "one file per schema change: a handful")]
pub const KNOWN_SCHEMA: u32 = MIGRATIONS.len() as u32;

/// Returns the schema number of `database`, 0 for an empty one.
///
/// Fails with [`VaultError::NewerSchema`] if a newer tokenctl wrote it and with [`VaultError::Damaged`] if it is
/// not a vault's.
pub fn version(database: &Database) -> Result<u32, VaultError> {
    let found: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = database.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found != 0 && application != APPLICATION_ID {
        return Err(VaultError::damaged("its database is not one of tokenctl's"));
    }
    let found = u32::try_from(found).map_err(|_| VaultError::damaged("its schema number is negative"))?;
    if found > KNOWN_SCHEMA && !hooks::mutant("any-schema") {
        return Err(VaultError::NewerSchema { found, known: KNOWN_SCHEMA });
    }
    Ok(found)
}

/// Brings `database` to [`KNOWN_SCHEMA`], all or nothing, and switches foreign keys on for this connection.
///
/// Must be called outside a transaction: SQLite ignores the foreign-key switch inside one. Every opener calls
/// it, readers of an older vault included (their copy is in memory and not written back).
pub fn migrate(database: &Database) -> Result<(), VaultError> {
    let found = version(database)?;
    database.pragma_update(None, "foreign_keys", true)?;
    if found == KNOWN_SCHEMA {
        return Ok(());
    }
    let transaction = database.unchecked_transaction()?;
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", KNOWN_SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests of the schema open databases of their own")]
mod tests {
    use super::*;

    #[test]
    fn migrates_once_and_marks_the_database() {
        let database = Database::open_in_memory().unwrap();
        assert_eq!(version(&database).unwrap(), 0);
        migrate(&database).unwrap();
        migrate(&database).unwrap();
        assert_eq!(version(&database).unwrap(), KNOWN_SCHEMA);
        let foreign_keys: bool = database.pragma_query_value(None, "foreign_keys", |row| row.get(0)).unwrap();
        assert!(foreign_keys);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let database = Database::open_in_memory().unwrap();
        migrate(&database).unwrap();
        database.pragma_update(None, "user_version", KNOWN_SCHEMA + 1).unwrap();
        assert!(matches!(
            migrate(&database),
            Err(VaultError::NewerSchema { found, known }) if found == known + 1
        ));
    }

    #[test]
    fn a_foreign_database_is_refused() {
        let database = Database::open_in_memory().unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        assert!(matches!(migrate(&database), Err(VaultError::Damaged(_))));
    }

    #[test]
    fn a_failed_migration_leaves_nothing() {
        let database = Database::open_in_memory().unwrap();
        // In the way of the first migration.
        database.execute_batch("CREATE TABLE tokens (x)").unwrap();
        assert!(migrate(&database).is_err());
        assert_eq!(version(&database).unwrap(), 0);
        let tables: u32 =
            database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn released_migrations_never_change() {
        let digests = MIGRATIONS.iter().map(|migration| {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, migration.as_bytes());
            crate::domain::ids::hex(digest.as_ref())
        });
        assert_eq!(
            digests.collect::<Vec<_>>(),
            [
                "8ec27733ee8424487c507148676c286f60f34443bdb8f27054b3340667d4a7ca",
                "1e87c8a7f21fe06e96e624adbf4ee62b7dcd00fd3ab1df01100075ff41fb54df",
                "c076b4ada15e06319daa9ea2d193f38924f02307779c2de2d1aaecf90060438d",
                "1530fac586b5c5fa526b2da79b996230348501b6dc176307b85b7aa8f2e3c744",
            ],
            "a released migration was edited: write a new one"
        );
    }
}
