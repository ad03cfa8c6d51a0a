//! AUTH exchanges that the client application of a story begins.

use std::collections::VecDeque;

use smtp_proto::sasl::{ClientMechanism, Context, Mechanism, MechanismError, Secret};

use crate::{
    octets::unescape,
    security::{credentials, mechanism},
};

/// A mechanism with fixed responses, for any challenge. It cancels when no response is left.
#[derive(Debug)]
struct Scripted {
    mechanism: Mechanism,
    initial: Option<Secret>,
    responses: VecDeque<Secret>,
    proves: bool,
}

impl ClientMechanism for Scripted {
    fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    fn initial_response(&mut self) -> Option<Secret> {
        self.initial.take()
    }

    fn respond(&mut self, _: &[u8]) -> Result<Secret, MechanismError> {
        self.responses.pop_front().ok_or(MechanismError::UnexpectedStep)
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        if self.proves {
            Ok(())
        } else {
            Err(MechanismError::ServerNotVerified)
        }
    }
}

/// `PLAIN login ann pw`, or `X-OWN says initial response response`: `-` is no initial response, `=` is an empty one. With
/// `doubts` in place of `says`, the client rejects the server at the end.
pub(crate) fn begin(text: &str) -> Result<Box<dyn ClientMechanism>, String> {
    let (name, rest) = text.split_once(' ').ok_or("a mechanism is missing")?;
    let (kind, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mechanism = mechanism(name)?;
    if !["says", "doubts"].contains(&kind) {
        return credentials(kind, rest)?
            .start(mechanism, &Context::default())
            .ok_or_else(|| "the mechanism does not fit".to_owned());
    }
    let mut words = rest.split(' ').map(|word| match word {
        "=" => Ok(Secret::from("")),
        word => unescape(word).map(Secret::from),
    });
    let initial = words.next().ok_or("an initial response, or -")??;
    Ok(Box::new(Scripted {
        mechanism,
        initial: Some(initial).filter(|initial| initial.expose() != b"-"),
        responses: words.collect::<Result<_, _>>()?,
        proves: kind == "says",
    }))
}
