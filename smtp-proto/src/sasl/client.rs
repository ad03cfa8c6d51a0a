//! What a client's side of a mechanism is.

use core::fmt;

use super::{Mechanism, Secret};

/// The client's side of one exchange.
///
/// [`Credentials::start`](super::Credentials::start) makes one for each mechanism of this crate; implement it for
/// another one. Octets are those before base64 and after it.
pub trait ClientMechanism: fmt::Debug + Send + Sync {
    /// The mechanism, as AUTH names it.
    fn mechanism(&self) -> Mechanism;

    /// What is sent with AUTH, or on the first challenge, which is empty, where it does not fit the line. Asked for
    /// once. None when the server speaks first; an empty one is sent as `=`.
    fn initial(&mut self) -> Option<Secret>;

    /// Answers a challenge.
    ///
    /// # Errors
    /// When the exchange must not go on: the client sends `*`, and this is not called again.
    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError>;

    /// Called when the server says that it is done, with 235.
    ///
    /// # Errors
    /// When the server has not shown what the mechanism demands of it: it may be an impostor.
    fn finish(&mut self) -> Result<(), MechanismError>;
}

/// Why a client breaks an exchange off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum MechanismError {
    /// The server asks for more than the mechanism has to give, or is done too early.
    #[error("the exchange takes a turn that the mechanism does not have")]
    Unexpected,
    /// The challenge breaks the grammar of the mechanism, or is not for this exchange.
    #[error("the challenge is malformed")]
    Malformed,
    /// The response does not fit a line ([`Auth::MAX_INITIAL`](crate::types::Auth::MAX_INITIAL)).
    #[error("the response is too long")]
    TooLong,
    /// The server says within the mechanism that it does not accept the client.
    #[error("the server refuses the proof")]
    Refused,
    /// The server did not prove that it knows the user's keys: do not trust it.
    #[error("the server did not prove that it knows the user")]
    ServerNotProven,
    /// The server asks for so many iterations that it would keep the client busy.
    #[error("the server asks for too many iterations")]
    TooCostly,
    /// The server asks for so few iterations that the password could be guessed from the answer.
    #[error("the server asks for too few iterations")]
    TooWeak,
}
