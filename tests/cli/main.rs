//! The binary from outside: stdout, stderr and exit code together. Rules are tested in the library; this proves
//! the wiring.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops where its world is not as expected, and says what it skips"
)]

mod common;

mod care;
mod company;
mod demo;
mod disconnect;
mod doctor;
mod examples;
mod exec;
mod exec_live;
mod formats;
mod frame;
mod hardening;
mod help;
mod identities;
mod import;
mod init;
mod invite;
mod leaving;
mod listings;
mod login;
mod login_people;
mod members;
mod plans;
mod reports;
mod signals;
mod sim;
mod systemd;
mod verify_reports;
mod viewers;
