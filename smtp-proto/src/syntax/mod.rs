//! Parsers for one complete line, list or name, and the writers for them.
//!
//! The grammar is that of RFC 5321 section 4.1.2 and of the extensions, written with nom; each rule has its ABNF beside
//! it. The input must be complete: a driver or machine cuts lines and replies from the stream first. Values borrow the
//! input. The parsers allocate only for rare parameters of MAIL and RCPT, and for the
//! [`Extensions`](crate::types::Extensions) of an EHLO reply.
//!
//! This module has a function for each kind of line. A value, or a list of parameters, has the method `parse` of its
//! type, with its ABNF, errors and an example.
//!
//! | rule | parser |
//! | --- | --- |
//! | a command line | [`parse_command`], with a [`Leniency`] |
//! | `Reply-line` | [`parse_reply`]; from input that grows, [`ReplyReader`] |
//! | `ehlo-ok-rsp` | [`parse_ehlo`] |
//! | `Reverse-path` | [`ReversePath::parse`](crate::types::ReversePath::parse) |
//! | `Forward-path`, `"<Postmaster>"` | [`ForwardPath::parse`](crate::types::ForwardPath::parse) |
//! | `Path` | [`Path::parse`](crate::types::Path::parse) |
//! | `Mailbox` | [`Mailbox::parse`](crate::types::Mailbox::parse) |
//! | `Domain` | [`Domain::parse`](crate::types::Domain::parse) |
//! | `address-literal` | [`AddressLiteral::parse`](crate::types::AddressLiteral::parse) |
//! | `Domain / address-literal` | [`Host::parse`](crate::types::Host::parse), [`ClientName::parse`](crate::types::ClientName::parse) |
//! | `Mail-parameters` | [`MailParameters::parse`](crate::types::MailParameters::parse) |
//! | `Rcpt-parameters` | [`RcptParameters::parse`](crate::types::RcptParameters::parse) |
//! | `xtext` | [`Xtext::parse`](crate::types::Xtext::parse) |
//! | `original-recipient-address` | [`OriginalRecipient::parse`](crate::types::OriginalRecipient::parse) |
//! | `status-code` | [`EnhancedCode::parse`](crate::types::EnhancedCode::parse) |
//!
//! # Errors
//! Every error has a kind to match on, and a `position`: the offset of the fault in octets, at most the length of the
//! input. The message names the fault. It may contain a short piece of the input, without control characters, so a
//! server must not send it to the client.
//!
//! ```
//! use smtp_proto::types::Mailbox;
//!
//! let error = Mailbox::parse("a b@example.org").unwrap_err();
//! assert_eq!(error.position(), 1);
//! assert_eq!(error.to_string(), "the local part contains a space (must be quoted)");
//! ```

pub(crate) mod address;
pub(crate) mod argument;
pub(crate) mod class;
pub(crate) mod client_info;
mod combinator;
mod command;
pub(crate) mod delivery;
mod ehlo;
pub(crate) mod enhanced;
mod error;
mod leniency;
mod literal;
pub(crate) mod parameter;
mod parameter_name;
mod reply;
mod reply_limits;
mod reply_reader;
pub(crate) mod solicitation;
pub(crate) mod timestamp;
mod write;
pub(crate) mod xtext;

pub use command::parse_command;
pub use ehlo::parse_ehlo;
pub use error::CommandError;
pub use leniency::Leniency;
pub use reply::{ReplyError, ReplyFault, parse_reply};
pub use reply_limits::ReplyLimits;
pub use reply_reader::ReplyReader;

pub(crate) use ehlo::write_ehlo;
