//! Which connections a command is about.

use super::connection::{Connection, Provider};
use super::ids::ConnectionName;

/// A choice of connections; every part that is given must hold, an empty one chooses all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Any of these names; empty means any name.
    pub names: Vec<ConnectionName>,
    /// The company's id, or its name without regard to ASCII case.
    pub company: Option<String>,
    /// A tag and its value.
    pub tag: Option<(String, String)>,
    /// The vendor.
    pub provider: Option<Provider>,
    /// Enabled or disabled ones only.
    pub enabled: Option<bool>,
    /// Text in the name, the company's name or the account id, without regard to case.
    pub search: Option<String>,
}

impl Selection {
    /// Every connection.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every enabled connection.
    pub fn enabled() -> Self {
        Self { enabled: Some(true), ..Self::default() }
    }

    /// The connections with these names.
    pub fn named(names: impl IntoIterator<Item = ConnectionName>) -> Self {
        Self { names: names.into_iter().collect(), ..Self::default() }
    }

    /// Whether the search text stands in `connection`; true if there is none.
    pub fn finds(&self, connection: &Connection) -> bool {
        let company = connection.company.as_ref().map_or("", |company| company.name.as_str());
        self.finds_in([connection.name.as_str(), company, connection.settings.account().unwrap_or_default()])
    }

    /// Whether the search text stands in a connection's name, its company's, or its account id; true if there is none.
    pub fn finds_in(&self, texts: [&str; 3]) -> bool {
        let Some(search) = &self.search else { return true };
        let wanted = search.to_lowercase();
        texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    }
}
