//! SCRAM (RFC 5802) with SHA-1, SHA-256 (RFC 7677) and SHA-512, optionally bound to TLS by `tls-exporter` (RFC 9266).
//!
//! The crate `rsasl` runs the exchange. This module checks each message first, because of these gaps in `rsasl`:
//!
//! - Its parsers index into attributes and panic if one is too short. Therefore it only receives messages that follow
//!   the grammar exactly. Messages with extensions are refused: `rsasl` omits extensions from the signed text, so that
//!   they could not be verified.
//! - It panics if it is called again after an error. Therefore a failed session is dropped.
//! - Its client runs as many iterations as the server requests, and does not prepare names and passwords.
//! - Its server does not unescape names, accepts any type of channel binding, does not check that the use of channel
//!   binding fits the mechanism, and reveals unknown users by a new salt each time and a different error.

mod client;
mod keys;
mod message;
mod server;
mod session;

pub(super) use client::ScramClient;
pub use keys::{InvalidKeys, ScramKeys};
pub use server::{ScramServer, scram_authorization_id, scram_user};

#[cfg(test)]
mod tests;
