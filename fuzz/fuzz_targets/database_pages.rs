//! The fuzz target `database_pages`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("database_pages");
