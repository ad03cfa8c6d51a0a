//! Open questions of a story.

use smtp_proto::server::{Ticket, ticket};

use crate::answer::{Answer, Question};

/// An open question, and its later answer.
#[derive(Debug)]
pub(crate) struct Held {
    /// The number of the question, counted from 1.
    pub(crate) number: usize,
    /// The index of the recipient, if it is a question about a recipient.
    pub(crate) index: Option<u32>,
    pub(crate) question: Question,
    /// The subject of the question.
    pub(crate) subject: String,
    pub(crate) answer: Answer,
    pub(crate) ticket: AnyTicket,
}

/// The ticket of any question.
#[derive(Debug)]
pub(crate) enum AnyTicket {
    Auth(Ticket<ticket::Auth>),
    Recipient(Ticket<ticket::Recipient>),
    Verify(Ticket<ticket::Verify>),
    Expand(Ticket<ticket::Expand>),
    Help(Ticket<ticket::Help>),
    Xclient(Ticket<ticket::Xclient>),
    Etrn(Ticket<ticket::Etrn>),
    Other(Ticket),
}

impl AnyTicket {
    pub(crate) fn into_any(self) -> Ticket {
        match self {
            Self::Recipient(ticket) => ticket.into_any(),
            Self::Verify(ticket) => ticket.into_any(),
            Self::Expand(ticket) => ticket.into_any(),
            Self::Help(ticket) => ticket.into_any(),
            Self::Xclient(ticket) => ticket.into_any(),
            Self::Other(ticket) => ticket,
            Self::Auth(ticket) => panic!("no answer to {ticket:?}"),
            Self::Etrn(ticket) => panic!("no answer to {ticket:?}"),
        }
    }
}
