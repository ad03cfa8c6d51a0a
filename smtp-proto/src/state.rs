//! The one table of SMTP session states, for both roles.
//!
//! A server asks the table whether a command is in order and where a positive answer leads; a client asks it
//! the same before it sends. RFC 5321 section 4.1.4, RFC 3030 section 2, RFC 2033 section 4.
//!
//! Each row reads: in this state, after a positive answer to this command, the session is in that state.
//! A command without a row is out of order (503). A negative answer never changes the state.
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
//! Three moves come without a command: the greeting (`Connected` to `Greeted`, or to `Refused` when it is
//! negative), the end of a message (`Data` or `Chunks` to `Ready`), and a refused chunk that was not the last
//! (`Recipients` or `Chunks` to `Broken`, RFC 3030 section 2: RSET is needed). STARTTLS moves the state when
//! the handshake is done.

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Connected; the greeting has not been sent.
    Connected,
    /// Greeted; the client has not introduced itself.
    Greeted,
    /// The client introduced itself; no transaction is open.
    Ready,
    /// MAIL was accepted.
    Mail,
    /// At least one RCPT was accepted.
    Recipients,
    /// DATA was accepted: message content follows.
    Data,
    /// At least one BDAT chunk was accepted and none was the last.
    Chunks,
    /// A chunk was refused: the transaction is spoilt until RSET.
    Broken,
    /// The greeting was a refusal: only QUIT is in order.
    Refused,
    /// The session is over.
    Closed,
}

/// What commands mean to the table.
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
    /// The state after a positive answer to `command`, or `None` when it is out of order.
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

    /// Whether a transaction is open: MAIL was accepted and its fate is not decided.
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
