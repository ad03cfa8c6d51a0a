//! What a server's side of a mechanism is, and what clients claim.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::base64::MAX_DECODED;
use super::{Mechanism, Secret, anonymous, bearer, external, login, plain};

/// The server's side of one exchange.
///
/// Octets are those after base64 and before it.
pub trait ServerMechanism: fmt::Debug + Send {
    /// Takes the client's next response; empty when it gave no initial one. It is not called again once it
    /// accepted or refused.
    fn step(&mut self, response: &[u8]) -> AuthOutcome;
}

/// How far an exchange is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an exchange goes on, or ends in one of two ways"
)]
pub enum AuthOutcome {
    /// The client is to answer this.
    Challenge(Vec<u8>),
    /// The client is whom it says; this is the identity that it acts as from now on.
    Accept(String),
    /// It is not, or what it sent is malformed.
    Reject,
}

/// What a client says of itself. Nothing of it is proven: that is for the application.
///
/// Names have 1 to 255 octets and no control characters, which SASLprep prohibits (RFC 4013 section 2.3); they and
/// the passwords are not prepared yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthRequest {
    /// A name and a password (PLAIN, LOGIN).
    Password {
        /// Whose password it is.
        user: String,
        /// The password, not empty, without NUL.
        password: Secret,
        /// Whom the client wants to act as, if that is not the user.
        authorization_id: Option<String>,
    },
    /// A bearer token (XOAUTH2, OAUTHBEARER).
    Bearer {
        /// Whom the client wants to act as: only the token says who it is.
        user: Option<String>,
        /// The token: the characters of `b64token` (RFC 6750 section 2.1), at least one.
        token: Secret,
    },
    /// The certificate that the client showed in the TLS handshake is to be taken (EXTERNAL).
    External {
        /// The certificate, in DER. The handshake has verified it; whom it stands for is for the application to say.
        certificate: Vec<u8>,
        /// Whom the client wants to act as, if the server is not to derive that. Nothing says that it may.
        authorization_id: Option<String>,
    },
    /// Nobody in particular (ANONYMOUS).
    Anonymous {
        /// What the client wants to be traced by, at most 255 characters; may be empty.
        trace: String,
    },
    /// Another mechanism begins: so does an exchange, and one that was not finished is void.
    Begin {
        /// The initial response, if the client gave one.
        initial: Option<Secret>,
    },
    /// The response to the last challenge of that exchange.
    Step {
        /// The response.
        response: Secret,
    },
}

/// A response does not follow the grammar of its mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response does not follow the grammar of the mechanism")]
#[non_exhaustive]
pub struct Malformed;

impl AuthRequest {
    /// Reads the two responses of LOGIN, after base64.
    ///
    /// # Errors
    /// When the name is not one, or the password is empty or holds NUL, or either is too long for RFC 4954.
    pub fn login(user: &[u8], password: Secret) -> Result<Self, Malformed> {
        login::claim(user, password).ok_or(Malformed)
    }

    /// Reads the response, after base64, of a mechanism that has one only; that of any other is handed through as
    /// [`Begin`](Self::Begin). LOGIN has two: see [`login`](Self::login). `certificate` is what EXTERNAL is about.
    ///
    /// # Errors
    /// When there is no such certificate, or the response does not follow the grammar of the mechanism, or is longer than a line has room for.
    pub fn parse(
        mechanism: Mechanism,
        response: &[u8],
        certificate: Option<&[u8]>,
    ) -> Result<Self, Malformed> {
        if response.len() > MAX_DECODED {
            return Err(Malformed);
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
        .ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests;
