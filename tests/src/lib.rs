//! Proof for the machines of `smtp-proto`: stories as data, chopped input, virtual time, machines in pairs.
//!
//! [`Story`] reads a transcript (the format stands in `tests/README.md`), [`check`] runs it in every way there is.
//! [`Pair`] joins a client and a server machine in memory. [`mod@scenarios`] puts the adapters to the proof.
//! [`properties`] are what fuzzing tries to refute. [`mailbox`] is what the tests of each adapter share.

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
