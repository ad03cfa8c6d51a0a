//! Why a line is not a command.

use crate::types::{InvalidAddress, InvalidArgument, InvalidParameter, Verb};

/// Why a line is not a command that can be obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The line does not begin with a verb, or one that is not known has an impossible argument: 500.
    #[error("begin the line with a command")]
    Unrecognised,
    /// The line does not have the form of the command: 501.
    #[error("{verb}: {expected}")]
    Syntax {
        /// The command.
        verb: Verb,
        /// What was expected.
        expected: &'static str,
    },
    /// A control character: 501.
    #[error("{verb}: remove the control character")]
    Control {
        /// The command.
        verb: Verb,
    },
    /// Octets from 0x80 that are not UTF-8: 501.
    #[error("{verb}: write UTF-8")]
    NotUtf8 {
        /// The command.
        verb: Verb,
    },
    /// The domain, address literal or path is malformed: 501.
    #[error("{verb}: {fault}")]
    Address {
        /// The command.
        verb: Verb,
        /// What is wrong with it.
        fault: InvalidAddress,
    },
    /// A parameter is malformed or given twice: 501. A parameter that this crate has no type for is no error: it
    /// is among the `others` of the parameters, for the server to accept it or to answer 555.
    #[error("{verb} {keyword}: {fault}")]
    Parameter {
        /// The command.
        verb: Verb,
        /// The keyword in capitals, or `parameter` for one without a type.
        keyword: &'static str,
        /// What is wrong with it.
        fault: InvalidParameter,
    },
    /// The argument is missing or malformed: 501.
    #[error("{verb}: {fault}")]
    Argument {
        /// The command.
        verb: Verb,
        /// What is wrong with it.
        fault: InvalidArgument,
    },
    /// UTF-8 in a command without the SMTPUTF8 parameter that allows it (RFC 6531 section 3.2): 550 or 553 with
    /// x.6.7.
    #[error("{verb}: add SMTPUTF8 or write ASCII only")]
    NonAscii {
        /// The command.
        verb: Verb,
    },
    /// The size of a chunk is no number of 64 bits: 501, and nobody knows where the next command begins.
    #[error("BDAT: give a chunk size below 2^64")]
    ChunkSize,
}

impl CommandError {
    /// The command; none when it is not known.
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        match *self {
            Self::Unrecognised => None,
            Self::ChunkSize => Some(Verb::Bdat),
            Self::Syntax { verb, .. }
            | Self::Control { verb }
            | Self::NotUtf8 { verb }
            | Self::Address { verb, .. }
            | Self::Parameter { verb, .. }
            | Self::Argument { verb, .. }
            | Self::NonAscii { verb } => Some(verb),
        }
    }
}
