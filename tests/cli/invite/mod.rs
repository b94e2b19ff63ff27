//! Invitations from outside.

mod check;
mod desk;
mod forged;
mod hostile;
mod issuer;
mod limits;
mod mint;
mod once;
mod personal;
mod stock;
mod story;
