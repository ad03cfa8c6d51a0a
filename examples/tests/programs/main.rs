//! The programs, with clients over loopback. No test depends on timing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic reports a failed test")]

mod catcher_and_proxy;
mod catcher_threads;
mod greylisting;
mod hello;
mod own_runtime;
mod peer;
mod readiness;
mod without_driver;
