//! The table of SMTP session states, for both roles.
//!
//! A server looks up if a command is in order, and the state after a positive reply. A client does the same before it
//! sends. The rules are in RFC 5321 section 4.1.4, RFC 3030 section 2 and RFC 2033 section 4.
//!
//! Each row has a state, a move, and the state after it. A command without a row is out of order (503).
//! A negative reply to a command does not change the state.
//! `Hello` stands for EHLO, HELO and LHLO; `Anytime` for NOOP, HELP, VRFY and EXPN.
//!
//! ```text
//! Connected   Greeting     -> Greeted
//! Connected   NoService    -> Refused
//!
//! Greeted     Hello        -> Ready
//! Greeted     StartTls     -> Greeted
//! Greeted     Xclient      -> Connected
//! Greeted     Xforward     -> Greeted
//! Greeted     Rset         -> Greeted
//! Greeted     Anytime      -> Greeted
//! Greeted     Quit         -> Closed
//!
//! Ready       Hello        -> Ready
//! Ready       Mail         -> Mail
//! Ready       StartTls     -> Greeted
//! Ready       Auth         -> Ready
//! Ready       Xclient      -> Connected
//! Ready       Xforward     -> Ready
//! Ready       Etrn         -> Ready
//! Ready       Rset         -> Ready
//! Ready       Anytime      -> Ready
//! Ready       Quit         -> Closed
//!
//! Mail        Hello        -> Ready
//! Mail        Rcpt         -> Recipients
//! Mail        Rset         -> Ready
//! Mail        Anytime      -> Mail
//! Mail        Quit         -> Closed
//!
//! Recipients  Hello        -> Ready
//! Recipients  Rcpt         -> Recipients
//! Recipients  Data         -> Data
//! Recipients  Bdat         -> Chunks
//! Recipients  RefusedChunk -> Broken
//! Recipients  EndOfData    -> Ready
//! Recipients  Rset         -> Ready
//! Recipients  Anytime      -> Recipients
//! Recipients  Quit         -> Closed
//!
//! Data        EndOfData    -> Ready
//!
//! Chunks      Hello        -> Ready
//! Chunks      Bdat         -> Chunks
//! Chunks      RefusedChunk -> Broken
//! Chunks      EndOfData    -> Ready
//! Chunks      Rset         -> Ready
//! Chunks      Anytime      -> Chunks
//! Chunks      Quit         -> Closed
//!
//! Broken      Hello        -> Ready
//! Broken      Rset         -> Ready
//! Broken      Anytime      -> Broken
//! Broken      Quit         -> Closed
//!
//! Refused     Quit         -> Closed
//! ```
//!
//! Five moves are not commands. `Greeting` and `NoService` are the positive and the negative greeting. `EndOfData` is
//! the reply to a whole message, positive or negative; a message of one refused chunk ends in `Recipients`.
//! `RefusedChunk` is the negative reply to a chunk that is not the last (RFC 3030 section 2: RSET is needed). STARTTLS
//! moves the state after the handshake. The end of the connection leads from every state to `Closed`.

/// The state of a session, as the order of commands defines it (RFC 5321 section 4.1.4). [`State::after`] is the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// The client is connected. The greeting has not been sent.
    Connected,
    /// The greeting has been sent. EHLO, HELO or LHLO is awaited.
    Greeted,
    /// The client introduced itself. No transaction is open.
    Ready,
    /// MAIL was accepted.
    Mail,
    /// At least one RCPT was accepted.
    Recipients,
    /// DATA was accepted: message data follows.
    Data,
    /// At least one BDAT chunk was accepted, and the message has not ended.
    Chunks,
    /// A chunk was refused: RSET is required (RFC 3030 section 2).
    Broken,
    /// The greeting was a refusal: only QUIT is in order.
    Refused,
    /// The session is over.
    Closed,
}

/// A step that can change the [`State`]: a command with a positive reply, a greeting, or the end of message data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Move {
    /// The positive greeting, 220.
    Greeting,
    /// The negative greeting, 554 or 521.
    NoService,
    /// EHLO, HELO or LHLO.
    Hello,
    /// STARTTLS, after the handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// XCLIENT. The greeting follows in place of a reply.
    Xclient,
    /// XFORWARD.
    Xforward,
    /// ETRN.
    Etrn,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// BDAT.
    Bdat,
    /// A BDAT chunk, not the last, with a negative reply.
    RefusedChunk,
    /// The end of the message data, with a positive or negative reply.
    EndOfData,
    /// RSET.
    Rset,
    /// NOOP, HELP, VRFY or EXPN.
    Anytime,
    /// QUIT.
    Quit,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Connected,
        Self::Greeted,
        Self::Ready,
        Self::Mail,
        Self::Recipients,
        Self::Data,
        Self::Chunks,
        Self::Broken,
        Self::Refused,
        Self::Closed,
    ];

    /// Returns the state after `step`. Returns `None` if `step` is out of order.
    ///
    /// With [`State::ALL`] and [`Move::ALL`] this is the whole table:
    ///
    /// ```
    /// use smtp_proto::{Move, State};
    ///
    /// for state in State::ALL {
    ///     for step in Move::ALL {
    ///         if let Some(next) = state.after(step) {
    ///             println!("{state:?} --{step:?}--> {next:?}");
    ///         }
    ///     }
    /// }
    /// assert_eq!(State::Mail.after(Move::Rcpt), Some(State::Recipients));
    /// assert_eq!(State::Mail.after(Move::Data), None);
    /// ```
    #[must_use]
    pub const fn after(self, step: Move) -> Option<Self> {
        Some(match (self, step) {
            (Self::Connected, Move::Greeting) => Self::Greeted,
            (Self::Connected, Move::NoService) => Self::Refused,
            (Self::Data, Move::EndOfData) => Self::Ready,
            (Self::Connected | Self::Data | Self::Closed, _) => return None,
            (_, Move::Quit) => Self::Closed,
            (Self::Refused, _) => return None,
            (same, Move::Anytime) | (same @ (Self::Greeted | Self::Ready), Move::Xforward) => same,
            (Self::Greeted | Self::Ready, Move::Xclient) => Self::Connected,
            (_, Move::Hello) => Self::Ready,
            (Self::Greeted, Move::Rset) | (Self::Greeted | Self::Ready, Move::StartTls) => Self::Greeted,
            (_, Move::Rset) | (Self::Ready, Move::Auth | Move::Etrn) => Self::Ready,
            (Self::Ready, Move::Mail) => Self::Mail,
            (Self::Mail | Self::Recipients, Move::Rcpt) => Self::Recipients,
            (Self::Recipients, Move::Data) => Self::Data,
            (Self::Recipients | Self::Chunks, Move::Bdat) => Self::Chunks,
            (Self::Recipients | Self::Chunks, Move::RefusedChunk) => Self::Broken,
            (Self::Recipients | Self::Chunks, Move::EndOfData) => Self::Ready,
            _ => return None,
        })
    }

    /// Returns `true` if a transaction is open: MAIL was accepted, and the transaction has not ended.
    #[must_use]
    pub const fn in_transaction(self) -> bool {
        matches!(
            self,
            Self::Mail | Self::Recipients | Self::Data | Self::Chunks | Self::Broken
        )
    }
}

impl Move {
    /// Every move.
    pub const ALL: [Self; 17] = [
        Self::Greeting,
        Self::NoService,
        Self::Hello,
        Self::StartTls,
        Self::Auth,
        Self::Xclient,
        Self::Xforward,
        Self::Etrn,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Bdat,
        Self::RefusedChunk,
        Self::EndOfData,
        Self::Rset,
        Self::Anytime,
        Self::Quit,
    ];
}

#[cfg(test)]
mod tests;
