//! What is proven by a trial in which one thing was changed.

use super::{Cause, Change, Listed, Observations, Suspect};
use crate::domain::health::Fix;

pub(super) fn suspects(seen: &Observations) -> Vec<Suspect> {
    let mut found: Vec<Suspect> = seen.accepted().filter_map(|change| proven(seen, change)).collect();
    found.extend(scopes(seen));
    // The whole change proves least: what it consists of may have been found.
    let whole = seen.accepted().any(|change| *change == Change::PreviousSettings);
    if whole && found.is_empty() {
        let text = "with the settings before the last change, the vendor accepts it";
        found.push(Suspect::new(Cause::SettingsChanged, 97).seen(text));
    }
    found
}

fn proven(seen: &Observations, change: &Change) -> Option<Suspect> {
    let name = seen.name.as_str();
    let set = |text: &str, flag: String| Fix::run(text, ["connection", "set", name, &flag]);
    Some(match change {
        Change::CertificateId(id) => certificate_id(seen, id),
        Change::ScopeStyle(style) => {
            let style = style.as_str();
            Suspect::new(Cause::ScopeNotation, 99)
                .seen(format!("with the scopes written as {style}, the vendor accepts it"))
                .fix(set("to write them so, run", format!("--scope-style={style}")))
        }
        Change::Subject(subject) => {
            let subject = subject.as_str();
            Suspect::new(Cause::SubjectClaim, 99)
                .seen(format!("with `sub` set to {subject}, the vendor accepts it"))
                .fix(set("to set it so, run", format!("--subject={subject}")))
        }
        Change::Lifetime(seconds) => Suspect::new(Cause::AssertionLifetime, 99)
            .seen(format!("an assertion that lives for {seconds} seconds is accepted"))
            .fix(set("to shorten it, run", format!("--assertion-lifetime={seconds}s"))),
        Change::Algorithm(algorithm) => Suspect::new(Cause::AlgorithmRefused, 99)
            .seen(format!("signed with {algorithm}, the assertion is accepted"))
            .fix(set("to sign so, run", format!("--signing-algorithm={algorithm}"))),
        Change::TokenUrl(url) => Suspect::new(Cause::TokenUrl, 99)
            .seen(format!("asked at {url}, the vendor accepts it"))
            .fix(set("to ask there, run", format!("--token-url={url}"))),
        Change::Account(account) => Suspect::new(Cause::OtherAccount, 99)
            .seen(format!("account {account} accepts it: that is where its certificate is"))
            .fix(set("if that is the account it is for, run", format!("--account={account}")))
            .fix(Fix::what(format!(
                "otherwise upload its certificate in account {}: a mapping is not copied to other accounts",
                seen.account
            ))),
        Change::ClientId(id) => client_id(seen, id).fix(set("to use it, run", format!("--client-id={id}"))),
        Change::Clock | Change::Key(_) | Change::Scope(_) | Change::PreviousSettings => return None,
    })
}

fn certificate_id(seen: &Observations, accepted: &str) -> Suspect {
    let tried = seen.key.certificate_id.as_str();
    let step = match seen.key.state {
        crate::domain::key::KeyState::Pending => ["rotate", "confirm"],
        _ => ["cert", "activate"],
    };
    let id = format!("--certificate-id={accepted}");
    let fix = Fix::run("to use that id, run", [step[0], step[1], &seen.name, &id]);
    let suspect = |cause| {
        Suspect::new(cause, 99)
            .seen(format!("under the certificate id {accepted} the vendor accepts the same key"))
            .fix(fix.clone())
    };
    match seen.owner_of(tried) {
        Some(owner) => suspect(Cause::CertificateIdOfAnotherKey).seen(format!("{tried} belongs to {owner}")),
        None if seen.listed().any(|known| known.id == tried) => suspect(Cause::CertificateIdOfAnotherKey)
            .seen(format!("{tried} is another certificate's in the vendor's list")),
        None => suspect(Cause::CertificateIdMistyped).seen(format!("{tried} is not in the vendor's list")),
    }
}

fn client_id(seen: &Observations, accepted: &str) -> Suspect {
    let text = format!("with the client id {accepted} the vendor accepts the same key");
    let application = seen.peers.iter().find(|peer| peer.application.as_ref() == Some(&seen.client_id));
    if let Some(peer) = application {
        let told = format!(
            "{} is the Application ID of that integration, as the token of {} tells",
            seen.client_id, peer.name
        );
        return Suspect::new(Cause::ApplicationId, 99).seen(text).seen(told);
    }
    let known = seen.peers.iter().any(|peer| peer.accepted && peer.same_client(seen))
        || seen.listings.iter().any(|listing| matches!(listing.listed, Listed::Certificates(_)));
    let cause = if known { Cause::OtherIntegration } else { Cause::ClientIdUnknown };
    Suspect::new(cause, 99).seen(text)
}

/// What the scopes one by one tell: accepted alone, so that either another one is refused or all together are.
fn scopes(seen: &Observations) -> Option<Suspect> {
    let one = |wanted: bool| {
        seen.trials.iter().filter(move |trial| trial.accepted == wanted).filter_map(|trial| {
            match &trial.change {
                Change::Scope(scope) => Some(scope.as_str()),
                _ => None,
            }
        })
    };
    let (good, bad): (Vec<_>, Vec<_>) = (one(true).collect(), one(false).collect());
    if good.is_empty() {
        return None;
    }
    let mut command = vec!["connection".to_owned(), "set".to_owned(), seen.name.clone()];
    command.extend(good.iter().map(|scope| format!("--scope={scope}")));
    let accepted = format!("asked for {} alone, the vendor accepts it", good.join(" or "));
    let without = Fix::Run("to do without, run".to_owned(), command);
    Some(if bad.is_empty() {
        Suspect::new(Cause::ScopesTogether, 97).seen(accepted).seen("only all of them together are refused")
    } else {
        let tick = format!("tick {} on the integration record", bad.join(", "));
        Suspect::new(Cause::ScopeNotAllowed, 99)
            .seen(accepted)
            .seen(format!("asked for {}, it refuses", bad.join(" or ")))
            .fix(Fix::what(tick))
            .fix(without)
    })
}
