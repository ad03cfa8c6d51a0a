//! The public errors of the parsers, from their internal faults.

use super::combinator::{Fault, Rule, fault};
use crate::types::{
    AddressFault, ArgumentFault, InvalidAddress, InvalidArgument, InvalidParameter, ParameterFault, Verb,
};

/// Error for a line that is not a well-formed command. Each variant has the code of the reply in its documentation.
///
/// The message may contain a short piece of the line, without control characters. A server must not send it to the
/// client.
///
/// ```
/// use smtp_proto::syntax::{CommandError, Leniency, parse_command};
///
/// let error = parse_command(b"RCPT TO:<alice@exa_mple>", &Leniency::STRICT).unwrap_err();
/// assert!(matches!(error, CommandError::Address { .. }));
/// assert_eq!(error.position(), 18);
/// assert_eq!(error.to_string(), "RCPT: domain label `exa_mple` contains `_` (offset 18)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The line does not begin with a verb, or an unknown verb has an argument that no command can have: 500.
    #[error("the line is not a command (offset {position})")]
    Unrecognised {
        /// The offset of the fault in the line, in octets.
        position: usize,
    },
    /// The line does not have the form of the command: 501.
    #[error("{verb}: {error} (offset {})", error.position())]
    Syntax {
        /// The command.
        verb: Verb,
        /// The fault.
        error: InvalidArgument,
    },
    /// A control character: 501.
    #[error("{verb}: the line contains a control character (offset {position})")]
    Control {
        /// The command.
        verb: Verb,
        /// The offset of the character in the line, in octets.
        position: usize,
    },
    /// Octets from 0x80 that are not UTF-8: 501.
    #[error("{verb}: the line is not valid UTF-8 (offset {position})")]
    NotUtf8 {
        /// The command.
        verb: Verb,
        /// The offset of the octet in the line.
        position: usize,
    },
    /// The domain, address literal or path is malformed: 501.
    #[error("{verb}: {error} (offset {})", error.position())]
    Address {
        /// The command.
        verb: Verb,
        /// The fault.
        error: InvalidAddress,
    },
    /// A parameter is malformed or given twice: 501. A parameter without a type in this crate is not an error: it is
    /// among the `others` of the parameters, and the server accepts it or replies 555.
    #[error("{verb} {keyword}: {error} (offset {})", error.position())]
    Parameter {
        /// The command.
        verb: Verb,
        /// The keyword in capitals, or `parameter` for one without a type.
        keyword: &'static str,
        /// The fault.
        error: InvalidParameter,
    },
    /// The argument is missing or malformed: 501.
    #[error("{verb}: {error} (offset {})", error.position())]
    Argument {
        /// The command.
        verb: Verb,
        /// The fault.
        error: InvalidArgument,
    },
    /// UTF-8 in a command without the SMTPUTF8 parameter that allows it (RFC 6531 section 3.2): 550 or 553 with
    /// x.6.7.
    #[error("{verb}: UTF-8 without SMTPUTF8 (offset {position})")]
    NonAscii {
        /// The command.
        verb: Verb,
        /// The offset of the first octet from 0x80 in the line.
        position: usize,
    },
    /// The chunk size exceeds 64 bits: 501. The start of the next command is unknown.
    #[error("BDAT: the chunk size is not below 2^64 (offset {position})")]
    ChunkSize {
        /// The offset of the chunk size in the line, in octets.
        position: usize,
    },
}

impl CommandError {
    /// The command; `None` if it is unknown.
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        match *self {
            Self::Unrecognised { .. } => None,
            Self::ChunkSize { .. } => Some(Verb::Bdat),
            Self::Syntax { verb, .. }
            | Self::Control { verb, .. }
            | Self::NotUtf8 { verb, .. }
            | Self::Address { verb, .. }
            | Self::Parameter { verb, .. }
            | Self::Argument { verb, .. }
            | Self::NonAscii { verb, .. } => Some(verb),
        }
    }

    /// The position of the fault: an offset in octets from the start of the line, at most its length.
    #[must_use]
    pub const fn position(&self) -> usize {
        match self {
            Self::Address { error, .. } => error.position(),
            Self::Parameter { error, .. } => error.position(),
            Self::Syntax { error, .. } | Self::Argument { error, .. } => error.position(),
            Self::Unrecognised { position }
            | Self::Control { position, .. }
            | Self::NotUtf8 { position, .. }
            | Self::NonAscii { position, .. }
            | Self::ChunkSize { position } => *position,
        }
    }

    /// Describes the fault that a parser found in `text`, which follows the verb of a command and `before` octets of
    /// its line.
    #[cold]
    pub(super) fn new(verb: Verb, text: &str, before: usize, error: nom::Err<Fault>) -> Self {
        // The grammar allows no control character, so it is the fault.
        if let Some(at) = text.find(|character: char| character.is_ascii_control()) {
            return Self::Control {
                verb,
                position: before + at,
            };
        }
        let Fault { rule, left } = fault(error);
        let at = text.len().saturating_sub(left);
        match rule {
            Rule::Address(fault) => Self::Address {
                verb,
                error: InvalidAddress::new(text, at, fault).after(before),
            },
            Rule::Parameter(name, fault) => Self::Parameter {
                verb,
                keyword: name.as_str(),
                error: InvalidParameter::new(text, at, fault).after(before),
            },
            Rule::Form(fault) => Self::Syntax {
                verb,
                error: InvalidArgument::new(text, at, fault).after(before),
            },
            Rule::Argument(fault) => Self::Argument {
                verb,
                error: InvalidArgument::new(text, at, fault).after(before),
            },
            Rule::Secret(fault) => Self::Argument {
                verb,
                error: InvalidArgument::hidden(at, fault).after(before),
            },
            Rule::NonAscii => Self::NonAscii {
                verb,
                position: before + text.bytes().position(|octet| !octet.is_ascii()).unwrap_or(at),
            },
            Rule::ChunkSize => Self::ChunkSize {
                position: before + at,
            },
            Rule::Unnamed => Self::Syntax {
                verb,
                error: InvalidArgument::new(text, at, ArgumentFault::Unexpected).after(before),
            },
        }
    }
}

/// Describes the fault that a parser of addresses found in `text`.
#[cold]
pub(super) fn invalid_address(text: &str, error: nom::Err<Fault>) -> InvalidAddress {
    let Fault { rule, left } = fault(error);
    let fault = match rule {
        Rule::Address(fault) => fault,
        _ => AddressFault::Trailing,
    };
    InvalidAddress::new(text, text.len().saturating_sub(left), fault)
}

/// Describes the fault that a parser of parameters found in `text`.
#[cold]
pub(super) fn invalid_parameter(text: &str, error: nom::Err<Fault>) -> InvalidParameter {
    let Fault { rule, left } = fault(error);
    let fault = match rule {
        Rule::Parameter(_, fault) => fault,
        _ => ParameterFault::Value,
    };
    InvalidParameter::new(text, text.len().saturating_sub(left), fault)
}

/// Describes the fault that a parser of arguments found in `text`.
#[cold]
pub(super) fn invalid_argument(text: &str, error: nom::Err<Fault>) -> InvalidArgument {
    let Fault { rule, left } = fault(error);
    let at = text.len().saturating_sub(left);
    match rule {
        Rule::Argument(fault) => InvalidArgument::new(text, at, fault),
        Rule::Secret(fault) => InvalidArgument::hidden(at, fault),
        _ => InvalidArgument::new(text, at, ArgumentFault::Character),
    }
}

#[cfg(test)]
mod tests;
