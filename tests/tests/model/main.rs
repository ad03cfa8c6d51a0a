//! The machines are held to models that were written from the RFCs: in every sequence, and in long random sessions.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]
#![expect(clippy::print_stdout, reason = "how far it went, for those who want to know")]

mod client;
mod sending;
mod served;
mod server;
