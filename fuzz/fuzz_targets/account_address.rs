//! The fuzz target `account_address`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("account_address");
