//! Open questions: each owns what its answer needs.

use alloc::boxed::Box;
use core::time::Duration;

use super::config::Timeouts;
use crate::{
    sasl::Mechanism,
    types::{Body, ClientInfo, ClientName, Verb},
};

/// A question to the application that has not been answered.
#[derive(Debug)]
pub(super) enum Question {
    /// May the client be greeted?
    Connect,
    /// EHLO, HELO or LHLO.
    Hello(Box<Hello>),
    /// AUTH.
    Auth(Round),
    /// MAIL.
    Mail(MailQuestion),
    /// RCPT.
    Recipient(RcptQuestion),
    /// DATA.
    Data { smtputf8: bool },
    /// The first BDAT of a message.
    Chunk { size: u64, last: bool, smtputf8: bool },
    /// The end of message data.
    EndOfData { smtputf8: bool },
    /// VRFY.
    Verify { smtputf8: bool },
    /// EXPN.
    Expand { smtputf8: bool },
    /// HELP.
    Help { smtputf8: bool },
    /// XCLIENT.
    Xclient(Box<ClientInfo<'static>>),
    /// XFORWARD.
    Xforward(Box<ClientInfo<'static>>),
    /// ETRN.
    Etrn,
    /// An unknown command.
    Command { smtputf8: bool },
}

/// A question about MAIL: what its transaction needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct MailQuestion {
    pub(super) body: Option<Body>,
    pub(super) smtputf8: bool,
    /// The client asked for a reply for each recipient.
    pub(super) prdr: bool,
}

/// The name and verb of a client that introduces itself.
#[derive(Debug)]
pub(super) struct Hello {
    pub(super) verb: Verb,
    pub(super) name: ClientName<'static>,
}

/// One round of an AUTH exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub(super) mechanism: Mechanism,
    pub(super) shown: Shown,
}

/// The position of a response in its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The only response, or the first one.
    First,
    /// The answer to a challenge of the application.
    Step,
}

/// A question about a recipient. Only these may be open side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct RcptQuestion {
    pub(super) index: u32,
    pub(super) smtputf8: bool,
}

impl Question {
    /// Returns `true` if the reply may hold UTF-8 (RFC 6531 section 3.7.4).
    pub(super) const fn allows_utf8(&self) -> bool {
        match self {
            Self::Connect
            | Self::Hello(_)
            | Self::Auth(_)
            | Self::Etrn
            | Self::Xclient(_)
            | Self::Xforward(_) => false,
            Self::Mail(MailQuestion { smtputf8, .. })
            | Self::Recipient(RcptQuestion { smtputf8, .. })
            | Self::Data { smtputf8 }
            | Self::Chunk { smtputf8, .. }
            | Self::EndOfData { smtputf8 }
            | Self::Verify { smtputf8 }
            | Self::Expand { smtputf8 }
            | Self::Help { smtputf8 }
            | Self::Command { smtputf8 } => *smtputf8,
        }
    }

    /// Returns the time that the application has for the answer.
    pub(super) const fn time(&self, timeouts: &Timeouts) -> Duration {
        match self {
            Self::EndOfData { .. } => timeouts.message_acceptance,
            _ => timeouts.application,
        }
    }
}
