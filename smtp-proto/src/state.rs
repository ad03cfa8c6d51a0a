//! The table of SMTP session states, for both roles.
//!
//! A server checks with it that a command is in sequence, and finds the state after a positive reply; a client does the
//! same before it sends. RFC 5321 section 4.1.4, RFC 3030 section 2, RFC 2033 section 4.
//!
//! Each row reads: state, command, state after a positive reply. A command without a row is out of sequence (503). A
//! negative reply never changes the state.
//! `Hello` stands for EHLO, HELO and LHLO; `Historic` for SEND, SOML and SAML.
//!
//! ```text
//! Greeted     Hello     -> Ready
//! Greeted     StartTls  -> Greeted
//! Greeted     Rset      -> Greeted
//! Greeted     Anytime   -> Greeted
//! Greeted     Quit      -> Closed
//!
//! Ready       Hello     -> Ready
//! Ready       Mail      -> Mail
//! Ready       Historic  -> Mail
//! Ready       StartTls  -> Greeted
//! Ready       Auth      -> Ready
//! Ready       Rset      -> Ready
//! Ready       Anytime   -> Ready
//! Ready       Quit      -> Closed
//!
//! Mail        Hello     -> Ready
//! Mail        Rcpt      -> Recipients
//! Mail        Rset      -> Ready
//! Mail        Anytime   -> Mail
//! Mail        Quit      -> Closed
//!
//! Recipients  Hello     -> Ready
//! Recipients  Rcpt      -> Recipients
//! Recipients  Data      -> Data
//! Recipients  Bdat      -> Chunks
//! Recipients  Rset      -> Ready
//! Recipients  Anytime   -> Recipients
//! Recipients  Quit      -> Closed
//!
//! Chunks      Hello     -> Ready
//! Chunks      Bdat      -> Chunks
//! Chunks      Rset      -> Ready
//! Chunks      Anytime   -> Chunks
//! Chunks      Quit      -> Closed
//!
//! Broken      Hello     -> Ready
//! Broken      Rset      -> Ready
//! Broken      Anytime   -> Broken
//! Broken      Quit      -> Closed
//!
//! Refused     Quit      -> Closed
//! ```
//!
//! Three transitions have no row: the greeting (`Connected` to `Greeted`, or to `Refused` if it is negative), the end
//! of a message (`Data` or `Chunks` to `Ready`), and a refused chunk that was not the last (`Recipients` or `Chunks` to
//! `Broken`, which requires RSET, RFC 3030 section 2). STARTTLS changes the state after the handshake.

/// State of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Connected; the greeting has not been sent.
    Connected,
    /// Greeted; the client has not sent EHLO, HELO or LHLO.
    Greeted,
    /// The client sent EHLO, HELO or LHLO; no transaction is open.
    Ready,
    /// MAIL was accepted.
    Mail,
    /// At least one RCPT was accepted.
    Recipients,
    /// DATA was accepted: message data follows.
    Data,
    /// At least one BDAT chunk was accepted, none of them the last.
    Chunks,
    /// A chunk was refused: the transaction cannot continue until RSET.
    Broken,
    /// The greeting was negative: only QUIT is in sequence.
    Refused,
    /// The session is over.
    Closed,
}

/// Class of a command in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Hello,
    StartTls,
    Auth,
    Mail,
    Historic,
    Rcpt,
    Data,
    Bdat,
    Rset,
    /// NOOP, HELP, VRFY, EXPN: commands that change nothing.
    Anytime,
    Quit,
}

impl State {
    /// The state after a positive reply to `command`. Returns `None` if the command is out of sequence.
    pub(crate) const fn after(self, command: Move) -> Option<Self> {
        Some(match (self, command) {
            (Self::Connected | Self::Data | Self::Closed, _) => return None,
            (_, Move::Quit) => Self::Closed,
            (Self::Refused, _) => return None,
            (same, Move::Anytime) => same,
            (_, Move::Hello) => Self::Ready,
            (Self::Greeted, Move::Rset) | (Self::Greeted | Self::Ready, Move::StartTls) => Self::Greeted,
            (_, Move::Rset) | (Self::Ready, Move::Auth) => Self::Ready,
            (Self::Ready, Move::Mail | Move::Historic) => Self::Mail,
            (Self::Mail | Self::Recipients, Move::Rcpt) => Self::Recipients,
            (Self::Recipients, Move::Data) => Self::Data,
            (Self::Recipients | Self::Chunks, Move::Bdat) => Self::Chunks,
            _ => return None,
        })
    }

    /// Returns true if a transaction is open: MAIL was accepted, and the message is neither completed nor aborted.
    #[must_use]
    pub const fn in_transaction(self) -> bool {
        matches!(
            self,
            Self::Mail | Self::Recipients | Self::Data | Self::Chunks | Self::Broken
        )
    }
}

#[cfg(test)]
mod tests;
