//! Common parts of the examples: flags, service, store, reports, exit codes.
//!
//! The runtime of each adapter is in its own examples.
#![forbid(unsafe_code)]

pub mod exit;
pub mod roundtrip;
pub mod send;
pub mod serve;
pub mod site;
pub mod store;
pub mod tls;
pub mod users;
