//! What can go wrong with the simulator itself; what it refuses as a vendor is an answer, not an error.

use std::io;
use std::net::SocketAddr;

/// A failure to start the simulator or to use its controls.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// Something other than loopback was to be listened on: the simulator hands a token to whoever asks.
    #[error("the simulator listens on loopback addresses only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address could not be taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A list of faults that cannot be read.
    #[error("not a list of faults: {0}")]
    Faults(String),
    /// A control call named something that does not exist.
    #[error("there is no {kind} {id}")]
    Unknown {
        /// Such as "account", "app", "company" or "fault".
        kind: &'static str,
        /// The name that was given.
        id: String,
    },
    /// A control call would make something a second time.
    #[error("{kind} {id} exists already")]
    Exists {
        /// Such as "integration" or "app".
        kind: &'static str,
        /// The name that was given.
        id: String,
    },
    /// A control call with a value that the vendor would not take.
    #[error("{0}")]
    Refused(String),
}
