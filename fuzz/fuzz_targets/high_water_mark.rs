//! The fuzz target `high_water_mark`: what it is given and what must hold is said in `tokenctl::fuzzing`.
#![no_main]

tokenctl_fuzz::parser!("high_water_mark");
