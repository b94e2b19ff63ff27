//! The fuzz target `harmless_call`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("harmless_call");
