//! `doctor`: what it says of a place that is well, and of one that is not.

mod checks;
mod faults;
mod hospital;
