//! SMTP, ESMTP and LMTP as pure state machines: client and server over one parser, no I/O, no clock.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod client;
pub mod data;
pub mod limits;
mod line;
mod machine;
mod output;
pub mod server;
mod state;
pub mod syntax;
mod time;
pub mod trace;
pub mod types;

pub use machine::{Machine, Step, Wait};
pub use state::State;
pub use time::{Deadline, Instant, Phase};
