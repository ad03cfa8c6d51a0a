//! An exchange of AUTH, without the session around it.

use alloc::boxed::Box;

use super::transaction::Leftover;
use crate::{
    sasl::{self, ClientMechanism, Mechanism, MechanismError, Secret},
    types::{Auth, Code, Reply},
};

/// An exchange under way.
#[derive(Debug)]
pub(super) struct Exchange {
    mechanism: Box<dyn ClientMechanism>,
    /// An initial response that did not fit the AUTH command.
    unsent: Option<Secret>,
    /// The client has cancelled the exchange.
    cancelled: Option<MechanismError>,
    purpose: Purpose,
}

/// The initiator of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// The configuration: the session depends on it.
    Login,
    /// The application.
    Application(Leftover),
}

/// The effect of a reply.
#[derive(Debug)]
pub(super) enum Answer {
    /// Send the response to a challenge.
    Respond(Secret),
    /// Cancel the exchange with `*`.
    Cancel,
    /// The server accepted the client, and proved itself if the mechanism demands it.
    Accepted,
    /// The server refused the client.
    Refused(Code),
    /// The exchange is over because the client cancelled it, or because the server did not prove itself.
    Cancelled(MechanismError),
    /// The server continued a cancelled exchange.
    Unexpected,
}

impl Exchange {
    pub(super) fn new(mechanism: Box<dyn ClientMechanism>, unsent: Option<Secret>, purpose: Purpose) -> Self {
        Self {
            mechanism,
            unsent,
            cancelled: None,
            purpose,
        }
    }

    pub(super) fn mechanism(&self) -> Mechanism {
        self.mechanism.mechanism()
    }

    pub(super) const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Takes a reply: 334, 235 or a refusal.
    pub(super) fn answered(&mut self, reply: &Reply<'_>) -> Answer {
        match (reply.code(), self.cancelled) {
            (Code::CHALLENGE | Code::AUTHENTICATED, Some(_)) => Answer::Unexpected,
            (Code::CHALLENGE, None) => match self.respond(reply) {
                Ok(response) => Answer::Respond(response),
                Err(fault) => {
                    self.cancelled = Some(fault);
                    Answer::Cancel
                }
            },
            (Code::AUTHENTICATED, None) => match self.mechanism.verify_success() {
                Ok(()) => Answer::Accepted,
                // The server accepted the client without proving itself: it must not get mail.
                Err(fault) => Answer::Cancelled(fault),
            },
            (_, Some(fault)) => Answer::Cancelled(fault),
            (code, None) => Answer::Refused(code),
        }
    }

    /// Returns the response to a challenge.
    fn respond(&mut self, reply: &Reply<'_>) -> Result<Secret, MechanismError> {
        let challenge = match challenge(reply) {
            // The prompts of LOGIN have no meaning, and some servers send them unencoded.
            Err(MechanismError::MalformedChallenge) if self.mechanism() == Mechanism::LOGIN => {
                Secret::default()
            }
            challenge => challenge?,
        };
        let response = match self.unsent.take() {
            Some(initial) if challenge.is_empty() => initial,
            Some(_) => return Err(MechanismError::UnexpectedStep),
            None => self.mechanism.respond(challenge.expose())?,
        };
        if sasl::base64::length(response.expose().len()) > Auth::MAX_INITIAL {
            return Err(MechanismError::ResponseTooLong);
        }
        Ok(response)
    }
}

/// Decodes the challenge in a reply.
fn challenge(reply: &Reply<'_>) -> Result<Secret, MechanismError> {
    let mut lines = reply.lines();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(MechanismError::MalformedChallenge);
    };
    if line.len() > Auth::MAX_INITIAL {
        return Err(MechanismError::ResponseTooLong);
    }
    sasl::base64::decode(line).ok_or(MechanismError::MalformedChallenge)
}
