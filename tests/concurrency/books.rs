//! QuickBooks companies whose grants rotate, for the tests of refreshing.

use std::collections::BTreeMap;

use serde_json::Value;
use tokenctl::sim::quickbooks::{Admin, AppEntry, NewApp, NewCompany, NewGrant};
use tokenctl::sim::{Endpoint, Fault, FaultRule, Vendor};

use crate::world::World;

pub(crate) const APP: &str = "books";

/// An app at the simulated Intuit, and companies that are connected with it.
pub(crate) struct Books<'a> {
    world: &'a World,
    pub(crate) admin: Admin,
    app: AppEntry,
}

impl<'a> Books<'a> {
    /// Registers the app there and here.
    pub(crate) fn new(world: &'a World) -> Self {
        let admin = world.control().quickbooks();
        let app = admin.register_app(NewApp::default()).unwrap();
        let secret = world.place.put("app.secret", &app.client_secret);
        world.ok(&[
            "app",
            "add",
            "quickbooks",
            APP,
            &format!("--client-id={}", app.client_id),
            &format!("--client-secret-file={}", secret.display()),
            &format!("--token-url={}", admin.token_url()),
            "--environment=simulator",
        ]);
        Self { world, admin, app }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.app.client_id
    }

    /// Has companies taken over under the names `q0`, `q1` …, each with the realm of its number.
    pub(crate) fn connect(&self, count: usize) -> Vec<String> {
        let rows: Vec<_> = (0..count)
            .map(|number| {
                let realm = number.to_string();
                self.admin
                    .add_company(NewCompany { realm: Some(realm.clone()), name: format!("Company {number}") })
                    .unwrap();
                let client_id = self.app.client_id.clone();
                let grant = NewGrant { client_id, realm: realm.clone(), scopes: None };
                let token = self.admin.issue_grant(grant).unwrap().refresh_token;
                format!("q{number},{APP},{realm},{token}\n")
            })
            .collect();
        let file =
            self.world.place.put("grants.csv", &format!("name,app,realm,refresh_token\n{}", rows.concat()));
        self.world.ok(&["token", "import", "--from", file.to_str().unwrap(), "--unproven"]);
        (0..count).map(|number| format!("q{number}")).collect()
    }

    /// How often the vendor was asked to refresh this realm's grant.
    pub(crate) fn asked(&self, realm: &str) -> u64 {
        self.world.control().calls_of(Vendor::Quickbooks, realm, Endpoint::Token)
    }

    /// Whether the vendor still honours the realm's grant.
    pub(crate) fn lives(&self, realm: &str) -> bool {
        self.admin.family(self.client_id(), realm).unwrap().live
    }

    pub(crate) fn arm(&self, fault: Fault, realm: &str) -> u64 {
        self.world.control().arm(FaultRule::always(fault).of(Vendor::Quickbooks, realm).at(Endpoint::Token))
    }

    /// The word for where a connection's grant stands, from the stored row.
    pub(crate) fn codes(report: &Value) -> BTreeMap<String, i64> {
        let rows = report["connections"].as_array().unwrap();
        rows.iter()
            .map(|row| (row["connection"].as_str().unwrap().to_owned(), row["code"].as_i64().unwrap()))
            .collect()
    }
}
