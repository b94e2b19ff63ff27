//! The token broker: HTTP front doors over the same operations that the command line uses.
//!
//! May import `ops`, `domain`, `clock`, `secret`. Knows HTTP and who may ask; what is answered is handed in.

pub mod socket;
