//! Starts, runs and stops a simulator.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::control::{self, Control};
use super::error::SimError;
use super::faults::{self, FaultRule};
use super::state::World;
use super::target::Vendor;
use super::{connection, netsuite, oauth2, pax8, quickbooks};
use crate::clock::Clock;

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The time that the vendors live by.
    pub clock: Clock,
    /// Faults that are armed from the start.
    pub faults: Vec<FaultRule>,
    /// The vendors to simulate; empty means all.
    pub vendors: Vec<Vendor>,
}

impl SimulatorConfig {
    /// All vendors on a free port of 127.0.0.1, without faults.
    pub fn new(clock: Clock) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock,
            faults: Vec::new(),
            vendors: Vec::new(),
        }
    }
}

/// A running simulator; dropping it ends it and every connection to it.
pub struct Simulator {
    address: SocketAddr,
    world: Arc<World>,
    listening: JoinHandle<()>,
}

/// Starts a simulator; its address is bound and answers once this returns.
///
/// Must be called inside a tokio runtime, on which it then runs.
pub async fn start(config: SimulatorConfig) -> Result<Simulator, SimError> {
    if !config.listen.ip().is_loopback() {
        return Err(SimError::NotLoopback(config.listen));
    }
    let refused = |source| SimError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let vendors = if config.vendors.is_empty() { Vendor::ALL.to_vec() } else { config.vendors };
    let world = Arc::new(World::new(config.clock, format!("http://{address}"), vendors, config.faults));
    let listening = tokio::spawn(listen(listener, router(&world)));
    Ok(Simulator { address, world, listening })
}

impl Simulator {
    /// The address that it listens on, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end; vendors live below it (`/netsuite/<account>/…`).
    ///
    /// The simulator knows itself by this name only: an audience with `localhost` is a wrong one.
    pub fn base_url(&self) -> String {
        self.world.base_url.clone()
    }

    /// The vendors that it plays.
    pub fn vendors(&self) -> impl Iterator<Item = Vendor> {
        self.world.vendors.iter().copied()
    }

    /// What a vendor's endpoints are below, with `ACCOUNT` or `TENANT` where a name is to be filled in.
    pub fn vendor_url(&self, vendor: Vendor) -> String {
        let below = match vendor {
            Vendor::Netsuite => "/ACCOUNT/services/rest",
            Vendor::Quickbooks | Vendor::Pax8 => "",
            Vendor::Oauth2 => "/TENANT",
        };
        format!("{}/{}{below}", self.world.base_url, vendor.as_str())
    }

    /// The administrator's side, in process.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.world))
    }

    /// Serves until `shutdown` completes, then ends every connection.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
    }

    /// Ends it with all its connections; the port is free once this returns.
    pub async fn stop(mut self) {
        self.listening.abort();
        // The only outcome besides cancellation is a panic, which has been printed already.
        let _ = (&mut self.listening).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn router(world: &Arc<World>) -> Router {
    let mut vendors = Router::new();
    for vendor in &world.vendors {
        let faults = middleware::from_fn_with_state(Arc::clone(world), faults::interfere);
        vendors = vendors.merge(match vendor {
            Vendor::Netsuite => netsuite::router().layer(faults),
            Vendor::Quickbooks => {
                quickbooks::router().layer(faults).layer(middleware::map_response(quickbooks::number))
            }
            Vendor::Pax8 => pax8::router().layer(faults),
            Vendor::Oauth2 => oauth2::router().layer(faults),
        });
    }
    vendors.merge(control::router()).with_state(Arc::clone(world))
}

/// Accepts until it is aborted; its connections end with it.
async fn listen(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Latency only: a socket that refuses this still works.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection::serve(stream, router.clone()));
                }
                // Why: out of file descriptors, most likely; accepting at once again would spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
