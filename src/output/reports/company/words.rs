//! Where a connection stands, in plain language: for support, and for the customer.
//!
//! What a customer reads names no token, grant, certificate id or error code; it says what works, what they have to do,
//! and by when. It holds no secret and, but for the name of their own account, no foreign text.

use jiff::Timestamp;

use crate::domain::grant::{Grant, GrantState, ReconnectReason};
use crate::domain::standing::{End, EndKind, Standing, WARN_DAYS};

/// What is told of one connection.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The vendor's name as people write it.
    pub vendor: &'a str,
    /// What the customer's account is called there, where they could have several; foreign text.
    pub account: Option<&'a str>,
    /// Where it stands.
    pub standing: Standing,
    /// What makes somebody act first.
    pub end: Option<End>,
    /// Whether it lives from a grant that the customer gave.
    pub has_consent: bool,
    /// That grant.
    pub grant: Option<&'a Grant>,
    /// The time.
    pub now: Timestamp,
}

fn date(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

/// Returns what support reads: "works; its sign-in must be renewed by 3 March 2027".
pub fn sentence(case: &Case<'_>) -> String {
    let vendor = case.vendor;
    match case.standing {
        Standing::Active => format!("works{}", until(case)),
        Standing::Expiring => format!("works, but not for long{}", until(case)),
        Standing::NeverVerified => format!("is set up, and was never tried{}", until(case)),
        Standing::Reconnect => format!("does not work; the customer must sign in again: {}", reason(case)),
        Standing::Revoked => match case.grant.map(|grant| &grant.state) {
            Some(GrantState::Revoked { at }) => format!("was disconnected on {}", date(*at)),
            _ => "was disconnected".to_owned(),
        },
        Standing::Uncertain => match case.grant.and_then(Grant::uncertain_since) {
            Some(since) => format!("is in doubt: an answer of {vendor} was lost on {}", date(since)),
            None => format!("is in doubt: an answer of {vendor} was lost"),
        },
        Standing::Rejected => format!("does not work; {vendor} refused it the last time"),
        Standing::Unreachable => format!("may work; {vendor} did not answer the last time"),
        Standing::Failed => "does not work; something is set otherwise than it should be".to_owned(),
        Standing::Expired => "does not work; its certificate is over".to_owned(),
        Standing::Pending if case.has_consent => "is not connected yet; the customer must sign in".to_owned(),
        Standing::Pending => "is not set up completely; its certificate is not in use yet".to_owned(),
        Standing::Disabled => "is switched off here".to_owned(),
    }
}

fn until(case: &Case<'_>) -> String {
    let Some(end) = case.end else { return String::new() };
    let by = date(end.at);
    match end.kind {
        EndKind::Hard => format!("; its sign-in must be renewed by {by}"),
        EndKind::Rolling => format!("; its sign-in lapses on {by} unless it is used before"),
        EndKind::Certificate => format!("; its certificate must be replaced by {by}"),
    }
}

fn reason(case: &Case<'_>) -> String {
    let vendor = case.vendor;
    match case.grant.map(|grant| (&grant.state, grant.nearest_expiry())) {
        Some((GrantState::Reconnect { reason, .. }, _)) => match reason {
            ReconnectReason::AnswerLost { at } => format!("an answer of {vendor} was lost on {}", date(*at)),
            ReconnectReason::Refused => format!("{vendor} refused the old sign-in"),
            ReconnectReason::Expired { at } => format!("the old one ended on {}", date(*at)),
        },
        Some((_, Some(at))) => format!("the old one ended on {}", date(at)),
        _ => "the old one is over".to_owned(),
    }
}

/// Returns what to tell the customer: a paragraph for each thing that there is to be told, and one good one if there is
/// nothing else.
pub fn tell(cases: &[Case<'_>]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let (news, rest): (Vec<_>, Vec<_>) = cases.iter().partition(|case| is_news(case));
    let worth = if news.is_empty() { rest } else { news };
    for case in worth {
        let paragraph = paragraph(case);
        if !told.contains(&paragraph) {
            told.push(paragraph);
        }
    }
    told
}

/// Whether there is more to be said than that it works.
fn is_news(case: &Case<'_>) -> bool {
    let near = case.end.is_some_and(|end| end.is_near(case.now, WARN_DAYS) && end.kind != EndKind::Rolling);
    near || !matches!(case.standing, Standing::Active | Standing::Expiring | Standing::NeverVerified)
}

fn paragraph(case: &Case<'_>) -> String {
    let account = match case.account {
        Some(account) => format!("your {} account {account}", case.vendor),
        None => format!("your {} account", case.vendor),
    };
    match (case.standing, case.end) {
        (Standing::Expiring, Some(end)) if end.kind == EndKind::Hard => format!(
            "Our connection to {account} works. For security it has to be approved anew from time to time: please \
             approve it again before {}. We will send you a link; it takes a minute, and nothing in your account \
             changes.",
            date(end.at)
        ),
        (Standing::Expiring, Some(end)) if end.kind == EndKind::Certificate => format!(
            "Our connection to {account} works. The certificate with which we sign in there ends on {}: we will send \
             you a new one to upload before then.",
            date(end.at)
        ),
        (Standing::Active | Standing::Expiring, _) => {
            format!("Our connection to {account} works. There is nothing that you need to do.")
        }
        (Standing::NeverVerified, _) => format!(
            "Our connection to {account} is set up, and we will try it shortly. There is nothing that you need to do."
        ),
        (Standing::Reconnect, _) => format!(
            "Our connection to {account} has ended. Please approve it again: we will send you a link; it takes a \
             minute, and nothing in your account was changed."
        ),
        (Standing::Revoked, _) => format!(
            "Our connection to {account} was ended by us, and we have no access to it any more. If you want it back, \
             tell us and we will send you a link."
        ),
        (Standing::Uncertain, _) => format!(
            "We are checking our connection to {account} after a disturbance. There is nothing that you need to do \
             now; we will tell you if you have to approve it again."
        ),
        (Standing::Rejected, _) => format!(
            "{} refuses our connection to {account} at the moment. Did somebody remove our access there, or change \
             the user or role that it belongs to? We are looking into it on our side, too.",
            case.vendor
        ),
        (Standing::Unreachable, _) => format!(
            "{} did not answer when we last checked our connection to {account}. We keep trying; there is nothing \
             that you need to do.",
            case.vendor
        ),
        (Standing::Failed, _) => format!(
            "Our connection to {account} is disturbed on our side, and we are working on it. There is nothing that \
             you need to do."
        ),
        (Standing::Expired, _) => format!(
            "The certificate with which we sign in to {account} has ended. We will send you a new one to upload; \
             until then the connection rests, and nothing is lost."
        ),
        (Standing::Pending, _) if case.has_consent => format!(
            "Our connection to {account} waits for your approval: please use the link that we send you."
        ),
        (Standing::Pending, _) => format!(
            "Our connection to {account} is not ready yet: please upload the certificate that we send you, and tell \
             us the id that it is given there."
        ),
        (Standing::Disabled, _) => format!(
            "Our connection to {account} is switched off on our side. There is nothing that you need to do; tell us \
             if you expected it to work."
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::domain::grant::Renewal;

    fn now() -> Timestamp {
        "2027-02-01T12:00:00Z".parse().unwrap()
    }

    fn grant(state: GrantState, hard_days: i64) -> Grant {
        let hard = now() + (24 * hard_days).hours();
        let renewal = Renewal { hash: "h".to_owned(), expires_at: None, hard_expires_at: Some(hard) };
        let long_ago = now() - (24 * 1000).hours();
        Grant { state, authorized_at: long_ago, ..Grant::new(renewal, now()) }
    }

    fn case(standing: Standing, grant: &Grant) -> Case<'_> {
        Case {
            vendor: "QuickBooks",
            account: None,
            standing,
            end: End::of_grant(grant).next(),
            has_consent: true,
            grant: Some(grant),
            now: now(),
        }
    }

    #[test]
    fn support_reads_when_somebody_must_act() {
        let active = GrantState::Active { refused_at: None };
        let far = grant(active.clone(), 400);
        assert_eq!(
            sentence(&case(Standing::Active, &far)),
            "works; its sign-in must be renewed by 7 March 2028"
        );
        let near = grant(active, 30);
        assert_eq!(
            sentence(&case(Standing::Expiring, &near)),
            "works, but not for long; its sign-in must be renewed by 3 March 2027"
        );
        let lost = ReconnectReason::AnswerLost { at: now() };
        let over = grant(GrantState::Reconnect { at: now(), reason: lost }, 400);
        assert_eq!(
            sentence(&case(Standing::Reconnect, &over)),
            "does not work; the customer must sign in again: an answer of QuickBooks was lost on 1 February 2027"
        );
        let ended = grant(GrantState::Active { refused_at: None }, -1);
        assert_eq!(
            sentence(&case(Standing::Reconnect, &ended)),
            "does not work; the customer must sign in again: the old one ended on 31 January 2027"
        );
    }

    #[test]
    fn a_customer_is_told_what_is_new_or_that_all_is_well() {
        let well = grant(GrantState::Active { refused_at: None }, 400);
        let over = grant(GrantState::Reconnect { at: now(), reason: ReconnectReason::Refused }, 400);
        let (well, over) = (case(Standing::Active, &well), case(Standing::Reconnect, &over));
        assert_eq!(tell(&[well, well]).len(), 1);
        assert!(tell(&[well])[0].contains("nothing that you need to do"));
        let told = tell(&[well, over, Case { account: Some("9130"), ..over }]);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("approve it again") && told[1].contains("account 9130"), "{told:?}");
    }

    #[test]
    fn no_customer_reads_jargon() {
        const JARGON: [&str; 14] = [
            "token", "grant", "oauth", "refresh", "revoke", "scope", "client", "secret", "kid", "rotate",
            "vault", "exchange", "expiry", "error",
        ];
        let any = grant(GrantState::Active { refused_at: None }, 10);
        for standing in Standing::BY_URGENCY {
            for has_consent in [true, false] {
                for end in [None, Some(End::of_certificate(now())), End::of_grant(&any).next()] {
                    let case = Case { end, has_consent, ..case(standing, &any) };
                    let text = paragraph(&case);
                    let lower = text.to_lowercase();
                    let found: Vec<_> = JARGON.iter().filter(|word| lower.contains(**word)).collect();
                    assert!(found.is_empty(), "{found:?}: {text}");
                    assert!(text.ends_with('.') && !sentence(&case).ends_with('.'), "{text}");
                }
            }
        }
    }
}
