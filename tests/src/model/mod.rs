//! Models of an SMTP session, seen from the server and from the client: small, and written from the RFCs. They know
//! nothing of `smtp-proto`, so that the machines can be held to them.
//!
//! A model that permits anything would prove nothing. Where an RFC leaves a choice, the model has the set of codes that
//! it permits, or says `Choice:` and what was chosen.

pub mod client;
pub mod server;
mod unit;

pub use unit::{Answer, Say, Unit};
