//! The phase of a session. Only this module changes it.
//!
//! Each variant owns the data that is valid only in it. [`Phase::advance`] is the table of [`State`] with this data: it
//! checks the order of a [`Step`] and takes it. [`Phase::state`] is the public view; a test compares the two tables.

use alloc::boxed::Box;

use super::{
    content::{Chunk, Failure, Pace, Text, Transaction, Transfer},
    event::{Closed, Reset},
    exchange::Exchange,
    verdicts::{Verdict, Verdicts},
};
use crate::{
    data::BareLineEndings,
    state::{Move, State},
};

/// The position of a session, with the data that belongs to it.
#[derive(Debug)]
#[repr(u8)] // a tag of its own is read faster than one in the niche of a field
pub(super) enum Phase {
    /// The greeting has not been sent.
    Connected,
    /// A proxy named another client: the next greeting has not been sent.
    Reconnected,
    /// The greeting was a refusal.
    Refused,
    /// The client has not introduced itself.
    Greeted,
    /// No transaction is open.
    Ready(Ready),
    /// A response of the client is awaited.
    Auth(Box<Exchange>),
    /// The reply to STARTTLS is to be written. The state before it.
    StartTls(State),
    /// The driver does the TLS handshake.
    Handshake(Handshake),
    /// MAIL was accepted; the message data has not begun.
    Envelope(Transaction),
    /// The text of a message, up to the final dot.
    Text(Text),
    /// A BDAT chunk.
    Chunk(Transfer, Chunk),
    /// The next BDAT of a message is awaited.
    BetweenChunks(Transfer),
    /// A chunk was refused, and with it the transaction.
    Broken,
    /// The message is complete, and the application decides.
    Verdicts(Verdicts),
    /// The session ends.
    Closed(Closed),
}

/// A session without a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Nothing was refused since the last transaction.
    Fresh,
    /// MAIL was refused. Commands pipelined after it are out of order, but not by a fault of the client (RFC 2920
    /// section 3.1).
    MailRefused,
}

/// The reason for a TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// TLS from the first octet (RFC 8314 section 3.3).
    Implicit,
    /// STARTTLS in this state.
    Upgrade(State),
}

/// A change of the phase, with the data that the next phase owns.
#[derive(Debug)]
pub(super) enum Step {
    /// The positive greeting was queued.
    Greet,
    /// The negative greeting was queued.
    RefuseGreeting,
    /// EHLO, HELO or LHLO was accepted.
    Hello,
    /// XCLIENT was accepted.
    Xclient,
    /// An AUTH challenge was queued.
    Challenge(Box<Exchange>),
    /// The wait for a response in an AUTH exchange ends: with the response, or because the exchange failed.
    Response,
    /// The reply to STARTTLS was queued.
    StartTls,
    /// The driver begins the handshake.
    BeginHandshake,
    /// The handshake is done.
    Secured,
    /// MAIL was refused.
    RefuseMail,
    /// MAIL was accepted.
    Mail(Transaction),
    /// RCPT was refused without a question.
    RefuseRcpt,
    /// RCPT with this index was accepted.
    Recipient(u32),
    /// DATA was accepted.
    Text(Pace, BareLineEndings),
    /// The first chunk of a message begins. A failure is the reason for which it is refused.
    FirstChunk(Pace, Chunk, Option<Failure>),
    /// Another chunk begins.
    NextChunk(Chunk),
    /// A chunk was accepted, and more will follow.
    ChunkAccepted,
    /// The message data is complete.
    Complete,
    /// The message, or the chunk, was refused.
    Refuse(Reset),
    /// The application decided on the message, or on one recipient.
    Verdict(Verdict),
    /// The application did not decide in time.
    Unanswered,
    /// RSET was accepted.
    Rset,
    /// The client quits.
    Quit,
    /// The session ends.
    Close(Closed),
}

impl Phase {
    /// Takes a step by the table. Returns the end of the transaction if the step ended one without its verdict.
    ///
    /// A step that does not fit the phase changes nothing.
    #[inline(always)] // the step is known where it is taken, so a few rows are left of the table
    pub(super) fn advance(&mut self, step: Step) -> Option<Reset> {
        let reset = step.reset().filter(|_| self.has_transaction());
        match (&mut *self, step) {
            (Self::Closed(_), _) => {}
            (_, Step::Close(why)) => *self = Self::Closed(why),
            (_, Step::Quit) => *self = Self::Closed(Closed::Quit),

            (Self::Connected | Self::Reconnected, Step::Greet) => *self = Self::Greeted,
            (Self::Connected | Self::Reconnected, Step::RefuseGreeting) => *self = Self::Refused,
            (Self::Greeted | Self::Ready(_), Step::Xclient) => *self = Self::Reconnected,
            (Self::Connected, Step::BeginHandshake) => *self = Self::Handshake(Handshake::Implicit),
            (Self::Handshake(Handshake::Implicit), Step::Secured) => *self = Self::Connected,

            (Self::Greeted, Step::StartTls) => *self = Self::StartTls(State::Greeted),
            (Self::Ready(_), Step::StartTls) => *self = Self::StartTls(State::Ready),
            (Self::StartTls(state), Step::BeginHandshake) => {
                *self = Self::Handshake(Handshake::Upgrade(*state));
            }
            (Self::Handshake(Handshake::Upgrade(_)), Step::Secured) => *self = Self::Greeted,

            (Self::Ready(_), Step::Challenge(exchange)) => *self = Self::Auth(exchange),
            (Self::Auth(_), Step::Response) => *self = Self::Ready(Ready::Fresh),

            (
                Self::Greeted | Self::Ready(_) | Self::Envelope(_) | Self::BetweenChunks(_) | Self::Broken,
                Step::Hello,
            )
            | (Self::Ready(_) | Self::Envelope(_) | Self::BetweenChunks(_) | Self::Broken, Step::Rset) => {
                *self = Self::Ready(Ready::Fresh);
            }

            (Self::Ready(ready), Step::RefuseMail) => *ready = Ready::MailRefused,
            (Self::Ready(_), Step::Mail(transaction)) => *self = Self::Envelope(transaction),
            (Self::Envelope(transaction), Step::RefuseRcpt) => transaction.refuse(),
            (Self::Envelope(transaction), Step::Recipient(index)) => transaction.accept(index),

            (Self::Envelope(transaction), Step::Text(pace, line_endings)) if transaction.recipients() > 0 => {
                let transfer = Transfer::new(transaction.take(), pace, None);
                *self = Self::Text(Text::new(transfer, line_endings));
            }
            (Self::Text(text), Step::Complete) => {
                let transaction = text.transfer.transaction.take();
                *self = Self::Verdicts(Verdicts::new(transaction, State::Data));
            }
            (Self::Text(_), Step::Refuse(_)) => *self = Self::Ready(Ready::Fresh),

            (Self::Envelope(transaction), Step::FirstChunk(pace, chunk, failure))
                if transaction.recipients() > 0 =>
            {
                *self = Self::Chunk(Transfer::new(transaction.take(), pace, failure), chunk);
            }
            (Self::BetweenChunks(transfer), Step::NextChunk(chunk)) => {
                *self = Self::Chunk(transfer.take(), chunk);
            }
            (Self::Chunk(transfer, _), Step::ChunkAccepted) => *self = Self::BetweenChunks(transfer.take()),
            (Self::Chunk(transfer, chunk), Step::Complete) => {
                *self = Self::Verdicts(Verdicts::new(transfer.transaction.take(), chunk.state()));
            }
            (Self::Chunk(_, chunk), Step::Refuse(_)) if chunk.last => *self = Self::Ready(Ready::Fresh),
            (Self::Chunk(..), Step::Refuse(_)) => *self = Self::Broken,

            (Self::Verdicts(verdicts), Step::Verdict(verdict)) if verdicts.due() > 1 => {
                verdicts.next(verdict);
            }
            (Self::Verdicts(_), Step::Verdict(_) | Step::Unanswered) => *self = Self::Ready(Ready::Fresh),

            _ => {}
        }
        reset.filter(|_| !self.has_transaction())
    }

    /// The public view.
    #[inline]
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Connected | Self::Reconnected | Self::Handshake(Handshake::Implicit) => State::Connected,
            Self::Refused => State::Refused,
            Self::Greeted => State::Greeted,
            Self::Ready(_) | Self::Auth(_) => State::Ready,
            Self::StartTls(state) | Self::Handshake(Handshake::Upgrade(state)) => *state,
            Self::Envelope(transaction) if transaction.recipients() == 0 => State::Mail,
            Self::Envelope(_) => State::Recipients,
            Self::Text(_) => State::Data,
            Self::Chunk(_, chunk) => chunk.state(),
            Self::BetweenChunks(_) => State::Chunks,
            Self::Broken => State::Broken,
            Self::Verdicts(verdicts) => verdicts.state(),
            Self::Closed(_) => State::Closed,
        }
    }

    /// The open transaction. It is gone once it is [`Broken`](Self::Broken).
    pub(super) const fn transaction(&self) -> Option<&Transaction> {
        match self {
            Self::Envelope(transaction) => Some(transaction),
            Self::Text(text) => Some(&text.transfer.transaction),
            Self::Chunk(transfer, _) | Self::BetweenChunks(transfer) => Some(&transfer.transaction),
            Self::Verdicts(verdicts) => Some(verdicts.transaction()),
            _ => None,
        }
    }

    /// Returns `true` if a command is out of order only because an earlier pipelined command was refused (RFC 2920
    /// section 3.1).
    pub(super) const fn follows_a_refusal(&self, step: Move) -> bool {
        match self {
            Self::Ready(Ready::MailRefused) | Self::Broken => {
                matches!(step, Move::Rcpt | Move::Data | Move::Bdat)
            }
            Self::Envelope(transaction) => {
                transaction.are_all_refused() && matches!(step, Move::Data | Move::Bdat)
            }
            _ => false,
        }
    }

    /// The message whose data is being received.
    pub(super) const fn transfer(&mut self) -> Option<&mut Transfer> {
        match self {
            Self::Text(text) => Some(&mut text.transfer),
            Self::Chunk(transfer, chunk) if matches!(chunk.state(), State::Chunks) => Some(transfer),
            Self::BetweenChunks(transfer) => Some(transfer),
            _ => None,
        }
    }

    /// Returns `true` if the open transaction has SMTPUTF8.
    pub(super) fn smtputf8(&self) -> bool {
        self.transaction().is_some_and(|transaction| transaction.smtputf8)
    }

    pub(super) const fn has_transaction(&self) -> bool {
        self.transaction().is_some()
    }
}

impl Step {
    /// The end of a transaction that this step leaves without a verdict.
    const fn reset(&self) -> Option<Reset> {
        Some(match self {
            Self::Hello => Reset::Hello,
            Self::Rset => Reset::Rset,
            Self::Quit => Reset::Quit,
            Self::Refuse(reset) => *reset,
            Self::Unanswered => Reset::Unanswered,
            Self::Close(_) => Reset::Closed,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
