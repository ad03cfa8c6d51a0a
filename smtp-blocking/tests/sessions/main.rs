//! Whole sessions over the loopback interface and between threads.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

mod listening;
mod sending;
mod service;
mod serving;
mod support;
mod waiting;
