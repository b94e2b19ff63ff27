//! Every sealed value of a vault: opened for a check, or opened and sealed anew for a rekey, on all cores.
//!
//! The database is read and written by one thread, in batches; between that the cores open and seal. What is open is
//! in memory only for as long as its batch takes, and wiped.

use std::thread;

use rusqlite::Connection as Database;

use super::cores::{self, joined};
use super::error::VaultError;
use super::rows::Rows;
use super::seal::Sealer;

/// How many values each core gets at once: enough to be worth a thread.
const SHARE: usize = 64;

/// Told how many values were done since it was told last.
pub type Done<'a> = &'a dyn Fn(u64);

/// A column of sealed values: table, id column, sealed column, and what goes around the id in the context.
struct SealedColumn {
    table: &'static str,
    id: &'static str,
    sealed: &'static str,
    context: (&'static str, &'static str),
}

impl SealedColumn {
    fn context(&self, id: &str) -> String {
        format!("{}{id}{}", self.context.0, self.context.1)
    }
}

/// Every column of sealed values; a test compares it with the schema.
const SEALED: &[SealedColumn] = &[
    SealedColumn { table: "apps", id: "id", sealed: "sealed_previous_secret", context: ("app/", "/secret") },
    SealedColumn { table: "apps", id: "id", sealed: "sealed_secret", context: ("app/", "/secret") },
    SealedColumn {
        table: "grants",
        id: "connection_id",
        sealed: "sealed_predecessor",
        context: ("grant/", "/refresh"),
    },
    SealedColumn {
        table: "grants",
        id: "connection_id",
        sealed: "sealed_refresh_token",
        context: ("grant/", "/refresh"),
    },
    SealedColumn {
        table: "invitation_issuer",
        id: "id",
        sealed: "sealed_search_key",
        context: ("invitation-", "/search-key"),
    },
    SealedColumn {
        table: "invitation_keys",
        id: "kid",
        sealed: "sealed_private_key",
        context: ("invitation-key/", "/private"),
    },
    SealedColumn {
        table: "invitations",
        id: "id",
        sealed: "sealed_address",
        context: ("invitation/", "/address"),
    },
    SealedColumn {
        table: "invitations",
        id: "id",
        sealed: "sealed_email",
        context: ("invitation/", "/email"),
    },
    SealedColumn { table: "keys", id: "id", sealed: "sealed_private_key", context: ("key/", "/private") },
    SealedColumn {
        table: "quarantine",
        id: "id",
        sealed: "sealed_refresh_token",
        context: ("quarantine/", "/refresh"),
    },
    SealedColumn {
        table: "tokens",
        id: "connection_id",
        sealed: "sealed_token",
        context: ("token/", "/access"),
    },
];

/// A sealed value and the id of its row.
type Value = (String, Vec<u8>);

/// Opens every value with `old` and stores it sealed by `new`.
pub(super) fn seal_anew(
    database: &Database,
    (old, new): (&Sealer, &Sealer),
    done: Done<'_>,
) -> Result<(), VaultError> {
    for column in SEALED {
        let SealedColumn { table, id, sealed, .. } = column;
        let mut update = database.prepare(&format!("UPDATE {table} SET {sealed} = ?2 WHERE {id} = ?1"))?;
        each(
            database,
            column,
            |key, value| {
                let context = column.context(key);
                new.seal(&context, old.open(&context, value)?.expose())
            },
            |key, value| {
                update.execute((key, value))?;
                done(1);
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// Opens every sealed value and returns how many there are.
pub(super) fn open_all(rows: &Rows<'_>) -> Result<u64, VaultError> {
    let mut opened = 0;
    for column in SEALED {
        let open = |key: &str, value: &[u8]| rows.sealer.open(&column.context(key), value).map(drop);
        each(rows.database, column, open, |_, ()| {
            opened += 1;
            Ok(())
        })?;
    }
    Ok(opened)
}

/// Returns how many sealed values there are.
pub(super) fn count(database: &Database) -> Result<u64, VaultError> {
    let mut counted = 0_u64;
    for SealedColumn { table, sealed, .. } in SEALED {
        let sql = format!("SELECT count({sealed}) FROM {table}");
        counted += u64::from(database.query_row(&sql, [], |row| row.get::<_, u32>(0))?);
    }
    Ok(counted)
}

/// Runs `work` on every value of a column, on all cores, and `then` on each result in order.
fn each<T: Send>(
    database: &Database,
    column: &SealedColumn,
    work: impl Fn(&str, &[u8]) -> Result<T, VaultError> + Sync,
    mut then: impl FnMut(&str, T) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let cores = cores::count();
    for keys in ids(database, column)?.chunks(SHARE * cores) {
        let values = keys
            .iter()
            .map(|key| Ok((key.clone(), value(database, column, key)?)))
            .collect::<Result<Vec<Value>, VaultError>>()?;
        let work_through =
            |part: &[Value]| part.iter().map(|(key, value)| work(key, value)).collect::<Vec<_>>();
        let results: Vec<_> = thread::scope(|scope| {
            let mut parts = values.chunks(SHARE);
            let first = parts.next();
            let others: Vec<_> = parts.map(|part| scope.spawn(move || work_through(part))).collect();
            let mut results = first.map(work_through).unwrap_or_default();
            for other in others {
                results.extend(joined(other));
            }
            results
        });
        for ((key, _), result) in values.iter().zip(results) {
            then(key, result?)?;
        }
    }
    Ok(())
}

fn ids(database: &Database, column: &SealedColumn) -> Result<Vec<String>, VaultError> {
    let SealedColumn { table, id, sealed, .. } = column;
    // Some values are destroyed before their row is.
    let sql = format!("SELECT {id} FROM {table} WHERE {sealed} IS NOT NULL ORDER BY {id}");
    let mut statement = database.prepare(&sql)?;
    let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

fn value(database: &Database, column: &SealedColumn, key: &str) -> Result<Vec<u8>, VaultError> {
    let SealedColumn { table, id, sealed, .. } = column;
    let sql = format!("SELECT {sealed} FROM {table} WHERE {id} = ?1");
    Ok(database.prepare_cached(&sql)?.query_row([key], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use age::x25519;

    use super::*;
    use crate::vault::generation::in_memory;
    use crate::vault::schema;

    #[test]
    fn no_sealed_column_is_forgotten() {
        let database = in_memory().unwrap();
        schema::migrate(&database).unwrap();
        let mut statement = database
            .prepare(
                "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND c.name LIKE 'sealed%' ORDER BY 1",
            )
            .unwrap();
        let in_schema = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let in_schema = in_schema.collect::<Result<Vec<_>, _>>().unwrap();
        let known = SEALED.iter().map(|column| format!("{}.{}", column.table, column.sealed));
        assert_eq!(in_schema, known.collect::<Vec<_>>());
    }

    /// More than all cores take at once, and a last batch that is not full.
    #[test]
    fn many_values_keep_their_places() {
        let database = in_memory().unwrap();
        schema::migrate(&database).unwrap();
        let sealer = || Sealer::operator(x25519::Identity::generate());
        let (old, new) = (sealer(), sealer());
        database.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        let total = SHARE * 9 + 7;
        for index in 0..total {
            let token = old.seal(&format!("token/{index:04}/access"), &index.to_be_bytes()).unwrap();
            put_token(&database, &format!("{index:04}"), &token);
        }
        let seen = std::cell::Cell::new(0);
        seal_anew(&database, (&old, &new), &|steps| seen.set(seen.get() + steps)).unwrap();
        assert_eq!((seen.get(), count(&database).unwrap()), (total as u64, total as u64));
        assert_eq!(open_all(&Rows { database: &database, sealer: &new }).unwrap(), total as u64);
        for index in 0..total {
            let key = format!("{index:04}");
            let column = SEALED.iter().find(|column| column.table == "tokens").unwrap();
            let opened = new.open(&column.context(&key), &value(&database, column, &key).unwrap()).unwrap();
            assert_eq!(*opened.expose(), index.to_be_bytes());
        }
        let stranger = open_all(&Rows { database: &database, sealer: &old });
        assert!(matches!(stranger, Err(VaultError::Damaged(_))), "{stranger:?}");
    }

    fn put_token(database: &Database, id: &str, sealed: &[u8]) {
        database
            .execute(
                "INSERT INTO tokens (connection_id, sealed_token, hash, obtained_at, expires_at, settings_hash) \
                 VALUES (?1, ?2, '', '', '', '')",
                (id, sealed),
            )
            .unwrap();
    }
}
