//! What the examples of every adapter share: flags, store, reports, exit codes.
//!
//! Nothing here does network I/O; the adapters' examples do, and call this for the rest.
#![forbid(unsafe_code)]

pub mod desk;
pub mod exit;
pub mod roundtrip;
pub mod send;
pub mod serve;
pub mod store;
pub mod tls;
pub mod users;
