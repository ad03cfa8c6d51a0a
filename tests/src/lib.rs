//! Test tools for the machines of `smtp-proto`: stories as data, split input, virtual time, machines in pairs.
//!
//! [`Story`] parses a transcript (`tests/README.md` has the format), and [`check`] runs it in all ways. [`Pair`] connects a
//! client and a server machine in memory. [`mod@scenarios`] tests the adapters. [`properties`] are the properties for
//! fuzzing. [`mailbox`] is a common part of the adapters' tests.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

mod answer;
mod application;
mod check;
mod chop;
mod dialogue;
mod dice;
mod extremes;
mod held;
mod judge;
pub mod mailbox;
pub mod model;
mod octets;
mod pair;
pub mod properties;
#[cfg(feature = "scenarios")]
pub mod scenarios;
mod scripted;
mod seat;
mod security;
mod sender;
mod sequence;
mod settings;
mod story;
mod wire;

pub use answer::{Answer, Question, Rule};
pub use application::{Answers, Application, Delivery};
pub use check::{check, check_sights, is_always_told};
pub use chop::Chop;
pub use dialogue::owed;
pub use dice::Dice;
pub use extremes::{extreme, make_extreme};
pub use octets::{escape, escape_all, unescape};
pub use pair::{End, Pair};
pub use seat::{Driver, Seat, Stuck, Writes};
pub use security::{Security, User};
pub use sender::Sender;
pub use sequence::sequence;
pub use settings::Settings;
pub use story::{Action, Machines, Role, Story};
pub use wire::codes;

/// The chapters of the guide, so that their code runs.
#[cfg(doctest)]
mod guide {
    macro_rules! chapters {
        ($($name:ident)*) => {
            $(
                #[doc = include_str!(concat!("../../docs/src/", stringify!($name), ".md"))]
                mod $name {}
            )*
        };
    }

    chapters! {
        auth client concepts decisions driver fuzzing introduction limits lmtp migrating performance relay security server service
        storing tls
    }
}
