//! The vendors' hosts: whether they can be reached, and what time it is there.

use std::collections::BTreeMap;

use url::Url;

use crate::domain::health::{Ailment, Check, Fix};
use crate::oauth::{self, ExchangeError, Unreachable};
use crate::ops::Session;
use crate::ops::connections::Overview;
use crate::ops::proof::Asker;
use crate::providers::Descriptor;

/// Hosts that are asked at most.
const MOST: usize = 8;

/// Asks each host of the chosen connections once or, where none was chosen, of all that are enabled; returns how many were
/// asked, too.
pub(super) async fn check(session: &Session, all: &[Overview], chosen: &[&Overview]) -> (Check, u32) {
    let mut hosts: Vec<(String, &'static Descriptor, Url)> = Vec::new();
    let subjects: Vec<_> = if chosen.is_empty() {
        all.iter().filter(|overview| overview.connection.enabled).collect()
    } else {
        chosen.to_vec()
    };
    for overview in subjects {
        if let Ok(plan) = session.plan(&overview.connection)
            && let Some(host) = plan.endpoints.token().host_str()
            && !hosts.iter().any(|(known, ..)| known == host)
            && hosts.len() < MOST
        {
            hosts.push((host.to_owned(), plan.vendor, plan.endpoints.token().clone()));
        }
    }
    if hosts.is_empty() {
        let why = if chosen.is_empty() { "no connection is enabled" } else { "there is no host to ask" };
        return (Check::skipped("vendors", why), 0);
    }
    let asker = Asker::new(session);
    let mut parts = BTreeMap::new();
    for (host, vendor, url) in &hosts {
        let outcome = oauth::reach(&asker.way(), vendor, url).await;
        parts.insert(host.clone(), judge(host, vendor, outcome));
    }
    let requests = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    (Check::group("vendors", "one request to each host", parts.into_values().collect()), requests)
}

fn judge(host: &str, vendor: &Descriptor, outcome: Result<oauth::Evidence, ExchangeError>) -> Check {
    match outcome {
        Ok(evidence) => {
            let found = format!("{} answers in {} ms", vendor.name, evidence.latency_ms());
            match evidence.clock_skew.filter(|skew| skew.is_notable()) {
                None => Check::ok(host, format!("{found}, and its clock agrees with ours")),
                Some(skew) => Check::failed(host, Ailment::Refused, format!("{found}, but {skew}"))
                    .because("assertions are dated by this machine's clock, and a vendor refuses those from another time")
                    .fix(Fix::Shell("set the clock by the network:".to_owned(), "timedatectl set-ntp true".to_owned())),
            }
        }
        Err(error) => {
            let check = Check::failed(host, Ailment::Unreachable, error.to_string());
            match &error {
                ExchangeError::Unreachable { reason: Unreachable::Dns, .. } => check
                    .because("the name has no address here: an account id that does not exist, or no name service")
                    .fix(Fix::what("look the host up from this machine, and compare the account id")),
                ExchangeError::Unreachable { reason: Unreachable::Tls(_), .. } => check
                    .because("something between here and the vendor answers with a certificate that is not trusted")
                    .fix(Fix::what("add the authority of a proxy that opens TLS to the system's, or go around it")),
                ExchangeError::Client(_) => check.because("this machine has no authorities that TLS could trust"),
                _ => check
                    .because("no answer came: a firewall, a proxy, or an outage of the vendor")
                    .fix(Fix::what("try again later, and from another network")),
            }
        }
    }
}
