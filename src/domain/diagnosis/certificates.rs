//! What the vendor's list of certificates tells, and what the vault knows of certificate ids.

use super::{Cause, Observations, Suspect};

pub(super) fn suspects(seen: &Observations) -> Vec<Suspect> {
    let id = seen.key.certificate_id.as_str();
    let by = seen.listings.iter().map(|listing| listing.by.as_str()).next().unwrap_or("another connection");
    let mut found = Vec::new();
    if let (Some(owner), false) = (seen.owner_of(id), seen.worked()) {
        found.push(
            Suspect::new(Cause::CertificateIdOfAnotherKey, 88).seen(format!("{id} belongs to {owner}")),
        );
    }
    if let Some(known) = seen.listed().find(|known| known.id == id) {
        if known.revoked {
            let text = format!("the vendor's list, asked with a token of {by}, shows {id} as revoked");
            found.push(Suspect::new(Cause::CertificateRevoked, 98).seen(text));
        } else if let Some(end) = known.valid_until.filter(|end| *end <= seen.vendor_now()) {
            let text =
                format!("the vendor's list shows that {id} was valid until {}", end.strftime("%Y-%m-%d"));
            let cause = if seen.key.not_after > seen.vendor_now() {
                Cause::CertificateClamped
            } else {
                Cause::CertificateExpired
            };
            found.push(Suspect::new(cause, 97).seen(text));
        } else if !seen.worked() {
            let text = format!("the vendor lists {id} as valid, and does not accept this key under it");
            let suspect = Suspect::new(Cause::WrongCertificate, 78).seen(text);
            found.push(match seen.own_other_key() {
                Some(state) => Suspect { weight: 85, ..suspect }.seen(format!(
                    "the {state} key works, so integration, entity and role are not the cause"
                )),
                None => suspect,
            });
        }
    } else if let Some(listing) =
        seen.listings.iter().find(|listing| listing.same_entity && listing.is_list())
    {
        let text = format!(
            "the vendor's list for this client and entity, asked with a token of {}, does not have {id}",
            listing.by
        );
        found.push(match (seen.worked(), seen.sandbox) {
            (true, true) => Suspect::new(Cause::SandboxRefreshed, 86).seen(text),
            (true, false) => Suspect::new(Cause::MappingGone, 82).seen(text),
            (false, _) => Suspect::new(Cause::CertificateNotUploaded, 84)
                .seen(text)
                .seen("no certificate in the list belongs to this key"),
        });
    } else if !seen.worked() && seen.owner_of(id).is_none() {
        let text = format!("the vendor has never accepted this key under {id}");
        found.push(Suspect::new(Cause::CertificateNotUploaded, 55).seen(text));
        found.push(Suspect::new(Cause::WrongCertificate, 52));
        found.push(Suspect::new(Cause::CertificateIdMistyped, 50));
    }
    found
}

impl super::Listing {
    fn is_list(&self) -> bool {
        matches!(self.listed, super::Listed::Certificates(_))
    }
}
