//! The vendor simulator: strict, independent stand-ins for the vendors' servers, on loopback.
//!
//! Stands outside: shares no code with the client side and imports nothing of ours but `clock`. What it demands
//! is written down from the vendors' documentation (`vendors.md`), so that a client which satisfies it has been
//! checked by somebody else. Where the documentation is silent, the stricter reading is taken and the place
//! says so.
//!
//! ```text
//! connection ─► faults (before) ─► vendor ─► faults (after) ─► connection      a listener, one task each
//!               http://127.0.0.1:PORT/netsuite/<account>/…     what a vendor answers: one folder per vendor
//!               http://127.0.0.1:PORT/quickbooks/…, /pax8/…, /oauth2/<tenant>/…
//!               http://127.0.0.1:PORT/control/…                what an administrator or a test does
//! ```
//!
//! `server` listens, `connection` can be reset or cut under an answer, `state` is what all vendors share,
//! `faults` are what can be armed, `control` is the other way in: in process as [`Control`], from outside as
//! JSON over HTTP (its module documentation lists every endpoint). Nothing is ever stored; a stopped simulator
//! is forgotten.

mod connection;
pub mod control;
mod error;
pub mod faults;
mod jose;
mod jwk;
mod ledger;
mod limit;
pub mod netsuite;
pub mod oauth2;
mod page;
pub mod pax8;
pub mod quickbooks;
mod random;
mod server;
mod state;
mod target;
#[cfg(test)]
mod tests;
mod wire;

pub use control::Control;
pub use error::SimError;
pub use faults::{ArmedFault, Fault, FaultRule};
pub use ledger::{Ending, FamilyEntry, IssuedGrant};
pub use server::{Simulator, SimulatorConfig, start};
pub use state::CallCount;
pub use target::{Endpoint, Vendor};
