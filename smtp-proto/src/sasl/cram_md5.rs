//! CRAM-MD5 (RFC 2195).

use alloc::string::String;
use core::fmt;

use hmac::{Hmac, Mac};
use md5::Md5;
use subtle::ConstantTimeEq;

use super::name::{is_name, name};
use super::plain::is_password;
use super::{AuthOutcome, ClientMechanism, Mechanism, MechanismError, Secret, ServerMechanism};

/// Maximum octets of a challenge: a `msg-id` is on one line of a message, which has at most 998 (RFC 5322
/// section 2.1.1).
const MAX_CHALLENGE: usize = 998;

/// The client's side.
#[derive(Debug)]
pub(super) struct CramMd5Client {
    user: String,
    /// `None` after the response was sent.
    password: Option<Secret>,
}

impl CramMd5Client {
    /// Returns `None` if the mechanism cannot carry the user or the password.
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

    fn initial_response(&mut self) -> Option<Secret> {
        None
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError> {
        let password = self.password.take().ok_or(MechanismError::UnexpectedStep)?;
        if challenge.is_empty() || challenge.len() > MAX_CHALLENGE {
            return Err(MechanismError::MalformedChallenge);
        }
        let digest = digest(&password, challenge);
        Ok(Secret::concat(&[self.user.as_bytes(), b" ", &digest]))
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        super::sent(self.password.is_none())
    }
}

/// Returns the user name in a client's CRAM-MD5 response. Returns `None` if the response is malformed: reject the
/// client.
///
/// For a server that looks passwords up asynchronously. After the lookup, create another [`CramMd5Server`] with the
/// same challenge, and pass it the empty response and then this one.
#[must_use]
pub fn cram_md5_user(response: &[u8]) -> Option<String> {
    split(response).map(|(user, _)| user)
}

/// The server's side of a CRAM-MD5 exchange. It needs the plaintext password.
///
/// `lookup` maps the user name that the client sent to an identity and a nonempty password. If it returns `None`, the
/// server does the same work with another password and rejects the client in the same way. Only the time that
/// `lookup` takes can reveal that the user is unknown.
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
    /// Creates the server's side for a challenge of the form `<unique@host>`. The challenge must be unique and
    /// unpredictable; otherwise an attacker can replay a response.
    ///
    /// Returns `None` if the challenge has another form, contains anything but visible ASCII characters, or is longer
    /// than 998 octets.
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

    /// The identity of the client. Returns `None` if the response is wrong.
    fn verify(&mut self, response: &[u8]) -> Option<String> {
        let (user, received) = split(response)?;
        let (identity, password) = (self.lookup)(&user).unwrap_or_default();
        let expected = digest(&password, self.challenge.as_bytes());
        let same: bool = expected.ct_eq(&received.to_ascii_lowercase()).into();
        // Never accept the digest of an empty password: it stands for an unknown user.
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

/// Splits a response into the user name and the digits of the digest:
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
    // HMAC accepts keys of any length, so this does not fail.
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
