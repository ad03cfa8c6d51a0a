//! The decisions of a mail relay, from an accepted message to its delivery or failure, without I/O.
//!
//! The crate is `no_std` with `alloc`. It does no DNS lookups, opens no connections and reads no clock: the caller passes
//! answers, outcomes, the time and random seeds.
//!
//! | module | contents |
//! |---|---|
//! | [`route`] | the next hop: a machine that asks questions to the DNS, names targets and collects outcomes |
//! | [`sts`] | MTA-STS (RFC 8461): record, policy, match, cache |
//! | [`tlsa`] | TLSA records (RFC 6698): types and usability |
//! | [`retry`] | the time of the next attempt, expiry and delay notices |
//! | [`pace`] | the number of deliveries at a time to one destination |
//! | [`dsn`] | delivery status notifications |
//! | [`loops`] | detection of mail loops in a header section |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod dsn;
pub mod loops;
mod name;
pub mod pace;
mod random;
pub mod retry;
pub mod route;
pub mod sts;
pub mod tlsa;

pub use name::{InvalidName, Name};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
