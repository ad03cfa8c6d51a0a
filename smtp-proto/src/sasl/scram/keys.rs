//! Keys that a server stores instead of a password.

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use hmac::Hmac;
use hmac::digest::{Digest, FixedOutput, KeyInit, Mac, Update};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

use super::super::prep::prepare;
use super::super::{Mechanism, Secret};

/// Iteration counts that a client accepts and that keys may have. RFC 5802 section 5.1 discourages fewer than 4096. A
/// million take some tenths of a second in an optimised build: the most that an impostor can make a client compute.
pub(super) const ITERATIONS: RangeInclusive<u32> = 4096..=1_000_000;

/// Maximum octets of a salt: the longest digest block; a longer salt adds no security.
const MAX_SALT: usize = 128;

/// Maximum octets of the salt of a decoy: an output of SHA-256.
const MAX_DECOY_SALT: usize = 32;

/// Keys that a server stores for a user instead of the password (RFC 5802 section 9).
///
/// Stolen keys allow guessing passwords, at the cost of the iterations, and impersonating the server, but not the user.
///
/// `Debug` does not show the keys.
#[derive(Clone)]
pub struct ScramKeys {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Secret,
    server_key: Secret,
    /// `false` for a decoy.
    real: bool,
}

/// The hash of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// Error for arguments from which no keys can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeys {
    /// The mechanism is not a SCRAM mechanism of this crate.
    #[error("unsupported mechanism: expected SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512")]
    Mechanism,
    /// The password is empty or cannot be prepared with SASLprep.
    #[error("password is empty, or prohibited by SASLprep")]
    Password,
    /// The salt is empty or longer than 128 octets; for a decoy, longer than 32.
    #[error("salt of invalid length: use 16 random octets")]
    Salt,
    /// The iteration count is out of range.
    #[error("iteration count out of range: expected 4096 to 1000000")]
    Iterations,
    /// The stored key or the server key does not have the length of the hash.
    #[error("key of invalid length: expected 20 octets for SHA-1, 32 for SHA-256, 64 for SHA-512")]
    Length,
}

impl ScramKeys {
    /// Recommended iteration count: above the minimum of 4096 (RFC 7677 section 4), and some milliseconds of work.
    pub const ITERATIONS: u32 = 10_000;

    /// Derives the keys from a password. They serve a mechanism and its `-PLUS` variant.
    ///
    /// Use a different random salt for each user, of about 16 octets, and 4096 to 1,000,000 iterations. The call is slow
    /// on purpose: its duration limits password guessing.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid.
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
            Hash::Sha512 => derive::<Sha512, Hmac<Sha512>, 64>(password.expose(), salt, iterations),
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

    /// Restores stored keys, for example from a database.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid.
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

    /// Creates keys for an unknown user. No proof matches them. The exchange looks like that of a known user: the salt
    /// is the same each time, and the server rejects the client in the same way.
    ///
    /// `secret` is at least 16 random octets that never change and that only the server knows. `iterations` and
    /// `salt_octets` (at most 32) must equal those of known users; otherwise they reveal that the user is unknown.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid.
    pub fn decoy(
        mechanism: Mechanism,
        user: &str,
        secret: &Secret,
        salt_octets: usize,
        iterations: u32,
    ) -> Result<Self, InvalidKeys> {
        let hash = Hash::of(mechanism).ok_or(InvalidKeys::Mechanism)?;
        let made = [b"salt".as_slice(), b"stored key", b"server key"].map(|purpose| {
            let parts = [purpose, hash.name(), user.as_bytes()];
            match hash {
                Hash::Sha1 | Hash::Sha256 => code::<Hmac<Sha256>>(secret.expose(), &parts),
                Hash::Sha512 => code::<Hmac<Sha512>>(secret.expose(), &parts),
            }
        });
        let [salt, stored_key, server_key] = made.each_ref().map(Secret::expose);
        let salt = salt
            .get(..salt_octets)
            .filter(|salt| salt.len() <= MAX_DECOY_SALT)
            .ok_or(InvalidKeys::Salt)?;
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

    /// The iteration count.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// `StoredKey`, which verifies a client's proof.
    #[must_use]
    pub const fn stored_key(&self) -> &Secret {
        &self.stored_key
    }

    /// `ServerKey`, with which the server proves that it knows the user.
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
            Mechanism::SCRAM_SHA_512 | Mechanism::SCRAM_SHA_512_PLUS => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn name(self) -> &'static [u8] {
        match self {
            Self::Sha1 => b"SHA-1",
            Self::Sha256 => b"SHA-256",
            Self::Sha512 => b"SHA-512",
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

/// Derives `StoredKey` and `ServerKey` (RFC 5802 section 3). HMAC accepts keys of any length, so this does not fail.
fn derive<D, P, const N: usize>(password: &[u8], salt: &[u8], iterations: u32) -> Option<(Secret, Secret)>
where
    D: Digest,
    P: Mac + KeyInit + Update + FixedOutput + Clone + Sync,
{
    let mut salted = Zeroizing::new([0; N]);
    pbkdf2::pbkdf2::<P>(password, salt, iterations, salted.as_mut_slice()).ok()?;
    let client_key = code::<P>(salted.as_slice(), &[b"Client Key"]);
    let stored_key = into_secret(D::digest(client_key.expose()).as_mut_slice());
    let server_key = code::<P>(salted.as_slice(), &[b"Server Key"]);
    Some((stored_key, server_key))
}

/// The HMAC of the parts, separated by NUL. HMAC accepts keys of any length, so this does not fail.
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
    into_secret(mac.finalize().into_bytes().as_mut_slice())
}

/// Moves the output of a hash into a [`Secret`] and zeroizes the original.
fn into_secret(octets: &mut [u8]) -> Secret {
    let secret = Secret::from(&*octets);
    octets.zeroize();
    secret
}
