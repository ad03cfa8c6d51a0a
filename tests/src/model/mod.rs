//! Models of an SMTP session, for the server and for the client: small, and written from the RFCs. They import nothing from
//! `smtp-proto`, so that the tests can compare the machines with them.
//!
//! Where an RFC leaves a choice, the model has the set of permitted codes, or a comment that begins with `Choice:` and names
//! the choice.

pub mod client;
pub mod server;
mod unit;

pub use unit::{Answer, Say, Unit};
