//! The server's side.

use alloc::string::String;
use core::fmt;

use rsasl::prelude::{Session, State};

use super::super::{AuthOutcome, Context, Mechanism, Secret, ServerMechanism};
use super::client::prepared_name;
use super::keys::{Hash, ScramKeys};
use super::message::{ClientFinal, ClientFirst, Flag};
use super::session::{self, BINDING_TYPE, Binding, Proven};

/// The name of the user in the first message of a client, prepared by SASLprep, by which to look the keys up. None
/// when the message is malformed: refuse the client.
#[must_use]
pub fn scram_user(response: &[u8]) -> Option<String> {
    prepared_name(&ClientFirst::parse(response)?.user)
}

/// The identity that a client asks to act as in its first message, prepared by SASLprep. None when it does not ask,
/// or the message is malformed. See [`ScramServer::authorize`].
#[must_use]
pub fn scram_authorize_as(response: &[u8]) -> Option<String> {
    prepared_name(&ClientFirst::parse(response)?.authorization_id?)
}

/// The server's side of one exchange.
///
/// Make it when the first message of the client is there: look up the keys of [`scram_user`], or make
/// [`decoys`](ScramKeys::decoy) if there are none, and give it that message as the first
/// [`step`](ServerMechanism::step). A client that proves itself is answered with the proof of the server, and is
/// accepted when it has answered that with nothing.
///
/// It is accepted as the user; one that asks to act as someone else is refused unless that is
/// [`authorized`](Self::authorize).
///
/// ```
/// use smtp_proto::sasl::{
///     Context, Credentials, Mechanism, AuthOutcome, ScramKeys, ScramServer, Secret, ServerMechanism, scram_user,
/// };
///
/// let mechanism = Mechanism::SCRAM_SHA_256;
/// // Once, when the password is set: the keys are what is kept.
/// let salt = b"16 random octets"; // they should be
/// let kept = ScramKeys::derive(mechanism, &"pencil".into(), salt, ScramKeys::ITERATIONS)?;
///
/// let mut client = Credentials::password("user", "pencil").start(mechanism, &Context::default()).unwrap();
/// let first = client.initial().unwrap();
///
/// let keys = match scram_user(first.expose()).as_deref() {
///     Some("user") => kept,
///     Some(other) => {
///         let secret = Secret::from("random, and the same each time");
///         ScramKeys::decoy(mechanism, other, &secret, salt.len(), ScramKeys::ITERATIONS)?
///     }
///     None => panic!("malformed: refuse it"),
/// };
/// let mut server = ScramServer::new(mechanism, keys, &Context::default()).unwrap();
/// let mut progress = server.step(first.expose());
/// while let AuthOutcome::Challenge(challenge) = progress {
///     progress = server.step(client.respond(&challenge)?.expose());
/// }
/// assert_eq!(progress, AuthOutcome::Accept("user".into()));
/// client.finish()?; // the server knew the keys
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ScramServer {
    mechanism: Mechanism,
    plus_offered: bool,
    /// Whom the user may act as.
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
        /// Whether a proof can be right: there is such a user, who may act as that identity.
        real: bool,
    },
    /// The empty response is awaited.
    Proven { identity: String },
    /// It is over.
    Over,
}

impl ScramServer {
    /// Makes it of the keys of a user and of what is known of the session
    /// ([`sasl_context`](crate::server::Server::sasl_context)). A client that could bind the channel and was not told
    /// that the server can is refused, since someone in between changed what was offered.
    ///
    /// None when the mechanism is not a SCRAM mechanism of this crate, the keys are for another hash, or it binds
    /// the channel and there is no binding.
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

    /// Lets the user act as someone else, if the client asks for that: see [`scram_authorize_as`].
    #[must_use]
    pub fn authorize(mut self, identity: impl Into<String>) -> Self {
        self.authorized = Some(identity.into());
        self
    }

    /// Whether what the client says of channel binding agrees with the mechanism (RFC 5802 section 6).
    fn agrees(&self, flag: Flag<'_>) -> bool {
        match flag {
            Flag::Unable => !self.mechanism.binds_channel(),
            Flag::Able => !self.mechanism.binds_channel() && !self.plus_offered,
            Flag::Bound(kind) => self.mechanism.binds_channel() && kind == BINDING_TYPE.as_bytes(),
        }
    }

    /// Takes the first message. None refuses.
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
        // Refused like a wrong password: only the proof tells whether the user asks.
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

    /// Takes the proof. None refuses: with no message of its own, so that a user who is not known, a wrong
    /// password and a wrong channel look the same.
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
        // What is compared here in a time that depends on it are hashes of what the client sent, which it cannot
        // choose.
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
        // A session that fails is not put back: it must not be asked again.
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
