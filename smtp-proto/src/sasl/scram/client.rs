//! The client's side.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rsasl::prelude::{Session, SessionError, State};
use rsasl::validate::NoValidation;

use super::super::name::is_name;
use super::super::prep::prepare;
use super::super::{ClientMechanism, Context, Mechanism, MechanismError, Secret};
use super::keys::ITERATIONS;
use super::message::{ClientFirst, ServerFinal, ServerFirst};
use super::session::{self, Binding, ClientFacts};

/// The client's side of one exchange.
pub(in super::super) struct ScramClient {
    mechanism: Mechanism,
    /// `None` after it was sent.
    initial: Option<Secret>,
    /// The client's part of the nonce.
    nonce: Vec<u8>,
    /// `None` after it ended, with or without success.
    session: Option<Session<NoValidation, Binding>>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    First,
    Final,
    Proven,
}

impl ScramClient {
    /// Returns `None` if a name or the password cannot be prepared or sent, or if the channel binding is missing.
    pub(in super::super) fn new(
        mechanism: Mechanism,
        user: &str,
        password: &Secret,
        authorization_id: Option<&str>,
        context: &Context<'_>,
    ) -> Option<Self> {
        let binding = context.channel_binding.filter(|octets| !octets.is_empty());
        if mechanism.binds_channel() && binding.is_none() {
            return None;
        }
        // Do not send the flag `y` to a server that offers `-PLUS`: it would take that for a downgrade (RFC 5802
        // section 6).
        let able = mechanism.binds_channel() || (binding.is_some() && !context.plus_offered);
        let password = Secret::from(prepare(password.expose_str()?).ok()?.into_owned());
        let facts = ClientFacts {
            user: prepared_name(user)?,
            password: Some(password).filter(|password| !password.is_empty())?,
            authorization_id: match authorization_id {
                Some(identity) => Some(prepared_name(identity)?),
                None => None,
            },
            able,
        };
        let mut session = session::client(mechanism, facts, Binding::new(binding))?;
        let (_, initial) = session::step(&mut session, None).ok()?;
        let nonce = ClientFirst::parse(initial.expose())?.nonce.into();
        Some(Self {
            mechanism,
            initial: Some(initial),
            nonce,
            session: Some(session),
            stage: Stage::First,
        })
    }

    fn answer_first(
        &mut self,
        mut session: Session<NoValidation, Binding>,
        challenge: &[u8],
    ) -> Result<Secret, MechanismError> {
        let first = ServerFirst::parse(challenge).ok_or(MechanismError::MalformedChallenge)?;
        let added = first.nonce.strip_prefix(self.nonce.as_slice());
        if added.is_none_or(<[u8]>::is_empty) {
            return Err(MechanismError::MalformedChallenge);
        }
        let iterations = first.iterations.ok_or(MechanismError::TooManyIterations)?;
        if iterations > *ITERATIONS.end() {
            return Err(MechanismError::TooManyIterations);
        }
        if iterations < *ITERATIONS.start() {
            return Err(MechanismError::TooFewIterations);
        }
        match session::step(&mut session, Some(challenge)) {
            Ok((State::Running, response)) => {
                self.session = Some(session);
                self.stage = Stage::Final;
                Ok(response)
            }
            _ => Err(MechanismError::MalformedChallenge),
        }
    }

    fn answer_final(
        &mut self,
        mut session: Session<NoValidation, Binding>,
        challenge: &[u8],
    ) -> Result<Secret, MechanismError> {
        match ServerFinal::parse(challenge).ok_or(MechanismError::MalformedChallenge)? {
            ServerFinal::Error => return Err(MechanismError::Rejected),
            ServerFinal::Verifier => {}
        }
        // rsasl compares the signatures in variable time. A server learns nothing from it: each nonce allows one try.
        match session::step(&mut session, Some(challenge)) {
            Ok((State::Finished(_), _)) => {
                self.stage = Stage::Proven;
                Ok(Secret::default())
            }
            Err(SessionError::MutualAuthenticationFailed) => Err(MechanismError::ServerNotVerified),
            _ => Err(MechanismError::MalformedChallenge),
        }
    }
}

impl ClientMechanism for ScramClient {
    fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    fn initial_response(&mut self) -> Option<Secret> {
        Some(self.initial.take().unwrap_or_default())
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError> {
        match (self.session.take(), self.stage) {
            _ if self.initial.is_some() => Err(MechanismError::UnexpectedStep),
            (Some(session), Stage::First) => self.answer_first(session, challenge),
            (Some(session), Stage::Final) => self.answer_final(session, challenge),
            _ => Err(MechanismError::UnexpectedStep),
        }
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        match self.stage {
            Stage::Proven if self.session.is_none() => Ok(()),
            _ => Err(MechanismError::ServerNotVerified),
        }
    }
}

impl fmt::Debug for ScramClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramClient")
            .field("mechanism", &self.mechanism)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Prepares a name with SASLprep (RFC 5802 section 5.1). Returns `None` if the result is not a valid name.
pub(super) fn prepared_name(name: &str) -> Option<String> {
    prepare(name)
        .ok()
        .filter(|name| is_name(name))
        .map(|name| name.into_owned())
}
