//! One complete line, without its CRLF, to a value and back.
//!
//! The parsers run on a line that was cut off before and is bounded, so "incomplete" is no answer here. Each is
//! headed by its ABNF. What is parsed borrows the line and allocates nothing, but for a box around the parameter
//! AUTH of MAIL; only [`parse_ehlo`] makes a value of its own, since the offers of a server outlive its reply.

pub(crate) mod address;
pub(crate) mod class;
pub(crate) mod command;
mod ehlo;
mod error;
mod leniency;
pub(crate) mod parameter;
mod reply;
mod reply_reader;
mod write;
pub(crate) mod xtext;

pub use command::parse_command;
pub use ehlo::parse_ehlo;
pub use error::CommandError;
pub use leniency::Leniency;
pub use reply::{ReplyError, parse_reply};
pub use reply_reader::{ReplyLimits, ReplyReader};

pub(crate) use ehlo::write_ehlo;
