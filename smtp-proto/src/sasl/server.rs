//! The server's side of a mechanism, and the requests of clients.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::base64::MAX_DECODED;
use super::{Mechanism, Secret, anonymous, bearer, external, login, plain};

/// The server's side of one exchange of a mechanism of several steps.
///
/// Responses are passed after base64 decoding, challenges are returned before base64 encoding.
pub trait ServerMechanism: fmt::Debug + Send {
    /// Processes the client's next response, which is empty if the client sent no initial response. Not called again
    /// after it accepted or rejected.
    fn step(&mut self, response: &[u8]) -> AuthOutcome;
}

/// Outcome of one step of an exchange: the next challenge, acceptance or rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an exchange goes on, or ends in one of two ways"
)]
pub enum AuthOutcome {
    /// The next challenge to send to the client.
    Challenge(Vec<u8>),
    /// The client is authenticated and acts under this identity from now on.
    Accept(String),
    /// Authentication failed, or the response is malformed.
    Reject,
}

/// Authentication data sent by a client, unverified. The application decides on it.
///
/// Names have 1 to 255 octets and no control characters, which SASLprep prohibits (RFC 4013 section 2.3). Names and
/// passwords are not prepared with SASLprep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthRequest {
    /// A name and a password (PLAIN, LOGIN).
    Password {
        /// The user name (authentication identity).
        user: String,
        /// The password, nonempty, without NUL.
        password: Secret,
        /// The identity that the client asks to act as, if it differs from the user.
        authorization_id: Option<String>,
    },
    /// A bearer token (XOAUTH2, OAUTHBEARER).
    Bearer {
        /// The identity that the client asks to act as. Only the token authenticates the client.
        user: Option<String>,
        /// The token: the characters of `b64token` (RFC 6750 section 2.1), at least one.
        token: Secret,
    },
    /// The client's certificate from the TLS handshake (EXTERNAL).
    External {
        /// The certificate, in DER. The handshake has verified it; the application maps it to an identity.
        certificate: Vec<u8>,
        /// The identity that the client asks to act as. `None`: the server derives it from the certificate. Check that
        /// the certificate permits this identity.
        authorization_id: Option<String>,
    },
    /// Anonymous access (ANONYMOUS).
    Anonymous {
        /// The trace information, at most 255 characters; may be empty.
        trace: String,
    },
    /// First message of a multi-step mechanism. Discard any unfinished exchange.
    Begin {
        /// The initial response. `None` if the client sent none.
        initial: Option<Secret>,
    },
    /// Response to the last challenge of a multi-step mechanism.
    Step {
        /// The response.
        response: Secret,
    },
}

/// Error for a response that violates the grammar of its mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed authentication response")]
#[non_exhaustive]
pub struct MalformedResponse;

impl AuthRequest {
    /// Parses the two responses of LOGIN, after base64 decoding.
    ///
    /// # Errors
    /// Returns an error if the name is invalid, if the password is empty or contains NUL, or if either is too long for
    /// RFC 4954.
    pub fn login(user: &[u8], password: Secret) -> Result<Self, MalformedResponse> {
        login::request(user, password).ok_or(MalformedResponse)
    }

    /// Parses the response of a single-response mechanism, after base64 decoding. `certificate` is the verified
    /// certificate of the client, for EXTERNAL.
    ///
    /// The response of any other mechanism becomes [`Begin`](Self::Begin). LOGIN has two responses: see
    /// [`login`](Self::login).
    ///
    /// # Errors
    /// Returns an error if the response violates the grammar of the mechanism or exceeds the maximum of a line, or if
    /// EXTERNAL has no certificate.
    pub fn parse(
        mechanism: Mechanism,
        response: &[u8],
        certificate: Option<&[u8]>,
    ) -> Result<Self, MalformedResponse> {
        if response.len() > MAX_DECODED {
            return Err(MalformedResponse);
        }
        match mechanism {
            Mechanism::PLAIN => plain::parse(response),
            Mechanism::XOAUTH2 => bearer::parse_xoauth2(response),
            Mechanism::OAUTHBEARER => bearer::parse_oauthbearer(response),
            Mechanism::EXTERNAL => external::parse(response, certificate),
            Mechanism::ANONYMOUS => anonymous::parse(response),
            _ => Some(Self::Begin {
                initial: Some(response.into()),
            }),
        }
        .ok_or(MalformedResponse)
    }
}

#[cfg(test)]
mod tests;
