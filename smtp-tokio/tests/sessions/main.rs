//! Whole sessions over the loopback interface and in memory.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

#[cfg(feature = "ring")]
mod auth;
mod sending;
mod support;
#[cfg(feature = "ring")]
mod urls;
mod waiting;
