//! Mechanisms of authentication: SASL (RFC 4422), as the AUTH command carries it (RFC 4954).
//!
//! | Mechanism | RFC | Feature | Begins | Shows the secret | Proves the server |
//! |---|---|---|---|---|---|
//! | PLAIN | 4616 | | client | yes | no |
//! | LOGIN | none, draft-murchison-sasl-login | | server | yes | no |
//! | XOAUTH2 | none | | client | yes | no |
//! | OAUTHBEARER | 7628 | | client | yes | no |
//! | EXTERNAL | 4422 appendix A | | client | | no |
//! | ANONYMOUS | 4505 | | client | | no |
//! | CRAM-MD5 | 2195 | `cram-md5` | server | no | no |
//! | SCRAM-SHA-1, SCRAM-SHA-256 | 5802, 7677 | `scram` | client | no | yes |
//! | SCRAM-SHA-1-PLUS, SCRAM-SHA-256-PLUS | 5802, 7677, 9266 | `scram` | client | no | yes |
//!
//! Both roles know all of them. A mechanism that shows the secret needs TLS, and CRAM-MD5 and SCRAM without it let
//! whoever listens guess at the password.
//!
//! - A client has [`Credentials`], which know the mechanisms that they fit and [`start`](Credentials::start) one, or
//!   a [`ClientMechanism`] of its own.
//! - A server is shown a [`AuthRequest`] to judge. For a mechanism that takes more than one question, the claim is a
//!   [`Step`](AuthRequest::Step), and a [`ServerMechanism`] answers it.
//! - A password or a token is in a [`Secret`], which is wiped and not shown. What is made from it by the
//!   cryptographic crates underneath is not always wiped by those.
//! - Nothing waits here, but a client's SCRAM computes as long as the server demands: some tenths of a second at
//!   most when optimised, some milliseconds as a rule. It is the one step of a machine that is worth a thread of its own.
//!
//! # Example
//!
//! A client that knows a password, and a server that checks it:
//!
//! ```
//! use smtp_proto::sasl::{AuthRequest, Context, Credentials, Mechanism};
//!
//! let credentials = Credentials::password("tim", "tanstaaftanstaaf");
//! let offered = [Mechanism::PLAIN, Mechanism::LOGIN];
//! let mechanism = credentials.mechanisms().iter().find(|mechanism| offered.contains(mechanism));
//! let mut client = mechanism.and_then(|mechanism| credentials.start(*mechanism, &Context::default())).unwrap();
//! let response = client.initial().unwrap();
//!
//! let claim = AuthRequest::parse(client.mechanism(), response.expose(), None)?;
//! let AuthRequest::Password { user, password, authorization_id: None } = claim else {
//!     panic!("that is a password");
//! };
//! assert!(user == "tim" && password.matches(b"tanstaaftanstaaf"));
//! # Ok::<(), smtp_proto::sasl::Malformed>(())
//! ```

mod anonymous;
pub(crate) mod base64;
mod bearer;
mod client;
#[cfg(feature = "cram-md5")]
mod cram_md5;
mod credentials;
mod external;
mod login;
mod mechanism;
mod name;
mod plain;
#[cfg(feature = "saslprep")]
mod prep;
#[cfg(feature = "scram")]
mod scram;
mod server;

pub(crate) use bearer::{discovery as bearer_discovery, failure as bearer_failure};
pub use client::{ClientMechanism, MechanismError};
#[cfg(feature = "cram-md5")]
pub use cram_md5::{CramMd5Server, cram_md5_user};
pub use credentials::{Context, Credentials};
pub(crate) use mechanism::Shape;
pub use mechanism::{InvalidMechanism, Mechanism};
#[cfg(feature = "saslprep")]
pub use prep::{InvalidString, prepare};
#[cfg(feature = "scram")]
pub use scram::{InvalidKeys, ScramKeys, ScramServer, scram_authorize_as, scram_user};
pub use server::{AuthOutcome, AuthRequest, Malformed, ServerMechanism};

pub use crate::secret::Secret;

/// What may be shown on a stream that is not under TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the policies there are")]
pub enum PlaintextAuth {
    /// Nothing: there is no authentication without TLS.
    #[default]
    Forbid,
    /// What does not show the secret itself. Whoever listens can still guess at passwords, and take the session over.
    NonPlaintextMechanisms,
    /// Insecure: passwords and tokens, which whoever listens can use. For networks that nobody else is on.
    Insecure,
}

impl PlaintextAuth {
    /// Whether a mechanism may be used without TLS.
    pub(crate) fn allows(self, mechanism: Mechanism) -> bool {
        match self {
            Self::Forbid => false,
            Self::NonPlaintextMechanisms => !mechanism.shows_secret(),
            Self::Insecure => true,
        }
    }
}

/// What a mechanism that ends with what the client sent makes of success: it cannot come before all was sent.
fn sent(all: bool) -> Result<(), MechanismError> {
    if all {
        Ok(())
    } else {
        Err(MechanismError::Unexpected)
    }
}

/// Puts a response together. None when it is longer than RFC 4954 section 4 has room for.
fn response(parts: &[&[u8]]) -> Option<Secret> {
    let octets: usize = parts.iter().map(|part| part.len()).sum();
    (octets <= base64::MAX_DECODED).then(|| Secret::concat(parts))
}
