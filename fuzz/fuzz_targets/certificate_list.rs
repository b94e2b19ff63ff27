//! The fuzz target `certificate_list`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("certificate_list");
