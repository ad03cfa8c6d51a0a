//! Whole sessions over the loopback interface and in memory.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

#[cfg(feature = "ring")]
mod auth;
mod early;
mod records;
mod sending;
mod serving;
mod support;
#[cfg(feature = "rustls")]
mod tls;
mod waiting;
