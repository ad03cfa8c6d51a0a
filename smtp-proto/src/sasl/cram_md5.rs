//! CRAM-MD5 (RFC 2195).

use alloc::string::String;
use core::fmt;

use hmac::{Hmac, Mac};
use md5::Md5;
use subtle::ConstantTimeEq;

use super::name::{is_name, name};
use super::plain::is_password;
use super::{AuthOutcome, ClientMechanism, Mechanism, MechanismError, Secret, ServerMechanism};

/// Most octets of a challenge. A `msg-id` on one line of a mail has no more (RFC 5322 section 2.1.1).
const MAX_CHALLENGE: usize = 998;

/// The client's side.
#[derive(Debug)]
pub(super) struct CramMd5Client {
    user: String,
    /// None once it was used.
    password: Option<Secret>,
}

impl CramMd5Client {
    /// None when the user cannot be sent.
    pub(super) fn new(user: &str, password: &Secret) -> Option<Self> {
        (is_name(user) && is_password(password.expose())).then(|| Self {
            user: user.into(),
            password: Some(password.clone()),
        })
    }
}

impl ClientMechanism for CramMd5Client {
    fn mechanism(&self) -> Mechanism {
        Mechanism::CRAM_MD5
    }

    fn initial(&mut self) -> Option<Secret> {
        None
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError> {
        let password = self.password.take().ok_or(MechanismError::Unexpected)?;
        if challenge.is_empty() || challenge.len() > MAX_CHALLENGE {
            return Err(MechanismError::Malformed);
        }
        let digest = digest(&password, challenge);
        Ok(Secret::concat(&[self.user.as_bytes(), b" ", &digest]))
    }

    fn finish(&mut self) -> Result<(), MechanismError> {
        super::sent(self.password.is_none())
    }
}

/// The name of the user in the response of a client; none when it is malformed: refuse the client.
///
/// It is for a server that has to wait for the password: look it up, then make a [`CramMd5Server`] once more with
/// the same challenge, and give it the empty response and this one.
#[must_use]
pub fn cram_md5_user(response: &[u8]) -> Option<String> {
    split(response).map(|(user, _)| user)
}

/// The server's side: it needs the password itself, or something that is as good as it.
///
/// It asks `lookup` who a user is by the name that was sent, and for the password, which is not empty. When there is
/// none, it does the same work with another one and refuses in the same way; only the time of `lookup` itself can tell.
pub struct CramMd5Server<F> {
    challenge: String,
    lookup: F,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begun,
    Challenged,
    Over,
}

impl<F: FnMut(&str) -> Option<(String, Secret)>> CramMd5Server<F> {
    /// Takes a challenge in the form `<unique@host>`, which must be a new one each time: who can tell the next one
    /// has the answer to it from another exchange. None when it does not have that form, holds a blank or another
    /// character than those of ASCII that are seen, or is longer than 998 octets.
    pub fn new(challenge: impl Into<String>, lookup: F) -> Option<Self> {
        let challenge = challenge.into();
        let inside = challenge.strip_prefix('<')?.strip_suffix('>')?;
        let fits = challenge.len() <= MAX_CHALLENGE
            && inside
                .bytes()
                .all(|octet| octet.is_ascii_graphic() && octet != b'<' && octet != b'>');
        let (left, right) = inside.split_once('@')?;
        (fits && !left.is_empty() && !right.is_empty()).then_some(Self {
            challenge,
            lookup,
            state: State::Begun,
        })
    }

    /// The challenge.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Whom the response is from, if it is right.
    fn verify(&mut self, response: &[u8]) -> Option<String> {
        let (user, shown) = split(response)?;
        let (identity, password) = (self.lookup)(&user).unwrap_or_default();
        let expected = digest(&password, self.challenge.as_bytes());
        let same: bool = expected.ct_eq(&shown.to_ascii_lowercase()).into();
        // Who has no password cannot know it.
        (same && !password.is_empty()).then_some(identity)
    }
}

impl<F: FnMut(&str) -> Option<(String, Secret)> + Send> ServerMechanism for CramMd5Server<F> {
    fn step(&mut self, response: &[u8]) -> AuthOutcome {
        match self.state {
            State::Begun if response.is_empty() => {
                self.state = State::Challenged;
                AuthOutcome::Challenge(self.challenge.as_bytes().into())
            }
            State::Challenged => {
                self.state = State::Over;
                self.verify(response)
                    .map_or(AuthOutcome::Reject, AuthOutcome::Accept)
            }
            _ => {
                self.state = State::Over;
                AuthOutcome::Reject
            }
        }
    }
}

impl<F> fmt::Debug for CramMd5Server<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CramMd5Server")
            .field("challenge", &self.challenge)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Takes a response apart:
///
/// ```text
/// response = user SP 32hex                 ; HMAC-MD5 with the password as key, of the challenge
/// ```
fn split(response: &[u8]) -> Option<(String, &[u8; 32])> {
    let (user, digits) = response.split_last_chunk::<32>()?;
    Some((name(user.strip_suffix(b" ")?)?, digits))
}

/// `HMAC-MD5(password, challenge)` in lower-case hexadecimal digits (RFC 2195 section 2).
fn digest(password: &Secret, challenge: &[u8]) -> [u8; 32] {
    let mut digits = [0; 32];
    // A key of any length will do, so this does not fail.
    if let Ok(mac) = Hmac::<Md5>::new_from_slice(password.expose()) {
        let code = mac.chain_update(challenge).finalize().into_bytes();
        let (pairs, _) = digits.as_chunks_mut::<2>();
        for ([high, low], octet) in pairs.iter_mut().zip(code) {
            *high = hexadecimal(octet >> 4);
            *low = hexadecimal(octet & 15);
        }
    }
    digits
}

const fn hexadecimal(digit: u8) -> u8 {
    if digit < 10 {
        b'0' + digit
    } else {
        b'a' - 10 + digit
    }
}

#[cfg(test)]
mod tests;
