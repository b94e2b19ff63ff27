//! The simulator over real connections, driven by a client that is written here and shares no code with ours.

mod certificates;
mod control;
mod desk;
mod faults;
mod oauth2;
mod pax8;
mod quickbooks;
mod rig;
mod token;
