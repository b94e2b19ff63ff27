//! What users intend, one function each: the only place that combines rules, memory and vendors.
//!
//! May import everything below; talks to people through [`interact::Interact`] only.

pub mod interact;
