//! The server's side.

use alloc::string::String;
use core::fmt;

use rsasl::prelude::{Session, State};

use super::super::{AuthOutcome, Context, Mechanism, Secret, ServerMechanism};
use super::client::prepared_name;
use super::keys::{Hash, ScramKeys};
use super::message::{ClientFinal, ClientFirst, Flag};
use super::session::{self, BINDING_TYPE, Binding, Proven};

/// Returns the user name in a client's first SCRAM message, prepared with SASLprep, to look up the keys. Returns `None`
/// if the message is malformed: reject the client.
#[must_use]
pub fn scram_user(response: &[u8]) -> Option<String> {
    prepared_name(&ClientFirst::parse(response)?.user)
}

/// Returns the authorization identity in a client's first SCRAM message, prepared with SASLprep. Returns `None` if
/// there is none, or if the message is malformed. See [`ScramServer::with_authorized_id`].
#[must_use]
pub fn scram_authorization_id(response: &[u8]) -> Option<String> {
    prepared_name(&ClientFirst::parse(response)?.authorization_id?)
}

/// The server's side of one SCRAM exchange.
///
/// Create it after the client's first message has arrived: look up the keys of [`scram_user`], or make a
/// [`decoy`](ScramKeys::decoy) for an unknown user, and pass the message to the first [`step`](ServerMechanism::step).
/// If the client's proof is right, the server sends its own proof, and accepts the client after an empty response.
///
/// The client is accepted under its user name. A client that asks to act as another identity is rejected, except for
/// the [authorized](Self::with_authorized_id) one.
///
/// ```
/// use smtp_proto::sasl::{
///     Context, Credentials, Mechanism, AuthOutcome, ScramKeys, ScramServer, Secret, ServerMechanism, scram_user,
/// };
///
/// let mechanism = Mechanism::SCRAM_SHA_256;
/// // Once, when the password is set. Store the keys, not the password.
/// let salt = b"16 random octets"; // use random octets
/// let stored = ScramKeys::derive(mechanism, &"pencil".into(), salt, ScramKeys::ITERATIONS)?;
///
/// let mut client = Credentials::password("user", "pencil").start(mechanism, &Context::default()).unwrap();
/// let first = client.initial_response().unwrap();
///
/// let keys = match scram_user(first.expose()).as_deref() {
///     Some("user") => stored,
///     Some(other) => {
///         let secret = Secret::from("random, and the same each time");
///         ScramKeys::decoy(mechanism, other, &secret, salt.len(), ScramKeys::ITERATIONS)?
///     }
///     None => panic!("malformed: reject the client"),
/// };
/// let mut server = ScramServer::new(mechanism, keys, &Context::default()).unwrap();
/// let mut outcome = server.step(first.expose());
/// while let AuthOutcome::Challenge(challenge) = outcome {
///     outcome = server.step(client.respond(&challenge)?.expose());
/// }
/// assert_eq!(outcome, AuthOutcome::Accept("user".into()));
/// client.verify_success()?; // the server has proven that it knows the keys
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ScramServer {
    mechanism: Mechanism,
    plus_offered: bool,
    /// The identity that the user may act as.
    authorized: Option<String>,
    stage: Stage,
}

enum Stage {
    /// The first message is awaited.
    First {
        keys: ScramKeys,
        binding: Option<Secret>,
    },
    /// The proof is awaited.
    Final {
        session: Session<Proven, Binding>,
        identity: String,
        hash: Hash,
        /// The user exists and may act as the identity; otherwise no proof is accepted.
        real: bool,
    },
    /// The empty response is awaited.
    Proven { identity: String },
    /// The exchange is over.
    Over,
}

impl ScramServer {
    /// Creates the server's side from the keys of a user and the context of the session
    /// ([`sasl_context`](crate::server::Server::sasl_context)).
    ///
    /// It rejects a client that supports channel binding and did not see the `-PLUS` mechanisms that the server
    /// advertised: a man in the middle removed them (RFC 5802 section 6).
    ///
    /// Returns `None` if the mechanism is not a SCRAM mechanism of this crate, if the keys are for another hash, or if
    /// the mechanism binds the channel and there is no channel binding.
    #[must_use]
    pub fn new(mechanism: Mechanism, keys: ScramKeys, context: &Context<'_>) -> Option<Self> {
        let binding = context
            .channel_binding
            .filter(|octets| mechanism.binds_channel() && !octets.is_empty());
        let fits = Hash::of(mechanism) == Some(keys.hash()) && binding.is_some() == mechanism.binds_channel();
        fits.then(|| Self {
            mechanism,
            plus_offered: context.plus_offered,
            authorized: None,
            stage: Stage::First {
                keys,
                binding: binding.map(Secret::from),
            },
        })
    }

    /// Permits the user to act as `identity` if the client asks to: see [`scram_authorization_id`].
    #[must_use]
    pub fn with_authorized_id(mut self, identity: impl Into<String>) -> Self {
        self.authorized = Some(identity.into());
        self
    }

    /// Returns true if the client's channel binding flag is consistent with the mechanism (RFC 5802 section 6).
    fn agrees(&self, flag: Flag<'_>) -> bool {
        match flag {
            Flag::Unable => !self.mechanism.binds_channel(),
            Flag::Able => !self.mechanism.binds_channel() && !self.plus_offered,
            Flag::Bound(kind) => self.mechanism.binds_channel() && kind == BINDING_TYPE.as_bytes(),
        }
    }

    /// Processes the client's first message. Returns `None` to reject the client.
    fn first(&mut self, keys: ScramKeys, binding: Option<Secret>, response: &[u8]) -> Option<AuthOutcome> {
        let first = ClientFirst::parse(response)?;
        let user = prepared_name(&first.user)?;
        let identity = match &first.authorization_id {
            Some(name) => prepared_name(name)?,
            None => user.clone(),
        };
        if !self.agrees(first.flag) {
            return None;
        }
        // Refuse only after checking the proof, so that an unauthorized identity is indistinguishable from a wrong
        // password.
        let allowed = identity == user || self.authorized.as_ref() == Some(&identity);
        let (hash, real) = (keys.hash(), keys.is_real());
        let binding = Binding::new(binding.as_ref().map(Secret::expose));
        let mut session = session::server(self.mechanism, keys, binding)?;
        let (state, challenge) = session::step(&mut session, Some(response)).ok()?;
        if state != State::Running {
            return None;
        }
        self.stage = Stage::Final {
            session,
            identity,
            hash,
            real: real && allowed,
        };
        Some(AuthOutcome::Challenge(challenge.expose().into()))
    }

    /// Processes the client's proof. Returns `None` to reject the client, without a SCRAM error message: an unknown
    /// user, a wrong password and a wrong channel binding look the same.
    fn proof(
        &mut self,
        mut session: Session<Proven, Binding>,
        identity: String,
        (hash, real): (Hash, bool),
        response: &[u8],
    ) -> Option<AuthOutcome> {
        let proof = ClientFinal::parse(response)?.proof;
        if proof.expose().len() != hash.octets() {
            return None;
        }
        // rsasl compares hashes in variable time. That is safe, because the client cannot choose the hash of its proof.
        let (state, challenge) = session::step(&mut session, Some(response)).ok()?;
        let proven = matches!(state, State::Finished(_))
            && session.validation().is_some()
            && challenge.expose().starts_with(b"v=")
            && real;
        proven.then(|| {
            self.stage = Stage::Proven { identity };
            AuthOutcome::Challenge(challenge.expose().into())
        })
    }
}

impl ServerMechanism for ScramServer {
    fn step(&mut self, response: &[u8]) -> AuthOutcome {
        // Do not put a failed session back: rsasl panics if it is called again.
        match core::mem::replace(&mut self.stage, Stage::Over) {
            Stage::First { keys, binding } => self.first(keys, binding, response),
            Stage::Final {
                session,
                identity,
                hash,
                real,
            } => self.proof(session, identity, (hash, real), response),
            Stage::Proven { identity } if response.is_empty() => Some(AuthOutcome::Accept(identity)),
            _ => None,
        }
        .unwrap_or(AuthOutcome::Reject)
    }
}

impl fmt::Debug for ScramServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramServer")
            .field("mechanism", &self.mechanism)
            .field("plus_offered", &self.plus_offered)
            .finish_non_exhaustive()
    }
}
