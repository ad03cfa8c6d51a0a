//! What a server keeps instead of a password.

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use hmac::Hmac;
use hmac::digest::{Digest, FixedOutput, KeyInit, Mac, Update};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::super::prep::prepare;
use super::super::{Mechanism, Secret};

/// Iterations that a client does and that keys are derived with. Fewer than 4096 are discouraged by RFC 5802
/// section 5.1; a million take some tenths of a second when optimised, which
/// is what a server that proves nothing can make a client spend.
pub(super) const ITERATIONS: RangeInclusive<u32> = 4096..=1_000_000;

/// Most octets of a salt: as long as the longest digest block, beyond which nothing is gained.
const MAX_SALT: usize = 128;

/// What a server keeps of a user instead of the password (RFC 5802 section 9): who steals it can try passwords, at
/// the cost of the iterations, and pose as the server, but not as the user.
///
/// `Debug` does not show the keys.
#[derive(Clone)]
pub struct ScramKeys {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Secret,
    server_key: Secret,
    /// Whether there is a user who has them.
    real: bool,
}

/// The hash of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

/// Why there can be no such keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeys {
    /// The mechanism is not a SCRAM mechanism of this crate.
    #[error("there are keys for SCRAM-SHA-1 and SCRAM-SHA-256 only")]
    Mechanism,
    /// The password is empty, or cannot be prepared by SASLprep.
    #[error("the password is empty, or has characters that SASLprep prohibits")]
    Password,
    /// The salt is empty or too long.
    #[error("a salt has 1 to 128 octets, 16 random ones are good")]
    Salt,
    /// There are too few or too many iterations.
    #[error("clients do 4096 to 1000000 iterations")]
    Iterations,
    /// A key does not have the length of the hash.
    #[error("the stored key and the server key have 20 octets for SHA-1 and 32 for SHA-256")]
    Length,
}

impl ScramKeys {
    /// Iterations to derive keys with where nothing speaks for another number: more than the 4096 that RFC 7677
    /// section 4 asks for, and some milliseconds of work.
    pub const ITERATIONS: u32 = 10_000;

    /// Derives the keys from a password, for a mechanism and the one like it that binds the channel. The salt is to
    /// be random, 16 octets or so, and another one for each user; 4096 to 1,000,000 iterations.
    ///
    /// This takes the time that guessing is meant to take.
    ///
    /// # Errors
    /// When one of the arguments will not do.
    pub fn derive(
        mechanism: Mechanism,
        password: &Secret,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, InvalidKeys> {
        let hash = Hash::of(mechanism).ok_or(InvalidKeys::Mechanism)?;
        check(salt, iterations)?;
        let text = password.expose_str().ok_or(InvalidKeys::Password)?;
        let prepared = prepare(text).map_err(|_| InvalidKeys::Password)?;
        let password = Secret::from(prepared.into_owned());
        if password.is_empty() {
            return Err(InvalidKeys::Password);
        }
        let (stored_key, server_key) = match hash {
            Hash::Sha1 => derive::<Sha1, Hmac<Sha1>, 20>(password.expose(), salt, iterations),
            Hash::Sha256 => derive::<Sha256, Hmac<Sha256>, 32>(password.expose(), salt, iterations),
        }
        .ok_or(InvalidKeys::Password)?;
        Ok(Self {
            hash,
            salt: salt.into(),
            iterations,
            stored_key,
            server_key,
            real: true,
        })
    }

    /// Takes keys that were derived before, out of a database.
    ///
    /// # Errors
    /// When they cannot be such keys.
    pub fn from_parts(
        mechanism: Mechanism,
        salt: &[u8],
        iterations: u32,
        stored_key: impl Into<Secret>,
        server_key: impl Into<Secret>,
    ) -> Result<Self, InvalidKeys> {
        let hash = Hash::of(mechanism).ok_or(InvalidKeys::Mechanism)?;
        let (stored_key, server_key) = (stored_key.into(), server_key.into());
        check(salt, iterations)?;
        if [&stored_key, &server_key].map(|key| key.expose().len()) != [hash.octets(); 2] {
            return Err(InvalidKeys::Length);
        }
        Ok(Self {
            hash,
            salt: salt.into(),
            iterations,
            stored_key,
            server_key,
            real: true,
        })
    }

    /// Makes keys for a user that is not known, with which no proof is right. Such a user gets the same salt each
    /// time, as one who is known does, and is refused in the same way.
    ///
    /// `secret` is 16 random octets or more, which stay the same and are the server's alone. The iterations and
    /// the length of the salt, of which there are at most 32 octets here, are to be those of the users that are
    /// known, or they tell the difference.
    ///
    /// # Errors
    /// When one of the arguments will not do.
    pub fn decoy(
        mechanism: Mechanism,
        user: &str,
        secret: &Secret,
        salt_octets: usize,
        iterations: u32,
    ) -> Result<Self, InvalidKeys> {
        let hash = Hash::of(mechanism).ok_or(InvalidKeys::Mechanism)?;
        let made = [b"salt".as_slice(), b"stored key", b"server key"]
            .map(|purpose| code::<Hmac<Sha256>>(secret.expose(), &[purpose, hash.name(), user.as_bytes()]));
        let [salt, stored_key, server_key] = made.each_ref().map(Secret::expose);
        let salt = salt.get(..salt_octets).ok_or(InvalidKeys::Salt)?;
        let stored_key = stored_key.get(..hash.octets()).unwrap_or_default();
        let server_key = server_key.get(..hash.octets()).unwrap_or_default();
        Ok(Self {
            real: false,
            ..Self::from_parts(mechanism, salt, iterations, stored_key, server_key)?
        })
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// How often the hash is iterated.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// `StoredKey`, by which a client's proof is verified.
    #[must_use]
    pub const fn stored_key(&self) -> &Secret {
        &self.stored_key
    }

    /// `ServerKey`, by which the server proves itself.
    #[must_use]
    pub const fn server_key(&self) -> &Secret {
        &self.server_key
    }

    pub(super) const fn hash(&self) -> Hash {
        self.hash
    }

    #[cfg(test)]
    pub(super) const fn set_real(&mut self, real: bool) {
        self.real = real;
    }

    pub(super) const fn is_real(&self) -> bool {
        self.real
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

impl Hash {
    pub(super) fn of(mechanism: Mechanism) -> Option<Self> {
        match mechanism {
            Mechanism::SCRAM_SHA_1 | Mechanism::SCRAM_SHA_1_PLUS => Some(Self::Sha1),
            Mechanism::SCRAM_SHA_256 | Mechanism::SCRAM_SHA_256_PLUS => Some(Self::Sha256),
            _ => None,
        }
    }

    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    const fn name(self) -> &'static [u8] {
        match self {
            Self::Sha1 => b"SHA-1",
            Self::Sha256 => b"SHA-256",
        }
    }
}

fn check(salt: &[u8], iterations: u32) -> Result<(), InvalidKeys> {
    if !(1..=MAX_SALT).contains(&salt.len()) {
        Err(InvalidKeys::Salt)
    } else if !ITERATIONS.contains(&iterations) {
        Err(InvalidKeys::Iterations)
    } else {
        Ok(())
    }
}

/// `StoredKey` and `ServerKey` (RFC 5802 section 3). A key of any length will do for HMAC, so this does not fail.
fn derive<D, P, const N: usize>(password: &[u8], salt: &[u8], iterations: u32) -> Option<(Secret, Secret)>
where
    D: Digest,
    P: Mac + KeyInit + Update + FixedOutput + Clone + Sync,
{
    let mut salted = Zeroizing::new([0; N]);
    pbkdf2::pbkdf2::<P>(password, salt, iterations, salted.as_mut_slice()).ok()?;
    let client_key = code::<P>(salted.as_slice(), &[b"Client Key"]);
    let stored_key = taken(D::digest(client_key.expose()).as_mut_slice());
    let server_key = code::<P>(salted.as_slice(), &[b"Server Key"]);
    Some((stored_key, server_key))
}

/// The HMAC of the parts, each with a NUL between it and the next. Empty if it cannot be made, which is never.
fn code<P: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Secret {
    let Ok(mut mac) = <P as KeyInit>::new_from_slice(key) else {
        return Secret::default();
    };
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            Mac::update(&mut mac, b"\0");
        }
        Mac::update(&mut mac, part);
    }
    taken(mac.finalize().into_bytes().as_mut_slice())
}

/// Moves what a hash gave out, so that it is wiped.
fn taken(octets: &mut [u8]) -> Secret {
    let secret = Secret::from(&*octets);
    octets.zeroize();
    secret
}
