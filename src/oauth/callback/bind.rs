//! Takes the port, on both loopback addresses, before anything is opened.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use url::Url;

use super::respond::Site;
use super::server::{self, Callback};
use super::transaction::Transaction;
use crate::hooks::mutant;

/// How often a free port is looked for that is free on both addresses.
const ATTEMPTS: usize = 16;

/// The port of http.
const HTTP: u16 = 80;

/// Where a callback is to be listened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindRequest {
    /// The port; 0 takes one that is free on both addresses.
    pub port: u16,
    /// The only path that is answered, such as `/callback/quickbooks`.
    pub path: String,
    /// What a browser must call us: `localhost`, or the loopback address that is registered.
    pub host: String,
    /// The port by which a browser must call us, where something between us and it changes that.
    pub public_port: Option<u16>,
}

/// Why nobody can listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody else has the port on one of the addresses, and could get the code (exit 5).
    #[error("port {port} is taken on {address}")]
    Taken {
        /// The port.
        port: u16,
        /// The loopback address on which it is taken.
        address: IpAddr,
    },
    /// The path cannot be matched, or the redirect URI leads elsewhere than to this machine by http (exit 2).
    #[error("nobody can listen at {0}")]
    Place(String),
    /// Not allowed (a port below 1024), or the system is out of something (exit 1).
    #[error("cannot listen on {address}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

impl BindRequest {
    /// Returns where a redirect URI such as `http://localhost:8765/callback/quickbooks` leads to; a loopback address
    /// without a port takes a free one (RFC 8252 section 7.3).
    pub fn of_redirect_uri(uri: &Url) -> Result<Self, BindError> {
        let refused = || BindError::Place(uri.to_string());
        let host = uri.host_str().filter(|_| uri.scheme() == "http").ok_or_else(refused)?;
        let by_address = matches!(host, "127.0.0.1" | "[::1]");
        if !by_address && host != "localhost" {
            return Err(refused());
        }
        let port = match uri.port() {
            Some(port) => port,
            None if by_address => 0,
            None => HTTP,
        };
        Ok(Self { port, path: uri.path().to_owned(), host: host.to_owned(), public_port: None })
    }
}

/// A port of ours, on 127.0.0.1 and on `::1`. Nobody is answered yet: who calls early waits.
pub struct Listener {
    sockets: Vec<TcpListener>,
    port: u16,
    site: Site,
}

impl Listener {
    /// Takes the port on both loopback addresses, or neither.
    ///
    /// Both, because `localhost` may mean either, and who had the other one would get the code (RFC 8252 section
    /// 8.3). An address that this machine does not have at all is nobody's, and is passed over.
    pub async fn bind(request: &BindRequest) -> Result<Self, BindError> {
        let visible =
            request.path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'));
        if !request.path.starts_with('/') || request.path.starts_with("//") || !visible {
            return Err(BindError::Place(request.path.escape_default().to_string()));
        }
        let mut attempt = 1;
        let (sockets, port) = loop {
            match take(request.port).await {
                // The port that was free on one address was not on the other.
                Err(BindError::Taken { .. }) if request.port == 0 && attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        // RFC 9110 section 4.2.1: the default port is left out.
        let authority = match request.public_port.unwrap_or(port) {
            HTTP => request.host.clone(),
            other => format!("{}:{other}", request.host),
        };
        Ok(Self { sockets, port, site: Site::new(authority, request.path.clone())? })
    }

    /// The port, on every address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The redirect URI that leads here: `http://localhost:8765/callback/quickbooks`.
    pub fn address(&self) -> String {
        self.site.address()
    }

    /// Starts to answer, and to wait for the one answer that `transaction` expects.
    ///
    /// Must be called inside a tokio runtime.
    pub fn expect(self, transaction: Transaction) -> Callback {
        server::start(self.sockets, self.site, transaction)
    }
}

async fn take(wanted: u16) -> Result<(Vec<TcpListener>, u16), BindError> {
    let mut sockets = Vec::with_capacity(2);
    let mut port = wanted;
    let mut missing = None;
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        if address.is_ipv6() && mutant("callback-v4-only") {
            continue;
        }
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { port, address },
            _ => BindError::Refused { address: SocketAddr::new(address, port), source },
        };
        match TcpListener::bind((address, port)).await {
            Ok(socket) => {
                port = socket.local_addr().map_err(refused)?.port();
                sockets.push(socket);
            }
            Err(error) if is_absent(&error) => missing = Some(refused(error)),
            Err(error) => return Err(refused(error)),
        }
    }
    match missing {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok((sockets, port)),
    }
}

/// Whether the machine has no such address, or does not speak that version of IP.
fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}
