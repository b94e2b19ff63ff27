//! What dates and clocks tell.

use super::{Cause, Change, Observations, Suspect};

/// A difference of clocks that a strict vendor may mind, in seconds.
const NOTABLE: u64 = 300;

pub(super) fn suspects(seen: &Observations) -> Vec<Suspect> {
    clock(seen).into_iter().chain(validity(seen)).collect()
}

fn clock(seen: &Observations) -> Option<Suspect> {
    let seconds = seen.skew.as_secs();
    let proven = seen.accepted().any(|change| *change == Change::Clock);
    if !proven && seconds.unsigned_abs() <= NOTABLE {
        return None;
    }
    let cause = if seconds < 0 { Cause::ClockAhead } else { Cause::ClockBehind };
    let off = format!(
        "this machine's clock is {} {} the vendor's",
        span(seconds.unsigned_abs()),
        cause.direction()
    );
    Some(if proven {
        Suspect::new(cause, 99)
            .seen(off)
            .seen("with the vendor's time in the assertion, the vendor accepts it")
    } else {
        Suspect::new(cause, 62).seen(off)
    })
}

fn validity(seen: &Observations) -> Option<Suspect> {
    let (key, now) = (&seen.key, seen.vendor_now());
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    if key.not_before > now {
        let from = format!(
            "its certificate is valid from {:.0}, and by the vendor's clock it is {now:.0}",
            key.not_before
        );
        return Some(Suspect::new(Cause::CertificateNotYetValid, 97).seen(from));
    }
    if key.ends_at > now {
        return None;
    }
    if key.not_after > now {
        let text = format!(
            "its certificate says that it is valid until {}, but NetSuite counts two years from {}: it stopped on {}",
            day(key.not_after),
            day(key.not_before),
            day(key.ends_at),
        );
        return Some(Suspect::new(Cause::CertificateClamped, 98).seen(text));
    }
    Some(
        Suspect::new(Cause::CertificateExpired, 98)
            .seen(format!("its certificate expired on {}", day(key.ends_at))),
    )
}

fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
