//! A service between a scripted client and a manual clock.

mod bodies;
mod clock;
mod envelope;
mod facts;
mod harness;
mod messages;
mod passed;
mod schedules;
mod serving;
mod session;
mod tls;
