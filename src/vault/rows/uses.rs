//! When a connection's token was last handed out, as of the last commit.

use jiff::Timestamp;

use super::Rows;
use super::columns::{self, time};
use crate::domain::ids::ConnectionId;
use crate::vault::error::VaultError;

impl Rows<'_> {
    /// Remembers when a connection's token was handed out; an earlier time than the known one changes nothing.
    pub fn note_use(&self, connection: &ConnectionId, used_at: Timestamp) -> Result<(), VaultError> {
        let sql = "INSERT INTO uses (connection_id, used_at) SELECT id, ?2 FROM connections WHERE id = ?1 \
                   ON CONFLICT (connection_id) DO UPDATE SET used_at = max(used_at, excluded.used_at)";
        self.change(sql, [connection.as_str(), &time(used_at)]).map(drop)
    }

    /// Returns when a connection's token was last handed out.
    pub fn last_use(&self, connection: &ConnectionId) -> Result<Option<Timestamp>, VaultError> {
        self.first(
            "SELECT used_at FROM uses WHERE connection_id = ?1",
            [connection.as_str()],
            columns::parsed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, connection, instant};
    use crate::domain::ids::ConnectionId;

    #[test]
    fn the_latest_counts() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let acme = connection("acme");
        rows.insert_connection(&acme).unwrap();
        for seconds in [5, 9, 7] {
            rows.note_use(&acme.id, instant(seconds)).unwrap();
        }
        let nobody = ConnectionId::new();
        rows.note_use(&nobody, instant(1)).unwrap();
        assert_eq!(rows.last_use(&nobody).unwrap(), None);
        assert_eq!(rows.last_use(&acme.id).unwrap(), Some(instant(9)));
    }
}
