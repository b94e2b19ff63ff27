//! The fuzz target `vault_file`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("vault_file");
