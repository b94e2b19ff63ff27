//! How far the vendor's clock is from ours.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// The vendor's clock minus ours; positive when the vendor's is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSkew(SignedDuration);

/// From here on a difference is named in errors and blocks decisions about expiry: 5 minutes.
const NOTABLE: SignedDuration = SignedDuration::from_mins(5);

impl ClockSkew {
    /// Returns the difference that a `Date` header (RFC 9110 section 6.6.1) shows; `None` if it is unreadable.
    ///
    /// The answer was under way between `sent` and `received`, so a date in between is no difference.
    pub fn from_date_header(date: &str, sent: Timestamp, received: Timestamp) -> Option<Self> {
        let vendor = Timestamp::try_from(httpdate::parse_http_date(date).ok()?).ok()?;
        // The header has whole seconds, cut off: up to one more may have passed.
        let earliest = sent.as_second();
        let difference = if vendor.as_second() < earliest {
            vendor.duration_since(sent)
        } else if vendor > received {
            vendor.duration_since(received)
        } else {
            SignedDuration::ZERO
        };
        Some(Self(difference))
    }

    /// The difference; positive when the vendor's clock is ahead.
    pub fn as_duration(self) -> SignedDuration {
        self.0
    }

    /// Whether it is more than 5 minutes either way.
    pub fn is_notable(self) -> bool {
        self.0.abs() > NOTABLE
    }
}

/// Says it as a sentence: "the vendor's clock is 7 minutes ahead of ours".
impl fmt::Display for ClockSkew {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.abs().as_secs();
        let (count, unit) = match seconds {
            ..120 => (seconds, "second"),
            120..7_200 => (seconds / 60, "minute"),
            7_200..172_800 => (seconds / 3_600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        let direction = if self.0.is_negative() { "behind" } else { "ahead of" };
        write!(out, "the vendor's clock is {count} {unit}{plural} {direction} ours")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "2026-11-22T10:00:00.900Z";
    const RECEIVED: &str = "2026-11-22T10:00:10.100Z";

    fn skew(date: &str) -> Option<ClockSkew> {
        ClockSkew::from_date_header(date, SENT.parse().unwrap(), RECEIVED.parse().unwrap())
    }

    #[test]
    fn the_time_under_way_is_no_difference() {
        for date in ["Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:10 GMT"] {
            assert_eq!(skew(date).unwrap().as_duration(), SignedDuration::ZERO, "{date}");
        }
    }

    #[test]
    fn differences_are_named() {
        for (date, notable, text) in [
            ("Sun, 22 Nov 2026 10:04:00 GMT", false, "the vendor's clock is 3 minutes ahead of ours"),
            ("Sun, 22 Nov 2026 10:07:11 GMT", true, "the vendor's clock is 7 minutes ahead of ours"),
            ("Sun, 22 Nov 2026 09:00:00 GMT", true, "the vendor's clock is 60 minutes behind ours"),
            ("Sat, 21 Nov 2026 10:00:00 GMT", true, "the vendor's clock is 24 hours behind ours"),
            ("Sun, 29 Nov 2026 10:00:11 GMT", true, "the vendor's clock is 7 days ahead of ours"),
        ] {
            let skew = skew(date).unwrap();
            assert_eq!((skew.is_notable(), skew.to_string().as_str()), (notable, text), "{date}");
        }
    }

    #[test]
    fn unreadable_dates_tell_nothing() {
        for date in ["", "yesterday", "2026-11-22T10:00:00Z", "Sun, 99 Nov 2026 10:00:00 GMT"] {
            assert_eq!(skew(date), None, "{date}");
        }
    }
}
