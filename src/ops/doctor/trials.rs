//! Asks again with one thing changed, asks for other connections of the account, and asks what the vendor lists.
//!
//! Every request is one that the connection's settings could make: to hosts that the host rule allows, with keys that
//! are here, for a token that is dropped. Nothing is stored, and no more than [`MOST`] requests are made.

use jiff::SignedDuration;

use crate::domain::connection::{Connection, Environment};
use crate::domain::diagnosis::{self, Candidate, Certainty, Change, Observations, Peer, Suspect, Trial};
use crate::domain::granted::Granted;
use crate::domain::ids::CertificateId;
use crate::domain::key::{Key, KeyState};
use crate::domain::settings::NetsuiteSettings;
use crate::domain::verification::Outcome;
use crate::oauth::Ask;
use crate::ops::connections::Overview;
use crate::ops::proof::{Asker, Means, Signing};
use crate::ops::{OpsError, Session};
use crate::providers;
use crate::secret::SecretString;

use super::listing::{self, Bearer};
use super::{DoctorRequest, live};

/// Requests for one refused connection.
const MOST: u32 = 40;
/// Other connections that are asked for.
const PEERS: usize = 8;
/// Clocks that differ by less are as good as alike, in seconds.
const SAME_TIME: i64 = 30;

/// A token that the vendor gave for a trial.
struct Given {
    token: SecretString,
    granted: Option<Granted>,
}

/// One refusal being looked into.
pub(super) struct Inquiry<'a> {
    session: &'a Session,
    asker: Asker,
    pub(super) overview: &'a Overview,
    pub(super) all: &'a [Overview],
    pub(super) key: Key,
    id: CertificateId,
    pub(super) settings: &'a NetsuiteSettings,
    trials: Vec<Trial>,
    asked: u32,
}

/// Looks into the refusal of a NetSuite connection; returns the suspects and how many requests it took.
pub(super) async fn investigate(
    session: &Session,
    (overview, all): (&Overview, &[Overview]),
    request: &DoctorRequest,
    error: &OpsError,
) -> Result<(Vec<Suspect>, u32), OpsError> {
    let (Some((key, id)), Some(settings)) =
        (live::candidate(overview, request), overview.connection.settings.netsuite())
    else {
        return Ok((Vec::new(), 0));
    };
    let asker = Asker::new(session);
    let mut inquiry =
        Inquiry { session, asker, overview, all, key, id, settings, trials: Vec::new(), asked: 0 };
    let skew = error.exchange().and_then(crate::oauth::ExchangeError::clock_skew);
    let mut seen = inquiry.known(skew.map_or(SignedDuration::ZERO, crate::oauth::ClockSkew::as_duration));
    // Dates that both sides know need no trial.
    if !diagnosis::diagnose(&seen).iter().any(|suspect| suspect.certainty() == Certainty::Certain) {
        inquiry.ask(&mut seen).await?;
    }
    seen.trials.append(&mut inquiry.trials);
    Ok((diagnosis::diagnose(&seen), inquiry.asked))
}

impl Inquiry<'_> {
    /// What is known before anybody is asked.
    fn known(&self, skew: SignedDuration) -> Observations {
        let connection = &self.overview.connection;
        let certificate = &self.key.certificate;
        let others = self.all.iter().flat_map(|other| other.keys.iter().map(move |key| (other, key)));
        let other_ids = others.filter(|(_, key)| key.id != self.key.id).filter_map(|(other, key)| {
            let owner = format!("the {} key of {}", key.state, other.connection.name);
            Some((key.certificate_id.as_ref()?.to_string(), owner))
        });
        let sandbox = [Environment::Sandbox, Environment::ReleasePreview];
        Observations {
            name: connection.name.to_string(),
            now: self.session.clock.now(),
            skew,
            sandbox: sandbox.contains(&connection.environment)
                || sandbox.contains(&Environment::of_account(&self.settings.account)),
            account: self.settings.account.to_string(),
            client_id: self.settings.client_id.clone(),
            entity: self.settings.entity.clone(),
            role: self.settings.role.clone(),
            scopes: self.settings.scopes.clone(),
            key: Candidate {
                state: self.key.state,
                certificate_id: self.id.to_string(),
                not_before: certificate.not_before,
                not_after: certificate.not_after,
                ends_at: providers::vendor_expiry(connection.provider, certificate),
                worked_at: self.worked_at(),
            },
            trials: Vec::new(),
            listings: Vec::new(),
            peers: Vec::new(),
            other_ids: other_ids.collect(),
        }
    }

    /// When the vendor last accepted the key under the id that was tried: it was proven then, or activated, which takes a
    /// proof.
    fn worked_at(&self) -> Option<jiff::Timestamp> {
        if self.key.certificate_id.as_ref() != Some(&self.id) {
            return None;
        }
        let verified = self
            .overview
            .verification
            .as_ref()
            .filter(|last| last.outcome == Outcome::Proven && last.key.as_ref() == Some(&self.key.id));
        let token = self.overview.token.as_ref().filter(|facts| facts.key.as_ref() == Some(&self.key.id));
        [verified.map(|last| last.checked_at), token.map(|facts| facts.obtained_at), self.key.activated_at]
            .into_iter()
            .flatten()
            .max()
    }

    async fn ask(&mut self, seen: &mut Observations) -> Result<(), OpsError> {
        let own = &self.overview.connection;
        if seen.skew.as_secs().abs() >= SAME_TIME {
            let shifted = self.asker.shifted(seen.skew);
            let asker = std::mem::replace(&mut self.asker, shifted);
            self.tries(Change::Clock, own.clone(), None).await?;
            self.asker = asker;
        }
        let other = if self.settled() { None } else { self.other_key().await? };
        let mut tokens: Vec<(Peer, Option<SecretString>)> = Vec::new();
        if other.is_none() && !self.settled() {
            tokens = self.peers().await?;
        }
        seen.peers = tokens.iter().map(|(peer, _)| peer.clone()).collect();
        if !self.settled() {
            let (listings, asked) = {
                let bearers = bearers(seen, other.as_ref(), &tokens);
                listing::list(self.session, &self.asker, own, &bearers).await
            };
            seen.listings = listings;
            self.asked += asked;
            self.other_ids(seen).await?;
        }
        if other.is_none() {
            self.settings().await?;
        }
        self.places(seen, other.is_some()).await
    }

    /// Whether a trial has found the cause: nothing else needs to be asked.
    pub(super) fn settled(&self) -> bool {
        self.trials.iter().any(|trial| trial.accepted && !matches!(trial.change, Change::Key(_)))
    }

    /// Asks for the connection's other keys, under their own certificate ids.
    async fn other_key(&mut self) -> Result<Option<(KeyState, Given)>, OpsError> {
        let (overview, tried) = (self.overview, self.key.id.clone());
        for key in overview.keys.iter().filter(|key| key.id != tried) {
            let Some(id) = &key.certificate_id else { continue };
            let signing = Signing::load(self.session, &overview.connection.name, key, Some(id))?;
            let given = self.request(&overview.connection, &signing).await;
            if let Some(given) = given {
                let accepted = given.is_some();
                self.trials.push(Trial { change: Change::Key(key.state), accepted });
                if let Some(given) = given {
                    return Ok(Some((key.state, given)));
                }
            }
        }
        Ok(None)
    }

    /// Asks for other connections of the account: a few of each kind, the nearest first.
    async fn peers(&mut self) -> Result<Vec<(Peer, Option<SecretString>)>, OpsError> {
        let (own, all) = (&self.overview.connection, self.all);
        let mut kinds: Vec<([bool; 3], &Overview, &NetsuiteSettings, Key, CertificateId)> = Vec::new();
        for other in all {
            let connection = &other.connection;
            let Some(settings) = connection.settings.netsuite() else { continue };
            let apart = connection.id == own.id
                || !connection.enabled
                || settings.account != self.settings.account
                || connection.environment != own.environment;
            let active = other.keys.active.as_ref();
            if let (false, Some(key)) = (apart, active)
                && let Some(id) = &key.certificate_id
            {
                let kind = [
                    settings.client_id == self.settings.client_id,
                    settings.entity == self.settings.entity,
                    settings.role == self.settings.role,
                ];
                let alike = kinds.iter().filter(|(known, ..)| *known == kind).count();
                if alike < 2 {
                    kinds.push((kind, other, settings, key.clone(), id.clone()));
                }
            }
        }
        kinds.sort_by_key(|(kind, ..)| std::cmp::Reverse(*kind));
        let mut found = Vec::new();
        for (_, other, settings, key, id) in kinds.into_iter().take(PEERS) {
            let signing = Signing::load(self.session, &other.connection.name, &key, Some(&id))?;
            let Some(given) = self.request(&other.connection, &signing).await else { continue };
            let granted = given.as_ref().and_then(|given| given.granted.clone()).unwrap_or_default();
            let peer = Peer {
                name: other.connection.name.to_string(),
                client_id: settings.client_id.clone(),
                entity: granted.entity.or_else(|| settings.entity.clone()),
                role: granted.role.or_else(|| settings.role.clone()),
                accepted: given.is_some(),
                worked_before: key.activated_at.is_some(),
                application: granted.application,
            };
            found.push((peer, given.map(|given| given.token)));
        }
        Ok(found)
    }

    /// Tries the certificate ids that the vendor lists and that are not ours, and then those of other keys here.
    async fn other_ids(&mut self, seen: &Observations) -> Result<(), OpsError> {
        let unknown = |id: &str| seen.owner_of(id).is_none();
        let live = seen.listed().filter(|known| !known.revoked).map(|known| known.id.clone());
        let mut ids: Vec<String> = live.filter(|id| *id != seen.key.certificate_id).collect();
        ids.sort_by_key(|id| !unknown(id));
        let mine = self.overview.connection.name.as_str();
        let ours = self.all.iter().filter(|other| other.connection.name.as_str() != mine).filter(|other| {
            let settings = other.connection.settings.netsuite();
            settings.is_some_and(|settings| settings.account == self.settings.account)
        });
        if !seen.worked() {
            let known =
                ours.flat_map(|other| other.keys.iter()).filter_map(|key| key.certificate_id.as_ref());
            ids.extend(known.map(ToString::to_string).filter(|id| *id != seen.key.certificate_id));
        }
        ids.dedup();
        for id in ids.into_iter().take(8) {
            let Ok(certificate) = id.parse::<CertificateId>() else { continue };
            let own = self.overview.connection.clone();
            self.tries(Change::CertificateId(id), own, Some(certificate)).await?;
            if self.settled() {
                break;
            }
        }
        Ok(())
    }

    /// Asks for the same key with one thing changed, and remembers what came of it.
    pub(super) async fn tries(
        &mut self,
        change: Change,
        connection: Connection,
        id: Option<CertificateId>,
    ) -> Result<(), OpsError> {
        let id = id.unwrap_or_else(|| self.id.clone());
        let signing = Signing::load(self.session, &connection.name, &self.key, Some(&id))?;
        if let Some(given) = self.request(&connection, &signing).await {
            self.trials.push(Trial { change, accepted: given.is_some() });
        }
        Ok(())
    }

    /// Asks for a token; `None` if that showed nothing: it was not allowed, nobody answered, or enough was asked.
    async fn request(&mut self, connection: &Connection, signing: &Signing) -> Option<Option<Given>> {
        let plan = self.session.plan(connection).ok().filter(|_| self.asked < MOST)?;
        self.asked += 1;
        let answer = self.asker.send(&plan, &Means::Key(signing), Ask::ClientCredentials).await;
        match answer.map_err(|error| OpsError::from(Box::new(error))) {
            Ok(exchanged) => Some(Some(Given { token: exchanged.token.value, granted: exchanged.granted })),
            Err(error) if live::is_refusal(&error) => Some(None),
            Err(_) => None,
        }
    }
}

/// Whose tokens can ask for the list, those first that see what we would see.
fn bearers<'a>(
    seen: &Observations,
    other: Option<&'a (KeyState, Given)>,
    peers: &'a [(Peer, Option<SecretString>)],
) -> Vec<Bearer<'a>> {
    if let Some((state, given)) = other {
        let who = format!("the {state} key of {}", seen.name);
        return vec![Bearer { who, token: &given.token, same_entity: true }];
    }
    let mut able: Vec<(&Peer, &SecretString)> =
        peers.iter().filter_map(|(peer, token)| Some((peer, token.as_ref()?))).collect();
    able.sort_by_key(|(peer, _)| (!peer.same_entity(seen), !peer.same_client(seen)));
    able.into_iter()
        .map(|(peer, token)| Bearer { who: peer.name.clone(), token, same_entity: peer.same_entity(seen) })
        .collect()
}
