//! Proof for the machines of `smtp-proto`: stories as data, chopped input, virtual time, machines in pairs.
//!
//! [`Story`] reads a transcript (the format stands in `tests/README.md`), [`check`] runs it in every way there is.
//! [`Pair`] lets a client and a server machine talk to each other in memory. [`mod@scenarios`] puts the adapters to the proof.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

mod application;
mod check;
mod chop;
mod judge;
pub mod model;
mod octets;
mod pair;
pub mod scenarios;
mod scripted;
mod seat;
mod security;
mod sender;
mod settings;
mod story;

pub use application::{Answers, Application};
pub use check::{check, check_sights};
pub use chop::Chop;
pub use octets::{escape, unescape};
pub use pair::{End, Pair, Transport};
pub use seat::{Driver, Seat, Stuck, Writes};
pub use security::{Security, User};
pub use sender::Sender;
pub use settings::{Answer, Question, Rule, Settings};
pub use story::{Action, Machines, Role, Story};
