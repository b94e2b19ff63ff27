//! The fuzz target `pasted_address`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("pasted_address");
