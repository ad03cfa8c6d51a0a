//! One complete line, without its CRLF, to a value and back.

pub(crate) mod address;
pub(crate) mod argument;
pub(crate) mod class;
mod combinator;
mod command;
mod ehlo;
pub(crate) mod enhanced;
mod error;
mod leniency;
mod literal;
pub(crate) mod parameter;
mod reply;
mod write;
pub(crate) mod xtext;

pub use command::parse_command;
pub use ehlo::parse_ehlo;
pub use error::CommandError;
pub use leniency::Leniency;
pub use reply::{ReplyError, ReplyFault, ReplyLimits, parse_reply};

pub(crate) use ehlo::write_ehlo;
pub(crate) use reply::ReplyScanner;
