//! The binary from outside: stdout, stderr and exit code together. Rules are tested in the library; this proves
//! the wiring.

mod common;

mod frame;
mod hardening;
mod signals;
