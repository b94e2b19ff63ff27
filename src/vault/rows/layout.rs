//! Where the rows lie in the image: together with those that are read with them.
//!
//! SQLite puts a new page where the file ends, whatever it belongs to. After thousands of insertions the pages of a short
//! index lie scattered among those of long tables, and a listing that needs one in twenty decrypts every chunk. `VACUUM`
//! puts each table and index in one piece, and gives back what removed rows left behind.

use rusqlite::Connection as Database;

use super::Rows;
use crate::vault::error::VaultError;
use crate::vault::generation::meta;

/// Up to so many pages it does not matter where they are: an image as small as that is always read whole.
const SMALL: u64 = 128;

impl Rows<'_> {
    /// Puts what belongs together in one piece, if the image is a quarter larger than it was when that was done last, or
    /// a quarter of it is unused: so its cost is spread over what made it necessary.
    ///
    /// Must be called outside a transaction, where changes are allowed. The copy that SQLite makes stays in memory
    /// (`temp_store`, see `generation::settle`).
    ///
    /// Source: sqlite.org/lang_vacuum.html.
    pub(in crate::vault) fn tidy(&self) -> Result<(), VaultError> {
        let pages = count(self.database, "page_count")?;
        let unused = count(self.database, "freelist_count")?;
        let tidied = self.meta(meta::TIDY_PAGES)?.and_then(|pages| pages.parse().ok()).unwrap_or(0_u64);
        if pages <= SMALL || (pages <= tidied + tidied / 4 && unused <= pages / 4) {
            return Ok(());
        }
        self.database.execute_batch("VACUUM")?;
        self.set_meta(meta::TIDY_PAGES, &count(self.database, "page_count")?.to_string())
    }
}

fn count(database: &Database, pragma: &str) -> Result<u64, VaultError> {
    let count: i64 = database.pragma_query_value(None, pragma, |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, connection};
    use super::*;

    /// The chunks (64 KiB, 16 pages) in which a table or an index lies.
    fn chunks_of(rows: &Rows<'_>, name: &str) -> u32 {
        let sql = "SELECT count(DISTINCT (pageno - 1) / 16) FROM dbstat WHERE name = ?1";
        rows.database.query_row(sql, [name], |row| row.get(0)).unwrap()
    }

    fn pages_of(rows: &Rows<'_>, name: &str) -> u32 {
        let sql = "SELECT count(*) FROM dbstat WHERE name = ?1";
        rows.database.query_row(sql, [name], |row| row.get(0)).unwrap()
    }

    /// Keys as long as real ones, for connections with random ids.
    fn insert_keys(rows: &Rows<'_>, names: std::ops::Range<usize>) {
        for number in names {
            let connection = connection(&format!("c{number}"));
            rows.insert_connection(&connection).unwrap();
            let sql = "INSERT INTO keys (id, connection_id, state, algorithm, fingerprint, subject, serial, not_before, \
                       not_after, created_at, certificate_pem, sealed_private_key) VALUES (?1, ?1, 'active', 'rsa-4096', \
                       hex(randomblob(32)), 'CN=acme', '0f', '', '', '', hex(zeroblob(900)), zeroblob(2000))";
            rows.change(sql, [connection.id.as_str()]).unwrap();
        }
    }

    #[test]
    fn what_listings_read_lies_in_one_piece() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        insert_keys(&rows, 0..600);
        let apart = pages_of(&rows, "keys_listed") / 16 + 2;
        assert!(chunks_of(&rows, "keys_listed") > 2 * apart);
        rows.tidy().unwrap();
        let together = chunks_of(&rows, "keys_listed");
        assert!(together <= apart, "{together} of {apart}");

        // A few rows more are not worth it, and many are.
        let tidied = rows.meta(meta::TIDY_PAGES).unwrap();
        insert_keys(&rows, 600..700);
        rows.tidy().unwrap();
        assert_eq!(rows.meta(meta::TIDY_PAGES).unwrap(), tidied);
        insert_keys(&rows, 700..800);
        rows.tidy().unwrap();
        assert_ne!(rows.meta(meta::TIDY_PAGES).unwrap(), tidied);
        assert!(chunks_of(&rows, "keys_listed") <= pages_of(&rows, "keys_listed") / 16 + 2);
    }

    #[test]
    fn what_was_removed_is_given_back() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        insert_keys(&rows, 0..400);
        rows.tidy().unwrap();
        let before = count(rows.database, "page_count").unwrap();
        rows.change("DELETE FROM keys WHERE rowid % 2 = 0", []).unwrap();
        rows.tidy().unwrap();
        assert!(count(rows.database, "page_count").unwrap() < before * 3 / 4);
        assert_eq!(count(rows.database, "freelist_count").unwrap(), 0);
    }

    #[test]
    fn a_small_vault_is_left_as_it_is() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        insert_keys(&rows, 0..9);
        rows.tidy().unwrap();
        assert_eq!(rows.meta(meta::TIDY_PAGES).unwrap(), None);
    }
}
