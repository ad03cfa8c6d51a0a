//! Whole sessions in memory, with a clock of their own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

mod cancelling;
mod closing;
mod demands;
mod doubles;
mod early;
mod faults;
mod own;
mod proxied;
mod rustls;
mod sending;
mod serving;
mod sizes;
mod sources;
mod steps;
mod streams;
mod support;
mod tls;
mod transports;
mod turn;
mod urls;
mod waiting;
