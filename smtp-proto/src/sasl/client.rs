//! The client's side of a mechanism.

use core::fmt;

use super::{Mechanism, Secret};

/// The client's side of one exchange of a mechanism.
///
/// [`Credentials::start`](super::Credentials::start) creates one for each mechanism of this crate. Implement it for
/// other mechanisms. Challenges are passed after base64 decoding, responses are returned before base64 encoding.
pub trait ClientMechanism: fmt::Debug + Send + Sync {
    /// The name of the mechanism, for the AUTH command.
    fn mechanism(&self) -> Mechanism;

    /// Returns the initial response, or `None` if the server speaks first. Called once.
    ///
    /// It is sent with AUTH, or as the response to an empty first challenge if it does not fit the command line. An
    /// empty initial response is sent as `=`.
    fn initial_response(&mut self) -> Option<Secret>;

    /// Computes the response to a challenge.
    ///
    /// # Errors
    /// Returns an error to cancel the exchange: the client sends `*` and does not call this method again.
    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError>;

    /// Checks that the exchange is complete. Called after the server replied 235.
    ///
    /// # Errors
    /// Returns an error if the server has not proven what the mechanism requires: it may be an impostor.
    fn verify_success(&mut self) -> Result<(), MechanismError>;
}

/// The reason why a client cancels an exchange, or does not trust its success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum MechanismError {
    /// The server sent a challenge that the mechanism does not have, or reported success too early.
    #[error("unexpected step in the authentication exchange")]
    UnexpectedStep,
    /// The challenge violates the grammar of the mechanism, or belongs to another exchange.
    #[error("malformed authentication challenge")]
    MalformedChallenge,
    /// The response exceeds the maximum of a line ([`Auth::MAX_INITIAL`](crate::types::Auth::MAX_INITIAL)).
    #[error("authentication response too long")]
    ResponseTooLong,
    /// The server rejected the client in a message of the mechanism.
    #[error("client proof rejected by the server")]
    Rejected,
    /// The server did not prove that it knows the user's keys. Do not trust it.
    #[error("server not verified: it did not prove that it knows the user's keys")]
    ServerNotVerified,
    /// The server requests more iterations than the client computes: above 1,000,000.
    #[error("too many iterations requested by the server")]
    TooManyIterations,
    /// The server requests too few iterations, below 4096: the password could be guessed from the response.
    #[error("too few iterations requested by the server")]
    TooFewIterations,
}
