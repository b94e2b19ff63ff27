//! Where the browser is sent back to, and where it is listened for: the vendor's rules, what is registered, what the
//! operator says.

use url::{Host, Url};

use crate::domain::app::App;
use crate::domain::connection::Environment;
use crate::oauth::callback::{BindRequest, Listener};
use crate::ops::LoginError;
use crate::providers::{Consent, Descriptor, Redirects, is_loopback};

/// The port of `http://localhost:PORT/…` where nobody names another: vendors that compare redirect URIs as text need one
/// that stays the same.
pub const DEFAULT_PORT: u16 = 8765;

/// What the operator says.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    /// The redirect URI instead of the app's.
    pub redirect_uri: Option<String>,
    /// The port to listen on.
    pub listen: Option<u16>,
    /// Nobody listens; the address is pasted.
    pub paste: bool,
}

/// How the browser comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The redirect URI, but for a port that is still to be found.
    uri: String,
    /// Where it is listened for; `None` if it is not.
    bind: Option<BindRequest>,
    /// The redirect URI gets its port from the listener (RFC 8252 section 7.3).
    any_port: bool,
}

/// How the browser comes back, with the port that was taken for it.
pub(super) struct Opened {
    /// The redirect URI, character by character.
    pub(super) uri: String,
    /// Whoever listens.
    pub(super) listener: Option<Listener>,
    /// Where a pasted address may lead: the redirect URI and, where they differ, the listener's.
    pub(super) places: Vec<Url>,
}

impl Route {
    /// Works out how the browser comes back; opens nothing yet.
    pub(super) fn new(
        vendor: &Descriptor,
        consent: &Consent,
        app: &App,
        wanted: &Preferences,
    ) -> Result<Self, LoginError> {
        let given = wanted.redirect_uri.as_ref().or(app.registration.redirect_uri.as_ref());
        let Some(text) = given else { return Self::usual(vendor, consent, app, wanted) };
        let refused = |why| LoginError::RedirectUri { uri: text.clone(), why };
        let uri = absolute(text).ok_or_else(|| refused("is no absolute URL without a fragment"))?;
        allowed(&uri, consent.redirects, app.environment).map_err(refused)?;
        if uri.scheme() == "https" {
            // A page of the team's own, which forwards to the usual place here.
            let port = wanted.listen.unwrap_or(DEFAULT_PORT);
            let bind = BindRequest {
                port,
                path: consent.callback_path.to_owned(),
                host: "localhost".to_owned(),
                public_port: None,
            };
            return Ok(Self {
                uri: text.clone(),
                bind: Some(bind).filter(|_| !wanted.paste),
                any_port: false,
            });
        }
        let mut bind = BindRequest::of_redirect_uri(&uri)?;
        let any_port = bind.port == 0 && !wanted.paste;
        match wanted.listen {
            Some(port) if any_port => bind.port = port,
            // Something in between changes the port.
            Some(port) if port != bind.port => {
                bind.public_port = Some(std::mem::replace(&mut bind.port, port));
            }
            _ => {}
        }
        Ok(Self { uri: text.clone(), bind: Some(bind).filter(|_| !wanted.paste), any_port })
    }

    /// Where nobody said anything: this machine, as the vendor allows it.
    fn usual(
        vendor: &Descriptor,
        consent: &Consent,
        app: &App,
        wanted: &Preferences,
    ) -> Result<Self, LoginError> {
        let (host, port) = match (consent.redirects, app.environment) {
            (Redirects::LocalhostInDevelopment, Environment::Production) => {
                return Err(LoginError::NoRedirectUri { vendor: vendor.name, app: app.name.clone() });
            }
            (Redirects::LocalhostInDevelopment, _) => ("localhost", wanted.listen.unwrap_or(DEFAULT_PORT)),
            // Without a listener nobody comes back to it, so that any port will do.
            (Redirects::Loopback, _) if wanted.paste => ("127.0.0.1", DEFAULT_PORT),
            (Redirects::Loopback, _) => ("127.0.0.1", wanted.listen.unwrap_or(0)),
        };
        let path = consent.callback_path;
        let uri = format!("http://{host}:{port}{path}");
        if port == 0 && consent.redirects == Redirects::LocalhostInDevelopment {
            return Err(LoginError::RedirectUri {
                uri,
                why: "needs a port that stays the same: it is registered",
            });
        }
        let bind = BindRequest { port, path: path.to_owned(), host: host.to_owned(), public_port: None };
        Ok(Self { uri, bind: Some(bind).filter(|_| !wanted.paste), any_port: port == 0 })
    }

    /// The redirect URI, where it is known before anybody listens.
    pub(super) fn known_uri(&self) -> Option<&str> {
        (!self.any_port).then_some(&self.uri)
    }

    /// Takes the port.
    pub(super) async fn open(self) -> Result<Opened, LoginError> {
        let listener = match &self.bind {
            Some(bind) => Some(Listener::bind(bind).await?),
            None => None,
        };
        let mut uri = self.uri;
        if let (true, Some(listener), Some(mut found)) = (self.any_port, &listener, absolute(&uri)) {
            // Cannot fail: it is http with a host.
            let _ = found.set_port(Some(listener.port()));
            uri = found.to_string();
        }
        let own = listener.as_ref().map(Listener::address);
        let places = std::iter::once(uri.as_str()).chain(own.as_deref()).filter_map(absolute).collect();
        Ok(Opened { uri, listener, places })
    }
}

fn absolute(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| url.has_host() && url.fragment().is_none())
}

/// Returns what is wrong with an app's redirect URI by the vendor's rules, if it has one and something is.
pub(in crate::ops) fn problem(app: &App) -> Option<&'static str> {
    let consent = crate::providers::descriptor(app.provider).consent.as_ref()?;
    let Some(uri) = absolute(app.registration.redirect_uri.as_deref()?) else {
        return Some("is no absolute URL without a fragment");
    };
    allowed(&uri, consent.redirects, app.environment).err()
}

/// Refuses what the vendor would refuse, and where nobody could listen.
fn allowed(uri: &Url, rule: Redirects, environment: Environment) -> Result<(), &'static str> {
    let by_name = matches!(uri.host(), Some(Host::Domain(_)));
    match (rule, uri.scheme()) {
        (Redirects::LocalhostInDevelopment, _) if !by_name => {
            Err("has an IP address for a host, which the vendor refuses")
        }
        (Redirects::LocalhostInDevelopment, _)
            if environment == Environment::Production && is_loopback(uri) =>
        {
            Err("is on localhost, which the vendor takes for development keys alone")
        }
        (_, "https") => Ok(()),
        (Redirects::LocalhostInDevelopment, _) if environment == Environment::Production => {
            Err("does not begin with https")
        }
        (_, "http") if is_loopback(uri) => Ok(()),
        _ => Err("is neither https nor http to this machine"),
    }
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
