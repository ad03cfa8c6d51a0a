//! Common parts of the examples: runtimes, flags of the server, service, store, users, exit codes.
#![forbid(unsafe_code)]

pub mod exit;
pub mod runtime;
pub mod serve;
pub mod site;
pub mod store;
pub mod tls;
pub mod users;
