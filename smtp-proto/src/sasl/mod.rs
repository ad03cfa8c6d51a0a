//! Authentication mechanisms: SASL (RFC 4422) for the AUTH command (RFC 4954). Usable without a session.
//!
//! | Mechanism | RFC | Feature | Speaks first | Secret in plaintext | Authenticates the server |
//! |---|---|---|---|---|---|
//! | PLAIN | 4616 | | client | yes | no |
//! | LOGIN | none, draft-murchison-sasl-login | | server | yes | no |
//! | XOAUTH2 | none | | client | yes | no |
//! | OAUTHBEARER | 7628 | | client | yes | no |
//! | EXTERNAL | 4422 appendix A | | client | | no |
//! | ANONYMOUS | 4505 | | client | | no |
//! | CRAM-MD5 | 2195 | `cram-md5` | server | no | no |
//! | SCRAM-SHA-1, SCRAM-SHA-256, SCRAM-SHA-512 | 5802, 7677 | `scram` | client | no | yes |
//! | SCRAM-SHA-1-PLUS, SCRAM-SHA-256-PLUS, SCRAM-SHA-512-PLUS | 5802, 7677, 9266 | `scram` | client | no | yes |
//!
//! Both roles implement all mechanisms. A mechanism that sends the secret in plaintext needs TLS. Without TLS, CRAM-MD5
//! and SCRAM let an eavesdropper guess the password offline.
//!
//! - A client uses [`Credentials`], which list their mechanisms and [`start`](Credentials::start) one, or its own
//!   [`ClientMechanism`].
//! - A server application decides on each [`AuthRequest`]. A mechanism of several steps has the requests
//!   [`Begin`](AuthRequest::Begin) and [`Step`](AuthRequest::Step), which a [`ServerMechanism`] processes.
//! - A [`Secret`] holds a password or token. It is zeroized on drop, and `Debug` does not show it. Temporaries inside
//!   cryptographic crates are not always zeroized.
//! - Nothing blocks. The computation of a SCRAM client takes as long as the server's iteration count requires: usually
//!   some milliseconds, at most some tenths of a second in an optimised build. Every other step of a machine is short.
//!
//! # Example
//!
//! A client that sends a password, and a server that checks it:
//!
//! ```
//! use smtp_proto::sasl::{AuthRequest, Context, Credentials, Mechanism};
//!
//! let credentials = Credentials::password("tim", "tanstaaftanstaaf");
//! let offered = [Mechanism::PLAIN, Mechanism::LOGIN];
//! let mechanism = credentials.mechanisms().iter().find(|mechanism| offered.contains(mechanism));
//! let mut client = mechanism.and_then(|mechanism| credentials.start(*mechanism, &Context::default())).unwrap();
//! let response = client.initial_response().unwrap();
//!
//! let request = AuthRequest::parse(client.mechanism(), response.expose(), None)?;
//! let AuthRequest::Password { user, password, authorization_id: None } = request else {
//!     panic!("PLAIN carries a password");
//! };
//! assert!(user == "tim" && password.matches(b"tanstaaftanstaaf"));
//! # Ok::<(), smtp_proto::sasl::MalformedResponse>(())
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
pub use scram::{InvalidKeys, ScramKeys, ScramServer, scram_authorization_id, scram_user};
pub use server::{AuthOutcome, AuthRequest, MalformedResponse, ServerMechanism};

pub use crate::secret::Secret;

/// Policy for authentication on a connection without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the policies there are")]
pub enum PlaintextAuth {
    /// No authentication without TLS.
    #[default]
    Forbid,
    /// Only mechanisms that do not send the secret in plaintext. An eavesdropper can still guess passwords offline, and
    /// a man in the middle can take over the session.
    NonPlaintextMechanisms,
    /// Insecure: all mechanisms, including those that let an eavesdropper read passwords and tokens. Only for networks
    /// without other users.
    Insecure,
}

impl PlaintextAuth {
    /// Returns true if the policy allows a mechanism without TLS.
    pub(crate) fn allows(self, mechanism: Mechanism) -> bool {
        match self {
            Self::Forbid => false,
            Self::NonPlaintextMechanisms => !mechanism.is_plaintext(),
            Self::Insecure => true,
        }
    }
}

/// For mechanisms in which the client speaks last: success is valid only after the client has sent everything.
fn sent(all: bool) -> Result<(), MechanismError> {
    if all {
        Ok(())
    } else {
        Err(MechanismError::UnexpectedStep)
    }
}

/// Joins the parts of a response. Returns `None` if it is longer than a line may carry (RFC 4954 section 4).
fn response(parts: &[&[u8]]) -> Option<Secret> {
    let octets: usize = parts.iter().map(|part| part.len()).sum();
    (octets <= base64::MAX_DECODED).then(|| Secret::concat(parts))
}
