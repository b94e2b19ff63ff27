//! `cert show` and `cert list`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{KeyRow, moment, short};
use crate::domain::key::Key;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, View};

/// One certificate and whose it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateRow {
    /// The connection's name.
    connection: String,
    /// Its id.
    connection_id: String,
    /// Whom the certificate names.
    subject: String,
    /// Its serial number, in hexadecimal digits.
    serial: String,
    /// The key that it belongs to.
    key: KeyRow,
}

impl CertificateRow {
    /// Describes the certificate of `key`.
    pub fn new(connection: &impl ToString, key: &Key, row: KeyRow) -> Self {
        Self {
            connection: connection.to_string(),
            connection_id: key.connection.to_string(),
            subject: key.certificate.subject.clone(),
            serial: key.certificate.serial.clone(),
            key: row,
        }
    }
}

/// `cert show`
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateDetail {
    /// What it says.
    pub certificate: CertificateRow,
    /// The certificate itself.
    pub pem: String,
}

impl CertificateDetail {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(CERTIFICATE_FIELDS_OF_DETAIL);
}

impl Report for CertificateDetail {
    fn schema(&self) -> &'static str {
        "certificate/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let row = &self.certificate;
        let mut facts: Vec<(&str, Cell)> = vec![
            ("connection", row.connection.as_str().into()),
            ("key", format!("{} ({})", row.key.state, row.key.algorithm).into()),
            ("subject", row.subject.as_str().into()),
            ("serial", row.serial.as_str().into()),
            ("sha-256", row.key.fingerprint.as_str().into()),
            ("certificate id", row.key.certificate_id.clone().into()),
            ("valid from", moment(row.key.not_before).into()),
            ("valid to", moment(row.key.not_after).into()),
        ];
        if row.key.expires_at != row.key.not_after {
            facts.push(("accepted to", moment(row.key.expires_at).into()));
        }
        facts.push(("expires", row.key.expiry()));
        View::new().facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

const CERTIFICATE_FIELDS_OF_DETAIL: &[&str] = &[
    "certificate.connection",
    "certificate.connection_id",
    "certificate.subject",
    "certificate.serial",
    "certificate.key.state",
    "certificate.key.algorithm",
    "certificate.key.fingerprint",
    "certificate.key.certificate_id",
    "certificate.key.expires_at",
    "certificate.key.days_left",
];

/// `cert list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateList {
    /// The certificates, by connection, pending first.
    pub certificates: Vec<CertificateRow>,
}

impl CertificateList {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "certificates",
        &[
            "connection",
            "connection_id",
            "subject",
            "serial",
            "key.state",
            "key.algorithm",
            "key.fingerprint",
            "key.certificate_id",
            "key.expires_at",
            "key.days_left",
        ],
    );
}

impl Report for CertificateList {
    fn schema(&self) -> &'static str {
        "certificate-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("CONNECTION").shrinks(),
            Column::new("KEY"),
            Column::new("FINGERPRINT"),
            Column::new("CERTIFICATE ID").shrinks(),
            Column::new("EXPIRES"),
        ];
        let mut table = Table::new(columns, "no certificates");
        for row in &self.certificates {
            table.row([
                Cell::from(row.connection.as_str()),
                row.key.state.into(),
                short(&row.key.fingerprint).into(),
                row.key.certificate_id.clone().into(),
                row.key.expiry(),
            ]);
        }
        View::new().table(table)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
