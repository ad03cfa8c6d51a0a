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
    /// None once it was sent.
    initial: Option<Secret>,
    /// This side's part of the nonce.
    nonce: Vec<u8>,
    /// None once it ended, well or not.
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
    /// None when a name or the password cannot be prepared or sent, or there is no channel to bind to.
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
        // A server that offers the other form must not be told that the client takes it to be unable.
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
        let first = ServerFirst::parse(challenge).ok_or(MechanismError::Malformed)?;
        let added = first.nonce.strip_prefix(self.nonce.as_slice());
        if added.is_none_or(<[u8]>::is_empty) {
            return Err(MechanismError::Malformed);
        }
        let iterations = first.iterations.ok_or(MechanismError::TooCostly)?;
        if iterations > *ITERATIONS.end() {
            return Err(MechanismError::TooCostly);
        }
        if iterations < *ITERATIONS.start() {
            return Err(MechanismError::TooWeak);
        }
        match session::step(&mut session, Some(challenge)) {
            Ok((State::Running, response)) => {
                self.session = Some(session);
                self.stage = Stage::Final;
                Ok(response)
            }
            _ => Err(MechanismError::Malformed),
        }
    }

    fn answer_final(
        &mut self,
        mut session: Session<NoValidation, Binding>,
        challenge: &[u8],
    ) -> Result<Secret, MechanismError> {
        match ServerFinal::parse(challenge).ok_or(MechanismError::Malformed)? {
            ServerFinal::Error => return Err(MechanismError::Refused),
            ServerFinal::Verifier => {}
        }
        // The signatures are compared in a time that depends on them. That tells a server nothing: it has one try
        // for each nonce.
        match session::step(&mut session, Some(challenge)) {
            Ok((State::Finished(_), _)) => {
                self.stage = Stage::Proven;
                Ok(Secret::default())
            }
            Err(SessionError::MutualAuthenticationFailed) => Err(MechanismError::ServerNotProven),
            _ => Err(MechanismError::Malformed),
        }
    }
}

impl ClientMechanism for ScramClient {
    fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    fn initial(&mut self) -> Option<Secret> {
        Some(self.initial.take().unwrap_or_default())
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError> {
        match (self.session.take(), self.stage) {
            _ if self.initial.is_some() => Err(MechanismError::Unexpected),
            (Some(session), Stage::First) => self.answer_first(session, challenge),
            (Some(session), Stage::Final) => self.answer_final(session, challenge),
            _ => Err(MechanismError::Unexpected),
        }
    }

    fn finish(&mut self) -> Result<(), MechanismError> {
        match self.stage {
            Stage::Proven if self.session.is_none() => Ok(()),
            _ => Err(MechanismError::ServerNotProven),
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

/// A name prepared by SASLprep (RFC 5802 section 5.1), if it is still one then.
pub(super) fn prepared_name(name: &str) -> Option<String> {
    prepare(name)
        .ok()
        .filter(|name| is_name(name))
        .map(|name| name.into_owned())
}
