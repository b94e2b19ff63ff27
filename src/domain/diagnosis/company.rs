//! What other connections of the same account tell: who shares what with the one that is refused, and how they fare.

use super::{Cause, Listed, Observations, Peer, Suspect};

pub(super) fn suspects(seen: &Observations) -> Vec<Suspect> {
    // Another key of the same connection works: whatever is shared with it is not the cause.
    if seen.own_other_key().is_some() {
        return gone_by_itself(seen);
    }
    let works = |peer: &&Peer| peer.accepted;
    let same_client = seen.peers.iter().filter(|peer| peer.same_client(seen)).find(works);
    let same_account = seen.peers.iter().find(works);
    match (same_client, same_account) {
        (Some(peer), _) => of_the_mapping(seen, peer),
        (None, Some(peer)) => of_the_integration(seen, peer),
        (None, None) if seen.peers.is_empty() => alone(seen),
        (None, None) => all_alike(seen),
    }
}

/// A key that worked, is not listed as revoked, and whose connection works with another key.
fn gone_by_itself(seen: &Observations) -> Vec<Suspect> {
    let listed = seen.listed().any(|known| known.id == seen.key.certificate_id);
    let text = "another key of the same connection works, so only its certificate can be the cause";
    if seen.worked() && !listed {
        return vec![Suspect::new(Cause::CertificateRevoked, 66).seen(text)];
    }
    Vec::new()
}

/// The integration works for another connection: what is left are entity, role and certificate.
fn of_the_mapping(seen: &Observations, peer: &Peer) -> Vec<Suspect> {
    let fare = |same: &dyn Fn(&Peer) -> bool| {
        let (good, bad): (Vec<_>, Vec<_>) =
            seen.peers.iter().filter(|peer| same(peer)).partition(|peer| peer.accepted);
        Fare { good: names(&good), bad: names(&bad) }
    };
    let entity = fare(&|peer| peer.same_entity(seen));
    let role = fare(&|peer| peer.same_role(seen));
    let integration =
        format!("{} works with the same client id, so the integration is not the cause", peer.name);
    // A key that never worked is more likely to be wrong itself.
    let weigh = |weight: u8| if seen.worked() { weight } else { weight.saturating_sub(30) };
    let suspect = |cause, weight| Suspect::new(cause, weigh(weight)).seen(integration.clone());
    let mut found = match (entity.works(), role.works()) {
        (true, true) => vec![
            suspect(Cause::RoleOfEntity, 76)
                .seen(entity.good("the same entity"))
                .seen(role.good("the same role")),
        ],
        (true, false) => {
            let suspect = suspect(Cause::RoleDisabled, if role.fails() { 82 } else { 70 })
                .seen(entity.good("the same entity"));
            let suspect = if role.fails() { suspect.seen(role.bad("the same role")) } else { suspect };
            vec![suspect, Suspect::new(Cause::RoleOfEntity, weigh(56))]
        }
        (false, true) => {
            let suspect = suspect(Cause::EntityDisabled, if entity.fails() { 82 } else { 70 })
                .seen(role.good("the same role"));
            let suspect = if entity.fails() { suspect.seen(entity.bad("the same entity")) } else { suspect };
            vec![suspect, Suspect::new(Cause::RoleOfEntity, weigh(56))]
        }
        (false, false) => vec![
            suspect(Cause::EntityDisabled, if entity.fails() { 68 } else { 57 }),
            suspect(Cause::RoleDisabled, if role.fails() { 67 } else { 56 }),
        ],
    };
    let listed = seen.listed().any(|known| known.id == seen.key.certificate_id);
    if seen.worked() && listed {
        for suspect in &mut found {
            suspect.evidence.push("the vendor lists its certificate as valid".to_owned());
        }
    } else if seen.worked() {
        found.push(
            Suspect::new(Cause::CertificateRevoked, 58).seen("the vendor's list could not be asked for it"),
        );
    }
    found
}

/// Another integration of the account works, and none of ours does.
fn of_the_integration(seen: &Observations, peer: &Peer) -> Vec<Suspect> {
    if let Some(known) = seen.peers.iter().find(|peer| peer.application.as_ref() == Some(&seen.client_id)) {
        let text = format!(
            "{} is the Application ID of the integration with client id {}, as the token of {} tells",
            seen.client_id, known.client_id, known.name
        );
        return vec![Suspect::new(Cause::ApplicationId, 96).seen(text)];
    }
    let works = format!("{} of the same account works with another client id", peer.name);
    let others: Vec<&Peer> = seen.peers.iter().filter(|peer| peer.same_client(seen)).collect();
    let mut evidence = vec![works];
    if !others.is_empty() {
        evidence
            .push(format!("every other connection with this client id is refused, too: {}", names(&others)));
    }
    let suspect = |cause, weight| Suspect { evidence: evidence.clone(), ..Suspect::new(cause, weight) };
    let asked = |wanted: fn(&Listed) -> bool| seen.listings.iter().find(|listing| wanted(&listing.listed));
    if let Some(listing) = asked(|listed| *listed == Listed::UnknownClient) {
        let text = format!(
            "asked for its certificates with a token of {}, the vendor does not know this client id",
            listing.by
        );
        return vec![suspect(Cause::ClientIdUnknown, 90).seen(text)];
    }
    let weight = if others.is_empty() { 74 } else { 88 };
    match asked(|listed| matches!(listed, Listed::Certificates(_))) {
        Some(listing) => {
            let text = format!(
                "asked with a token of {}, the vendor still lists this client id's certificates",
                listing.by
            );
            vec![suspect(Cause::IntegrationBlocked, weight).seen(text)]
        }
        None => vec![suspect(Cause::IntegrationBlocked, 64), suspect(Cause::ClientIdUnknown, 63)],
    }
}

/// Other connections of the account are refused, too.
fn all_alike(seen: &Observations) -> Vec<Suspect> {
    let all: Vec<&Peer> = seen.peers.iter().collect();
    let text = format!("every other connection of account {} is refused, too: {}", seen.account, names(&all));
    let suspect = |cause, weight| Suspect::new(cause, weight).seen(text.clone());
    let worked = seen.worked() && all.iter().any(|peer| peer.worked_before);
    if seen.sandbox && worked {
        return vec![
            suspect(Cause::SandboxRefreshed, 87)
                .seen("they all worked before, and every refresh of a sandbox clears its certificates"),
            suspect(Cause::IntegrationBlocked, 40),
        ];
    }
    if all.iter().any(|peer| !peer.same_client(seen)) {
        return vec![suspect(Cause::AccountWide, 66), suspect(Cause::EntityDisabled, 45)];
    }
    vec![
        suspect(Cause::IntegrationBlocked, 65),
        suspect(Cause::ClientIdUnknown, 64),
        suspect(Cause::EntityDisabled, 48),
        suspect(Cause::AccountWide, 44),
    ]
}

/// Nothing to compare with.
fn alone(seen: &Observations) -> Vec<Suspect> {
    let Some(at) = seen.key.worked_at else { return Vec::new() };
    let text = format!("the vendor accepted it at {at:.0}, and nothing here has changed its key since");
    let suspect = |cause, weight| Suspect::new(cause, weight).seen(text.clone());
    let mut found = vec![
        suspect(Cause::CertificateRevoked, 58),
        suspect(Cause::RoleDisabled, 52),
        suspect(Cause::EntityDisabled, 51),
        suspect(Cause::IntegrationBlocked, 50),
        suspect(Cause::ClientIdUnknown, 45),
    ];
    if seen.sandbox {
        let refreshed = "every refresh of a sandbox clears its certificates";
        found.push(suspect(Cause::SandboxRefreshed, 68).seen(refreshed));
    }
    found
}

/// How those fare that share something.
struct Fare {
    good: String,
    bad: String,
}

impl Fare {
    fn works(&self) -> bool {
        !self.good.is_empty()
    }

    fn fails(&self) -> bool {
        !self.bad.is_empty()
    }

    fn good(&self, shared: &str) -> String {
        format!("with {shared} there works: {}", self.good)
    }

    fn bad(&self, shared: &str) -> String {
        format!("with {shared} there is refused, too: {}", self.bad)
    }
}

fn names(peers: &[&Peer]) -> String {
    peers.iter().map(|peer| peer.name.as_str()).collect::<Vec<_>>().join(", ")
}
