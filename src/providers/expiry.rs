//! When the vendor stops accepting a certificate.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::descriptor;
use crate::domain::connection::Provider;
use crate::domain::key::CertificateFacts;

/// Returns when `provider` stops accepting `certificate`: its own end, or the vendor's limit if that is sooner.
///
/// NetSuite shortens a longer validity to two years without a word (`vendors.md` 1.4).
pub fn vendor_expiry(provider: Provider, certificate: &CertificateFacts) -> Timestamp {
    expiry_of(provider, (certificate.not_before, certificate.not_after))
}

/// As [`vendor_expiry`], for a certificate of which only the validity is known.
pub fn expiry_of(provider: Provider, (not_before, not_after): (Timestamp, Timestamp)) -> Timestamp {
    let Some(years) = descriptor(provider).certificate.clamp_years else { return not_after };
    not_before
        .to_zoned(TimeZone::UTC)
        .checked_add(years.years())
        .map_or(not_after, |limit| not_after.min(limit.timestamp()))
}

/// Returns the whole days from `now` to `expiry`: 0 on the last day, negative once it is over.
pub fn days_left(expiry: Timestamp, now: Timestamp) -> i64 {
    expiry.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(not_before: &str, not_after: &str) -> CertificateFacts {
        CertificateFacts {
            fingerprint: String::new(),
            subject: String::new(),
            serial: String::new(),
            not_before: not_before.parse().unwrap(),
            not_after: not_after.parse().unwrap(),
        }
    }

    #[test]
    fn netsuite_ends_a_certificate_after_two_calendar_years() {
        for (start, end, expected) in [
            ("2026-03-01T10:00:00Z", "2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z"),
            ("2026-03-01T10:00:00Z", "2028-02-29T10:00:00Z", "2028-02-29T10:00:00Z"), // 730 days over a leap day
            ("2026-03-01T10:00:00Z", "2029-03-01T10:00:00Z", "2028-03-01T10:00:00Z"),
            ("2024-02-29T00:00:00Z", "2027-02-28T00:00:00Z", "2026-02-28T00:00:00Z"),
        ] {
            let expiry = vendor_expiry(Provider::Netsuite, &certificate(start, end));
            assert_eq!(expiry, expected.parse().unwrap(), "{start} to {end}");
        }
    }

    #[test]
    fn days_are_whole_and_go_below_zero() {
        let expiry: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        for (now, days) in [
            ("2026-03-08T12:00:00Z", 2),
            ("2026-03-08T12:00:01Z", 1),
            ("2026-03-10T11:59:59Z", 0),
            ("2026-03-10T12:00:00Z", 0),
            ("2026-03-10T12:00:01Z", -1),
            ("2026-03-12T12:00:00Z", -2),
        ] {
            assert_eq!(days_left(expiry, now.parse().unwrap()), days, "{now}");
        }
    }
}
