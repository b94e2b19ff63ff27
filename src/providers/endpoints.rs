//! Where a connection's requests go, and whether they may go there.
//!
//! [`Endpoints`] can be made only by [`endpoints`], so a request that has one has passed the host rule
//! (`architecture.md` section 6).

use url::{Host, Url};

use super::descriptor;
use super::descriptor::{Descriptor, Place};
use crate::domain::connection::{Environment, Provider};
use crate::domain::registration::{Registration, Server};
use crate::domain::settings::Settings;

/// The endpoints of a connection, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    token: Url,
    certificates: Option<Url>,
    authorize: Option<Url>,
    device: Option<Url>,
    revoke: Option<Url>,
    api: Option<Url>,
    addresses: Option<Url>,
}

impl Endpoints {
    /// The token endpoint: the target of the POST and, as the same text, the assertion's `aud`.
    pub fn token(&self) -> &Url {
        &self.token
    }

    /// The certificate endpoint of the client: list by GET, upload by POST, revoke below it.
    pub fn certificates(&self) -> Option<&Url> {
        self.certificates.as_ref()
    }

    /// Where a person consents (RFC 6749 section 3.1).
    pub fn authorize(&self) -> Option<&Url> {
        self.authorize.as_ref()
    }

    /// Where a person without a browser here begins (RFC 8628 section 3.1).
    pub fn device(&self) -> Option<&Url> {
        self.device.as_ref()
    }

    /// Where a grant is given back (RFC 7009 section 2).
    pub fn revoke(&self) -> Option<&Url> {
        self.revoke.as_ref()
    }

    /// Where the harmless call goes: the address of the vendor's API, or the userinfo endpoint.
    pub fn api(&self) -> Option<&Url> {
        self.api.as_ref()
    }

    /// Where anybody may ask which hosts an account has. No setting leads there, and no credential goes there.
    pub fn addresses(&self) -> Option<&Url> {
        self.addresses.as_ref()
    }
}

/// Why a connection's requests may not go where its settings lead (exit 9, but for
/// [`EndpointError::Missing`]: exit 2). No variant shows more of a URL than scheme and host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Neither given nor to be derived.
    #[error("environment `{environment}` needs a {endpoint} URL")]
    Missing {
        /// Such as "token".
        endpoint: &'static str,
        /// Which environment asked for one.
        environment: Environment,
    },
    /// Neither https nor, where that is allowed, http.
    #[error("the {endpoint} URL has the scheme `{scheme}`: only https is allowed")]
    Scheme {
        /// Such as "token".
        endpoint: &'static str,
        /// What it has.
        scheme: String,
    },
    /// http to another machine, or outside the simulator's environment.
    #[error(
        "the {endpoint} URL is plain http to {host}: that is allowed only to loopback in environment `simulator`"
    )]
    PlainHttp {
        /// Such as "token".
        endpoint: &'static str,
        /// Where it leads.
        host: String,
    },
    /// Neither the vendor's nor trusted by name.
    #[error("the {endpoint} URL leads to {host}, which is not {vendor}'s and not trusted by name")]
    UntrustedHost {
        /// Such as "token".
        endpoint: &'static str,
        /// Where it leads.
        host: String,
        /// Whose it should be.
        vendor: &'static str,
    },
    /// A URL with more to it than scheme, host, port and path.
    #[error("the {endpoint} URL must not have {part}")]
    Superfluous {
        /// Such as "token".
        endpoint: &'static str,
        /// What it has: "a user name or password", "a query", "a fragment", "no host".
        part: &'static str,
    },
}

/// Whose endpoints are asked for.
#[derive(Debug, Clone, Copy)]
pub struct EndpointRequest<'a> {
    /// The vendor.
    pub provider: Provider,
    /// The world that the requests belong to.
    pub environment: Environment,
    /// The connection's settings.
    pub settings: &'a Settings,
    /// Its app's registration, if it belongs to one.
    pub registration: Option<&'a Registration>,
}

/// Returns where the requests of a connection go.
///
/// An override counts before the vendor's own place (`vendors.md` 1.1). Every URL must be https, belong to the vendor or
/// to a host that is trusted by name, and have neither user information nor fragment, nor a query unless the server is
/// one that an operator named (RFC 6749 section 3.1 lets it have one). In environment `simulator`, where the token URL
/// must be given, loopback is trusted, plain http included, and the other endpoints lie beside the token endpoint.
pub fn endpoints(request: EndpointRequest<'_>) -> Result<Endpoints, EndpointError> {
    let EndpointRequest { provider, environment, settings, registration } = request;
    let vendor = descriptor(provider);
    let netsuite = settings.netsuite();
    let server = registration.map(|registration| &registration.server);
    let own = match (netsuite, server) {
        (Some(settings), _) => settings.token_url.as_ref(),
        (None, Some(server)) => server.token_url.as_ref(),
        (None, None) => None,
    };
    let place = Place { environment, settings, token: own };
    let known = (vendor.locate)(&place);
    let rule = Rule { vendor, request };
    let token = match (own, environment) {
        (Some(url), _) => Some(url.clone()),
        (None, Environment::Simulator) => None,
        (None, _) => known.token,
    };
    let named = |pick: fn(&Server) -> &Option<Url>| server.and_then(|all| pick(all).clone());
    let certificates = netsuite.and_then(|settings| settings.certificate_url.clone());
    Ok(Endpoints {
        token: rule.required("token", token)?,
        certificates: rule.optional("certificate", certificates.or(known.certificates))?,
        authorize: rule.optional("authorization", named(|all| &all.authorize_url).or(known.authorize))?,
        device: rule.optional("device authorization", named(|all| &all.device_url).or(known.device))?,
        revoke: rule.optional("revocation", named(|all| &all.revoke_url).or(known.revoke))?,
        api: rule.optional("API", named(|all| &all.api_url).or(known.api))?,
        addresses: known.addresses,
    })
}

/// Checks the address of a metadata document by the rule for endpoints: what it says counts as the operator's word.
pub fn discovery_url(request: EndpointRequest<'_>, url: &Url) -> Result<(), EndpointError> {
    Rule { vendor: descriptor(request.provider), request }.checked("discovery", url.clone()).map(drop)
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
    request: EndpointRequest<'a>,
}

impl Rule<'_> {
    fn required(&self, endpoint: &'static str, url: Option<Url>) -> Result<Url, EndpointError> {
        let url = url.ok_or(EndpointError::Missing { endpoint, environment: self.request.environment })?;
        self.checked(endpoint, url)
    }

    fn optional(&self, endpoint: &'static str, url: Option<Url>) -> Result<Option<Url>, EndpointError> {
        url.map(|url| self.checked(endpoint, url)).transpose()
    }

    fn checked(&self, endpoint: &'static str, url: Url) -> Result<Url, EndpointError> {
        let superfluous = |part| Err(EndpointError::Superfluous { endpoint, part });
        let Some(host) = url.host_str() else { return superfluous("no host") };
        let rehearsal = self.request.environment == Environment::Simulator && is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if rehearsal => {}
            "http" => return Err(EndpointError::PlainHttp { endpoint, host: host.to_owned() }),
            scheme => return Err(EndpointError::Scheme { endpoint, scheme: scheme.to_owned() }),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return superfluous("a user name or password");
        }
        if url.query().is_some() && !self.vendor.named_by_operator {
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
        let by_name =
            |trusted: &String| trusted.eq_ignore_ascii_case(host) || trusted.eq_ignore_ascii_case(bare);
        self.vendor.host_suffixes.iter().any(belongs)
            || self.request.settings.trusted_hosts().iter().any(by_name)
            || self.request.registration.is_some_and(|app| app.trusted_hosts.iter().any(by_name))
            || self.named_host().is_some_and(|named| named == host)
    }

    /// The host of the server that an operator named: of its metadata or, without, of its token endpoint.
    fn named_host(&self) -> Option<&str> {
        let server = &self.request.registration.filter(|_| self.vendor.named_by_operator)?.server;
        server.discovery.as_ref().or(server.token_url.as_ref())?.host_str()
    }
}

#[cfg(test)]
#[path = "endpoints_tests.rs"]
mod tests;
