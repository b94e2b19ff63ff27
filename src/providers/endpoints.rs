//! Where a connection's requests go, and whether they may go there.
//!
//! [`Endpoints`] can be made only by [`endpoints`], so a request that has one has passed the host rule
//! (`architecture.md` section 6).

use url::{Host, Url};

use super::descriptor;
use super::descriptor::Descriptor;
use crate::domain::connection::{Environment, Provider, Settings};

/// The endpoints of a connection, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    token: Url,
    certificates: Url,
}

impl Endpoints {
    /// The token endpoint: the target of the POST and, as the same text, the assertion's `aud`.
    pub fn token(&self) -> &Url {
        &self.token
    }

    /// The certificate endpoint of the client: list by GET, upload by POST, revoke below it.
    pub fn certificates(&self) -> &Url {
        &self.certificates
    }
}

/// Why a connection's requests may not go where its settings lead (exit 9, but for
/// [`EndpointError::Missing`]: exit 2). No variant shows more of a URL than scheme and host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Neither given nor to be derived.
    #[error("environment `{environment}` needs a {endpoint} URL")]
    Missing {
        /// "token" or "certificate".
        endpoint: &'static str,
        /// Which environment asked for one.
        environment: Environment,
    },
    /// Neither https nor, where that is allowed, http.
    #[error("the {endpoint} URL has the scheme `{scheme}`: only https is allowed")]
    Scheme {
        /// "token" or "certificate".
        endpoint: &'static str,
        /// What it has.
        scheme: String,
    },
    /// http to another machine, or outside the simulator's environment.
    #[error(
        "the {endpoint} URL is plain http to {host}: that is allowed only to loopback in environment `simulator`"
    )]
    PlainHttp {
        /// "token" or "certificate".
        endpoint: &'static str,
        /// Where it leads.
        host: String,
    },
    /// Neither the vendor's nor trusted by name.
    #[error("the {endpoint} URL leads to {host}, which is not {vendor}'s and not trusted by name")]
    UntrustedHost {
        /// "token" or "certificate".
        endpoint: &'static str,
        /// Where it leads.
        host: String,
        /// Whose it should be.
        vendor: &'static str,
    },
    /// A URL with more to it than scheme, host, port and path.
    #[error("the {endpoint} URL must not have {part}")]
    Superfluous {
        /// "token" or "certificate".
        endpoint: &'static str,
        /// What it has: "a user name or password", "a query", "a fragment", "no host".
        part: &'static str,
    },
}

/// Returns where the requests of a connection go.
///
/// An override counts before the rule that leads from the account id to a host (`vendors.md` 1.1). Every URL
/// must be https, belong to the vendor or to a host in `settings.trusted_hosts`, and have neither user
/// information nor query nor fragment. In environment `simulator`, where the token URL must be given, loopback
/// is trusted, plain http included, and the certificate endpoint lies beside the token endpoint.
pub fn endpoints(
    provider: Provider,
    environment: Environment,
    settings: &Settings,
) -> Result<Endpoints, EndpointError> {
    let rule = Rule { vendor: descriptor(provider), environment, settings };
    let token = match (&settings.token_url, environment) {
        (Some(url), _) => Some(url.clone()),
        (None, Environment::Simulator) => None,
        (None, _) => (rule.vendor.token_url)(settings),
    };
    let token = rule.checked("token", token)?;
    let certificates = match (&settings.certificate_url, environment) {
        (Some(url), _) => Some(url.clone()),
        (None, Environment::Simulator) => (rule.vendor.certificates_beside)(settings, &token),
        (None, _) => (rule.vendor.certificates_url)(settings),
    };
    let certificates = rule.checked("certificate", certificates)?;
    Ok(Endpoints { token, certificates })
}

/// Whether `url` leads to this machine by its name or address alone: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

struct Rule<'a> {
    vendor: &'static Descriptor,
    environment: Environment,
    settings: &'a Settings,
}

impl Rule<'_> {
    fn checked(&self, endpoint: &'static str, url: Option<Url>) -> Result<Url, EndpointError> {
        let url = url.ok_or(EndpointError::Missing { endpoint, environment: self.environment })?;
        let superfluous = |part| Err(EndpointError::Superfluous { endpoint, part });
        let Some(host) = url.host_str() else { return superfluous("no host") };
        let rehearsal = self.environment == Environment::Simulator && is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if rehearsal => {}
            "http" => return Err(EndpointError::PlainHttp { endpoint, host: host.to_owned() }),
            scheme => return Err(EndpointError::Scheme { endpoint, scheme: scheme.to_owned() }),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return superfluous("a user name or password");
        }
        if url.query().is_some() {
            return superfluous("a query");
        }
        if url.fragment().is_some() {
            return superfluous("a fragment");
        }
        if rehearsal || self.trusts(host) {
            Ok(url)
        } else {
            let host = host.to_owned();
            Err(EndpointError::UntrustedHost { endpoint, host, vendor: self.vendor.name })
        }
    }

    fn trusts(&self, host: &str) -> bool {
        let belongs = |suffix: &&str| {
            host.strip_suffix(*suffix).is_some_and(|label| label.is_empty() || label.ends_with('.'))
        };
        // `Url` writes hosts in lower case and IPv6 addresses in brackets; people write neither reliably.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.vendor.host_suffixes.iter().any(belongs)
            || self
                .settings
                .trusted_hosts
                .iter()
                .any(|trusted| trusted.eq_ignore_ascii_case(host) || trusted.eq_ignore_ascii_case(bare))
    }
}

#[cfg(test)]
#[path = "endpoints_tests.rs"]
mod tests;
