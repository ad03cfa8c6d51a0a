//! SCRAM (RFC 5802) with SHA-1 and SHA-256 (RFC 7677), bound to TLS by `tls-exporter` (RFC 9266) or not.
//!
//! The exchange itself is that of the crate `rsasl`. What that does not look at is looked at here, before it sees a
//! message:
//!
//! - Its parsers take attributes apart by index and panic for those that are too short. It is given only what
//!   follows the grammar to the letter, and what would answer nothing else than a failure: it leaves extensions out
//!   of what is signed, so a message that has some cannot be verified, and is refused.
//! - It panics when it is asked once more after an error. A session that failed is dropped.
//! - As a client it does as many iterations as the server wants, and does not prepare names and passwords.
//! - As a server it does not unescape names, takes any type of channel binding, lets a client do without in a
//!   mechanism that binds and with in one that does not, and tells unknown users by a new salt each time and
//!   an error of their own.

mod client;
mod keys;
mod message;
mod server;
mod session;

pub(super) use client::ScramClient;
pub use keys::{InvalidKeys, ScramKeys};
pub use server::{ScramServer, scram_authorize_as, scram_user};

#[cfg(test)]
mod tests;
