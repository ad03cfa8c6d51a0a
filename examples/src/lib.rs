//! What the examples of every adapter share: flags, store, reports, exit codes.
//!
//! The adapters' examples do the network I/O; this crate only [listens](listen).
#![forbid(unsafe_code)]

pub mod desk;
pub mod exit;
pub mod listen;
pub mod roundtrip;
pub mod send;
pub mod serve;
pub mod store;
pub mod tls;
pub mod users;
