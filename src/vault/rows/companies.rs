//! Companies: they live as long as a connection belongs to them.

use jiff::Timestamp;

use super::Rows;
use super::columns::{self, Columns};
use crate::domain::connection::Company;
use crate::domain::ids::CompanyId;
use crate::vault::error::VaultError;

pub(super) fn read(columns: &mut Columns<'_>) -> Result<Company, VaultError> {
    Ok(Company { id: columns.parsed()?, name: columns.value()? })
}

impl Rows<'_> {
    /// Returns the one company of this name; if there is none, or more than one, adds a new one.
    ///
    /// It lives as long as a connection belongs to it.
    pub fn ensure_company(&self, name: &str) -> Result<Company, VaultError> {
        let (company, is_new) = self.company_named(name)?;
        if is_new {
            self.change(
                "INSERT INTO companies (id, name) VALUES (?1, ?2)",
                [company.id.as_str(), &company.name],
            )?;
        }
        Ok(company)
    }

    /// Returns what [`Rows::ensure_company`] would, without adding it.
    pub fn planned_company(&self, name: &str) -> Result<Company, VaultError> {
        Ok(self.company_named(name)?.0)
    }

    /// Returns the one company of this name, or a new one; and whether it is new.
    fn company_named(&self, name: &str) -> Result<(Company, bool), VaultError> {
        let mut found = self.all("SELECT id, name FROM companies WHERE name = ?1 LIMIT 2", [name], read)?;
        Ok(match (found.pop(), found.pop()) {
            (Some(only), None) => (only, false),
            _ => (Company { id: CompanyId::new(), name: name.to_owned() }, true),
        })
    }

    /// Returns the company with this id.
    pub fn company(&self, id: &CompanyId) -> Result<Option<Company>, VaultError> {
        self.first("SELECT id, name FROM companies WHERE id = ?1", [id.as_str()], read)
    }

    /// Returns every company by name.
    pub fn companies(&self) -> Result<Vec<Company>, VaultError> {
        self.all("SELECT id, name FROM companies ORDER BY name COLLATE NOCASE, id", [], read)
    }

    /// Gives a company another name; fails with [`VaultError::Gone`] if there is no such company.
    pub fn rename_company(&self, id: &CompanyId, name: &str) -> Result<(), VaultError> {
        let sql = "UPDATE companies SET name = ?2 WHERE id = ?1";
        self.change_one("company", sql, [id.as_str(), name])
    }

    /// Removes a company that no connection belongs to any more; its name stays as a tombstone.
    pub(super) fn leave_company(&self, id: &CompanyId, removed_at: Timestamp) -> Result<(), VaultError> {
        match self.remove_empty_company(id)? {
            Some(name) => self.bury("company", id.as_str(), &name, removed_at),
            None => Ok(()),
        }
    }

    /// Removes a company that no connection belongs to, and returns its name if it was removed.
    pub(super) fn remove_empty_company(&self, id: &CompanyId) -> Result<Option<String>, VaultError> {
        let sql = "DELETE FROM companies WHERE id = ?1 \
                   AND NOT EXISTS (SELECT 1 FROM connections WHERE company_id = ?1) RETURNING name";
        self.first(sql, [id.as_str()], columns::value)
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
        let other = rows.ensure_company("Other").unwrap();
        let (mut one, mut two) = (connection("one"), connection("two"));
        (one.company, two.company) = (Some(company.clone()), Some(company.clone()));
        rows.insert_connection(&one).unwrap();
        rows.insert_connection(&two).unwrap();

        rows.remove_connection(&one.id, instant(1)).unwrap();
        assert!(rows.company(&company.id).unwrap().is_some());
        two.company = Some(other.clone());
        rows.update_connection(&two).unwrap();
        assert!(rows.company(&company.id).unwrap().is_none());
        assert_eq!(rows.display_name(company.id.as_str()).unwrap().as_deref(), Some("Acme"));
        assert_eq!(rows.companies().unwrap(), [other]);
    }

    #[test]
    fn gets_another_name() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let company = rows.ensure_company("Acme").unwrap();
        rows.rename_company(&company.id, "Acme Holding").unwrap();
        assert_eq!(rows.company(&company.id).unwrap().unwrap().name, "Acme Holding");
        let nobody = crate::domain::ids::CompanyId::new();
        assert!(matches!(rows.rename_company(&nobody, "x"), Err(crate::vault::VaultError::Gone("company"))));
    }

    #[test]
    fn goes_with_a_connection_that_could_not_be_added() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        rows.insert_connection(&connection("one")).unwrap();
        let mut twin = connection("one");
        twin.company = Some(rows.ensure_company("Acme").unwrap());
        assert!(rows.insert_connection(&twin).is_err());
        assert_eq!(rows.companies().unwrap(), []);
    }
}
