//! Companies: they live as long as a connection belongs to them.

use jiff::Timestamp;

use super::Rows;
use super::columns::{Columns, time};
use crate::domain::connection::Company;
use crate::domain::ids::CompanyId;
use crate::vault::error::VaultError;

fn read(columns: &mut Columns<'_>) -> Result<Company, VaultError> {
    Ok(Company { id: columns.parsed()?, name: columns.value()? })
}

impl Rows<'_> {
    /// Returns the one company of this name; if there is none, or more than one, adds a new one.
    ///
    /// A company that gets no connection in the same transaction is removed with the next change of one.
    pub fn ensure_company(&self, name: &str) -> Result<Company, VaultError> {
        let mut found = self.all("SELECT id, name FROM companies WHERE name = ?1 LIMIT 2", [name], read)?;
        if let (Some(only), None) = (found.pop(), found.pop()) {
            return Ok(only);
        }
        let company = Company { id: CompanyId::new(), name: name.to_owned() };
        self.change(
            "INSERT INTO companies (id, name) VALUES (?1, ?2)",
            [company.id.as_str(), &company.name],
        )?;
        Ok(company)
    }

    /// Returns the company with this id.
    pub fn company(&self, id: &CompanyId) -> Result<Option<Company>, VaultError> {
        self.first("SELECT id, name FROM companies WHERE id = ?1", [id.as_str()], read)
    }

    /// Returns every company by name.
    pub fn companies(&self) -> Result<Vec<Company>, VaultError> {
        self.all("SELECT id, name FROM companies ORDER BY name COLLATE NOCASE, id", [], read)
    }

    /// Removes companies that no connection belongs to; their names stay as tombstones.
    pub(super) fn drop_empty_companies(&self, removed_at: Timestamp) -> Result<(), VaultError> {
        const EMPTY: &str = "id NOT IN (SELECT company_id FROM connections WHERE company_id IS NOT NULL)";
        let bury = format!(
            "INSERT INTO tombstones (id, kind, name, removed_at) \
             SELECT id, 'company', name, ?1 FROM companies WHERE {EMPTY}"
        );
        self.change(&bury, [time(removed_at)])?;
        self.change(&format!("DELETE FROM companies WHERE {EMPTY}"), [])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, connection, instant};

    #[test]
    fn one_of_a_name_is_reused_and_two_are_not() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let first = rows.ensure_company("Acme").unwrap();
        assert_eq!(rows.ensure_company("Acme").unwrap(), first);
        assert_eq!(rows.company(&first.id).unwrap(), Some(first.clone()));
        assert_ne!(rows.ensure_company("ACME").unwrap().id, first.id);

        rows.change(
            "INSERT INTO companies (id, name) VALUES ('00000000000000000000000000000001', 'Acme')",
            [],
        )
        .unwrap();
        let third = rows.ensure_company("Acme").unwrap();
        assert_ne!(third.id, first.id);
        assert_eq!(rows.companies().unwrap().len(), 4);
    }

    #[test]
    fn goes_with_its_last_connection_and_leaves_its_name() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let company = rows.ensure_company("Acme").unwrap();
        let (mut one, mut two) = (connection("one"), connection("two"));
        (one.company, two.company) = (Some(company.clone()), Some(company.clone()));
        rows.insert_connection(&one).unwrap();
        rows.insert_connection(&two).unwrap();

        rows.remove_connection(&one.id, instant(1)).unwrap();
        assert!(rows.company(&company.id).unwrap().is_some());
        two.company = None;
        rows.update_connection(&two).unwrap();
        assert!(rows.company(&company.id).unwrap().is_none());
        assert_eq!(rows.display_name(company.id.as_str()).unwrap().as_deref(), Some("Acme"));
    }
}
